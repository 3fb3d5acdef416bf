## Fișierele planului și ce s-a schimbat în documentele lui.

files-bytes = { $count } B
files-kilobytes = { NUMBER($count, minimumFractionDigits: 1) } KB
files-megabytes = { NUMBER($count, minimumFractionDigits: 1) } MB
files-more = { $count ->
    [one] și încă unul
    [few] și încă { $count }
   *[other] și încă { $count } de fișiere
}
files-more-at-least = { $count ->
    [one] și cel puțin încă unul
    [few] și cel puțin încă { $count }
   *[other] și cel puțin încă { $count } de fișiere
}
files-by-name = { $count ->
    [one] Butonul aduce primul fișier; cu `/files NUME` îl poți aduce pe oricare altul.
    [few] Butoanele aduc primele { $count } fișiere; cu `/files NUME` îl poți aduce pe oricare altul.
   *[other] Butoanele aduc primele { $count } de fișiere; cu `/files NUME` îl poți aduce pe oricare altul.
}

files-no-snapshot = Nu există cu ce compara: documentele acestui plan nu au fost copiate la începutul etapelor.
files-diff-since = Ce s-a schimbat în documente de la începutul etapei { $phase }:
files-diff-phase = În documente nu s-a schimbat nimic de la începutul etapei { $phase }. Ce s-a schimbat înainte, de la începutul etapei { $earlier }:
files-diff-nothing = În documente nu s-a schimbat nimic de la începutul etapei { $phase }.
files-diff-new = `{ $name }` este nou (+{ $added } −{ $removed })
files-diff-gone = `{ $name }` nu mai există (+{ $added } −{ $removed })
files-diff-changed = `{ $name }` (+{ $added } −{ $removed })
files-diff-cut = { $count ->
    [one] Încă un rând nu este arătat.
    [few] Încă { $count } rânduri nu sunt arătate.
   *[other] Încă { $count } de rânduri nu sunt arătate.
}
files-diff-unshown = Rândurile lui nu sunt arătate: sunt prea multe.
