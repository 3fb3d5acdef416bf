router-stranger = Nu ești pe lista acestui bot. Identificatorul tău este { $id }: cine îl administrează te poate primi.
router-not-kept = Mesajul tău nu poate fi păstrat încă: { $reason }. Va fi preluat de îndată ce merge din nou.
router-empty = Mesajul a fost gol. Scrie ca text ce vrei să spui.
router-too-long = Mesajul are { $length ->
    [one] un caracter
    [few] { $length } caractere
   *[other] { $length } de caractere
}; se pot cel mult { $limit }. Trimite-l pe bucăți.
router-unsupported = Nu pot primi încă { $what }. Scrie ca text, te rog.
router-waits = Notat. Agentul îl primește când își termină tura.
router-place = { $place ->
    [one] Notat. Agentul lucrează în alte canale; acesta este următorul.
    [few] Notat. Agentul lucrează în alte canale; acesta este al { $place }-lea la rând.
   *[other] Notat. Agentul lucrează în alte canale; acesta este al { $place }-lea la rând.
}
router-already = /{ $command } este deja în lucru; contează o singură dată.
router-nothing-runs = Nu rulează nimic ce ar putea fi oprit.
router-nothing-waits = Nici un mesaj de-al tău nu mai așteaptă; agentul le-a citit.
router-withdrawn = Luat înapoi: agentul nu primește acel mesaj.
router-write-answer = Scrie răspunsul tău ca mesaj.
router-question-over = Întrebarea nu mai este deschisă, așa că răspunsul tău nu a ajuns la nimeni. Dacă mai contează, scrie-l ca mesaj obișnuit.
router-files-left-out = { $count ->
    [one] Fișierul a fost lăsat deoparte: `/{ $command }` nu primește fișiere. Trimite-l din nou, fără comandă.
    [few] Cele { $count } fișiere au fost lăsate deoparte: `/{ $command }` nu primește fișiere. Trimite-le din nou, fără comandă.
   *[other] Cele { $count } de fișiere au fost lăsate deoparte: `/{ $command }` nu primește fișiere. Trimite-le din nou, fără comandă.
}
router-via = **{ $name }** ({ $via }): { $text }
