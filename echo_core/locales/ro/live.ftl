live-seconds = { $seconds } s
live-minutes = { $minutes } min { $seconds } s
live-hours = { $hours } h { $minutes } min
live-days = { $days ->
    [one] o zi și { $hours } h
    [few] { $days } zile și { $hours } h
   *[other] { $days } de zile și { $hours } h
}
live-steps = { $count ->
    [one] ✓ un pas · { $time }
    [few] ✓ { $count } pași · { $time }
   *[other] ✓ { $count } de pași · { $time }
}
live-earlier = { $count ->
    [one] ✓ un pas anterior
    [few] ✓ { $count } pași anteriori
   *[other] ✓ { $count } de pași anteriori
}
live-working = Lucrez · { $time }
live-quiet = Aștept agentul · { $time }, niciun semn de la el de { $quiet }
live-stopping = Mă opresc…
live-possibly-repeated = ↻ *Conexiunea s-a întrerupt sau echo-core a fost repornit în timp ce trimitea acest mesaj, așa că s-ar putea să apară de două ori:*
