permission-read = Citește un fișier din afara dosarelor planului: { $path }
permission-search = Caută într-un dosar din afara dosarelor planului: { $path }
permission-write = Scrie un fișier în afara dosarelor planului: { $path }
permission-write-guarded = Modifică un fișier de care ascultă alte programe: { $path }
permission-reading-covers = Citirea oricărui fișier din { $folder }
permission-writing-covers = Scrierea oricărui fișier din { $folder }
permission-command = Rulează această comandă: { $command }
permission-command-covers = Exact această comandă, oricând
permission-fetch = Deschide o pagină de pe { $host }: { $url }
permission-fetch-covers = Deschiderea oricărei pagini de pe { $host }
permission-unknown-place = un loc necunoscut
permission-web-search = Caută pe web: { $query }
permission-web-search-covers = Orice căutare pe web
permission-tool = Folosește unealta { $tool } cu: { $input }
permission-tool-only = Folosește unealta { $tool }
permission-tool-covers = Orice folosire a uneltei { $tool }
permission-tool-of-server = { $tool } de la { $server }
permission-more = ({ $count ->
    [one] încă un caracter
    [few] încă { NUMBER($count, useGrouping: 0) } caractere
   *[other] încă { NUMBER($count, useGrouping: 0) } de caractere
})
