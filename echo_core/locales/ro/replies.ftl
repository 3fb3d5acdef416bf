replies-whole = Răspunsul întreg are { $length ->
    [one] un caracter
    [few] { $length } caractere
   *[other] { $length } de caractere
}: este în fișierul { $name }.
replies-files = { $count ->
    [one] A fost scris un fișier:
    [few] Au fost scrise { $count } fișiere:
   *[other] Au fost scrise { $count } de fișiere:
}
replies-documents = { $count ->
    [one] Documentul acestei etape:
   *[other] Documentele acestei etape:
}
