## The page in the browser.

web-skip = Sari la conținut
web-nav = Navigare principală
web-plans = Planuri
web-plan = Plan
web-new-plan = Plan nou
web-logout = Deconectare
web-back = Toate planurile

web-login = Conectare
web-login-lead = Această pagină cere tokenul stabilit de cine rulează echo-core (ECHO_WEB__TOKEN).
web-login-token = Token
web-login-enter = Conectează-te

web-search = Caută planuri
web-found = { $count ->
    [one] un plan
    [few] { $count } planuri
   *[other] { $count } de planuri
}
web-found-none = Niciun plan nu se potrivește. Încearcă un nume, o etapă sau un loc.
web-empty = Încă nu există planuri
web-empty-lead = Descrie ce vrei să construiești, iar un agent planifică împreună cu tine, etapă cu etapă.
web-empty-first = Dă planului un nume scurt și spune într-o frază sau două despre ce este vorba.
web-empty-second = Răspunde aici la întrebările agentului; apasă un buton sau scrie.
web-empty-third = Când o etapă este gata, continuă. La sfârșit, planul încheiat este un document.
web-name = Numele tău în conversații
web-name-keep = Păstrează

web-new-lead = O frază sau două ajung: despre rest întreabă agentul.
web-new-slug = Nume scurt
web-new-slug-hint = Litere, cifre, cratime și liniuțe de subliniere; dosarul va purta acest nume.
web-new-description = Ce vrei să planifici?
web-new-description-hint = Pentru cine este și ce ar trebui să se schimbe când va exista?
web-new-ui = Are o interfață: adaugă o etapă de design
web-new-start = Începe planificarea

web-adapter-web = Browser
web-left = Părăsit
web-left-here = Planuri lăsate aici
web-resume = Reia
web-turns = { $count ->
    [one] o tură
    [few] { $count } ture
   *[other] { $count } de ture
}
web-ago-now = chiar acum
web-ago-minutes = { $count ->
    [one] acum un minut
    [few] acum { $count } minute
   *[other] acum { $count } de minute
}
web-ago-hours = { $count ->
    [one] acum o oră
    [few] acum { $count } ore
   *[other] acum { $count } de ore
}
web-ago-days = { $count ->
    [one] acum o zi
    [few] acum { $count } zile
   *[other] acum { $count } de zile
}

web-phases = Etape
web-step-done = încheiată
web-step-skipped = omisă
web-step-current = în curs
web-step-ready = gata de continuare
web-step-to-come = urmează

web-conversation = Conversația
web-about = Despre acest plan
web-starting = Începe. Agentul citește ce ai scris.
web-starting-lead = Răspunsul apare aici pe măsură ce vine.
web-none = Aici nu a început niciun plan
web-none-lead = Mai jos scrie ce s-a întâmplat. Poți începe din nou oricând.
web-reload = Încarcă ce e nou
web-you = Tu
web-agent = Agentul
web-working = lucrează
web-steps = { $count ->
    [one] un pas
    [few] { $count } pași
   *[other] { $count } de pași
}
web-earlier = { $count ->
    [one] Arată un mesaj anterior
    [few] Arată { $count } mesaje anterioare
   *[other] Arată { $count } de mesaje anterioare
}
web-waits = așteaptă agentul
web-read = agentul se ocupă de el
web-dismiss = Închide

web-question = O întrebare așteaptă răspuns.
web-question-of = { $number } din { $total }
web-recommended = recomandat
web-own-words = Cu propriile cuvinte
web-answer = Răspunde
web-always = „Pentru acest plan” cuprinde: { $what }
web-leave-sure = Fișierele și conversația se păstrează, iar planul poate fi reluat.
web-leave-yes = Ieși din plan
web-say = Scrie-i agentului sau / pentru o comandă
web-attach = Atașează fișiere
web-send = Trimite
web-elsewhere = Ce scrii aici apare și pe { $place }.
web-away = Nu există conexiune cu echo-core. Ce ai scris rămâne aici.
web-files-again = Atașează din nou fișierele: pagina nu le-a putut păstra.

web-files = Fișiere
web-files-none = Ce scrie agentul apare aici.
web-files-all = { $count ->
    [one] Arată fișierul
    [few] Arată toate cele { $count } fișiere
   *[other] Arată toate cele { $count } de fișiere
}
web-download = Descarcă
web-download-file = Descarcă { $name }
web-decisions = Decizii
web-decisions-none = Fiecare întrebare la care răspunzi devine o decizie.
web-reopened = { $name } a cerut să fie luată din nou.
web-settings = Setări
web-auto = Continuă de la sine
web-auto-hint = O etapă gata trece la următoarea fără să întrebe.

web-error-gone = Aici nu este nimic.
web-error-method = Asta nu se poate face aici.
web-error-large = Este prea mare.
web-error-request = Nu s-a putut înțelege. Mergi înapoi și încearcă din nou.
web-error-ours = Ceva nu a mers aici; jurnalul echo-core spune mai multe. Încearcă din nou.
web-error-not-kept = Momentan nu poate fi notat. Încearcă din nou în curând.
web-error-host = Acest nume nu aparține acestei pagini. Folosește adresa la care este servită sau adaugă numele la ECHO_WEB__HOSTS.
web-error-origin = O altă pagină a trimis asta. Nu s-a făcut nimic.
web-error-hurry = A fost prea mult deodată. Așteaptă o clipă.
web-error-token = Tokenul lipsește sau nu este cel bun.
web-error-stale = Acest formular nu mai este actual. Reîncarcă pagina și încearcă din nou.
web-error-only-look = Această pagină poate fi doar privită. ECHO_WEB__TAKE_PART schimbă asta.
web-error-full = Prea multe pagini sunt deschise. Închide câteva și încearcă din nou.
web-error-no-file = Nu mai există un astfel de fișier în dosarele planului.
web-error-choose = Alege o variantă sau scrie un răspuns propriu.
web-error-answered = Nu mai este deschis: conversația a mers mai departe.
