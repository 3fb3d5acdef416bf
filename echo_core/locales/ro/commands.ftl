command-plan = Începe un plan în acest canal
command-plan-slug = Un nume scurt: litere, cifre, - și _
command-plan-description = Ce vrei să planifici, în una sau două fraze
command-plan-ui = Există o interfață: adaugă o etapă de design
command-plan-no-ui = Nu există o interfață
command-plan-thread = Deschide pentru plan un fir sau un subiect al lui
command-advance = Treci la etapa următoare
command-status = Unde a ajuns planul și cine este la rând
command-stop = Oprește ce face agentul acum; planul rămâne
command-exit = Ieși din planificare; fișierele și conversația rămân
command-resume = Reia un plan lăsat deoparte
command-resume-slug = Numele planului; fără el, cel lăsat ultimul
command-redo = Reia etapa de la început
command-skip = Sari peste etapa aceasta și mergi mai departe
command-undo = Ia înapoi ultima tură; fișierele rămân cum sunt
command-fork = Continuă într-o copie a planului, ca să încerci altceva
command-fork-slug = Un nume pentru copie; fără el, numele planului cu un număr
command-decisions = Ce s-a hotărât și de către cine
command-why = De ce s-a luat o decizie
command-why-decision = Numărul deciziei, de exemplu D3
command-reopen = Cere ca o decizie să fie luată din nou
command-reopen-decision = Numărul deciziei, de exemplu D3
command-reopen-reason = Ce s-a schimbat între timp
command-catchup = Planul până acum, pentru cine vine mai târziu
command-history = Ce s-a spus în acest plan
command-files = Fișierele planului sau unul dintre ele
command-files-name = Fișierul de trimis; fără el, o listă
command-diff = Ce a schimbat ultima etapă în documente
command-withdraw = Ia înapoi ultimul tău mesaj care încă așteaptă
command-help = Ce poate face acest bot

commands-intro = Planific proiecte împreună cu voi. Începe cu `{ $usage }`; apoi scrie ca unui coleg și folosește butoanele.
commands-unknown = Nu există comanda `/{ $name }`. `/help` le arată pe cele care există.
commands-no-slug = Un plan are nevoie de un nume scurt.
commands-bad-slug = Numele unui plan are între 1 și 50 de litere, cifre, cratime sau liniuțe de subliniere.
commands-no-workflow = Nu există un flux cu acest nume. Există: { $known }.
commands-long-description = Descrierea are { $length ->
    [one] un caracter
    [few] { $length } caractere
   *[other] { $length } de caractere
}; se pot cel mult { $limit }. Începe cu una sau două fraze și spune restul în conversație.
