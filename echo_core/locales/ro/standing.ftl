standing-running = Agentul lucrează. `/stop` îi încheie tura.
standing-complete = Planul este încheiat. `/files` îl arată.
standing-question = E rândul tău: o întrebare așteaptă răspuns.
standing-permission = E rândul tău: agentul cere o permisiune.
standing-ready = E rândul tău: etapa este gata, `/advance` merge mai departe.
standing-recovery = E rândul tău: ultima tură nu a fost terminată. Apasă pe „Încearcă din nou” sau pe „Renunță”.
standing-closing = E rândul tău: lipsește documentul final, `/advance` îl cere din nou.
standing-your-move = E rândul tău: scrie ceva.
standing-spent = { $turns ->
    [one] o tură · { $cost } $ · { $time }
    [few] { $turns } ture · { $cost } $ · { $time }
   *[other] { $turns } de ture · { $cost } $ · { $time }
}
standing-folder = Dosar: { $name }
