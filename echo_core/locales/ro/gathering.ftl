gathering-stopped = { $count ->
    [one] Oprit înainte ca fișierul să poată fi preluat.
    [few] Oprit înainte ca cele { $count } fișiere să poată fi preluate.
   *[other] Oprit înainte ca cele { $count } de fișiere să poată fi preluate.
}
