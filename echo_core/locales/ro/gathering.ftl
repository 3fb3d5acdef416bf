gathering-stopped = { $count ->
    [one] Oprit înainte ca fișierul să poată fi preluat.
    [few] Oprit înainte ca cele { $count } fișiere să poată fi preluate.
   *[other] Oprit înainte ca cele { $count } de fișiere să poată fi preluate.
}
gathering-no-plan = { $count ->
    [one] Fișierul a fost lăsat deoparte: aici nu este niciun plan care să îl primească.
    [few] Cele { $count } fișiere au fost lăsate deoparte: aici nu este niciun plan care să le primească.
   *[other] Cele { $count } de fișiere au fost lăsate deoparte: aici nu este niciun plan care să le primească.
}
