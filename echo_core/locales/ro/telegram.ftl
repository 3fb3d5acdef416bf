## Ce spun doar mesajele din Telegram.

telegram-done = Gata
telegram-nothing-chosen = Alege mai întâi cel puțin o variantă.
telegram-not-marked = Telegram nu a preluat bifa acum. Apasă din nou peste câteva clipe.
telegram-too-old = Mesajul este prea vechi pentru butoanele lui. Scrie răspunsul ca mesaj.
telegram-question-of = Întrebarea { $number } din { $total }
telegram-press = Apasă un buton.
telegram-choose-several = Alege una sau mai multe variante, apoi apasă „{ $done }”.
telegram-own-words = Poți răspunde și cu propriile cuvinte.
telegram-always = Permis pentru acest plan:

telegram-write-answer = Scrie răspunsul tău.
telegram-your-answer = Răspunsul tău

telegram-open-question = Întrebare deschisă

telegram-refused = Telegram nu a vrut să afișeze acest mesaj: { $reason }
telegram-file-unreadable = { $name } nu a putut fi trimis: fișierul nu poate fi citit.
telegram-file-empty = { $name } nu a putut fi trimis: fișierul este gol.
telegram-file-too-large = { $name } nu a putut fi trimis: are { $size } MB, iar boții pot trimite cel mult { $limit } MB.
telegram-file-refused = { $name } nu a putut fi trimis: Telegram nu l-a acceptat aici ({ $reason }).

telegram-forwarded = Redirecționat de la { $name }:

telegram-a-sticker = un autocolant
telegram-a-place = un loc
telegram-a-location = o locație
telegram-a-contact = un contact
telegram-a-poll = un sondaj
telegram-a-checklist = o listă de verificare
telegram-a-die = un zar
telegram-a-game = un joc
telegram-a-story = o poveste
telegram-paid-media = conținut plătit

telegram-no-topics = acest grup nu are subiecte; se pot activa din setările lui
telegram-may-not-open-topics = botul nu poate deschide subiecte aici: fă-l administrator cu dreptul de a gestiona subiecte
