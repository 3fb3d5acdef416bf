plan-none = În acest canal nu există un plan. Începe unul cu `/plan <nume> <descriere>` sau vezi `/help`.
plan-under-way = Planul **{ $slug }** este în lucru în acest canal. `/status` arată unde a ajuns, `/exit` îl lasă deoparte, ca să poată începe altul.
plan-begins = Se planifică **{ $slug }**: { $phases }.
plan-phase-begins = Începe **{ $phase }**.
plan-phase-begins-again = Reîncepe **{ $phase }**.
plan-next-phase = etapa următoare
plan-closing = **{ $title }**: se scrie `{ $document }`.
plan-not-closed = `{ $document }` tot nu a fost scris. `/advance` îl cere din nou.
plan-complete = Planul **{ $slug }** este încheiat după { $turns ->
    [one] o tură
    [few] { $turns } ture
   *[other] { $turns } de ture
} ({ $cost } $).
plan-complete-already = Planul **{ $slug }** este deja încheiat. `/files` îl arată.
plan-wordless = Agentul și-a încheiat tura fără nici un cuvânt. Scrie ceva ca să continue.
plan-too-many-steps = Agentul și-a consumat pașii înainte să termine. Scrie „continuă” și își reia lucrul.
plan-not-finished = Ultima tură nu a fost terminată. Apasă pe „Încearcă din nou” ca să fie refăcută.
plan-stopped-unheard = Oprit înainte ca agentul să-ți citească mesajul. „Încearcă din nou” îl trimite iar, „Renunță” îl uită.
plan-workspace-vanished = Dosarul de lucru `{ $folder }` dispăruse. A fost creat din nou, fără ce scriseseră în el etapele anterioare.
plan-dropped = S-a renunțat. Scrie ceva ca să continui sau `/redo` ca să reiei etapa.
plan-left = Ai ieșit din planul **{ $slug }**. Fișierele și conversația lui se păstrează: `/resume { $slug }` îl continuă.
plan-left-unheard = Netransmise agentului: { $count ->
    [one] un mesaj de-al vostru.
    [few] { $count } mesaje de-ale voastre.
   *[other] { $count } de mesaje de-ale voastre.
}
plan-resumed = Înapoi în planul **{ $slug }**, etapa { $phase }. Scrie ceva ca să continui.
plan-nothing-to-resume = { $count ->
    [0] În acest canal nu a rămas nici un plan care să poată fi reluat.
   *[other] Nu există aici un astfel de plan. Rămase în acest canal: { $names }.
}
plan-undone = Ultima tură din **{ $slug }** a fost luată înapoi: agentul nu și-o mai amintește. Fișierele rămân cum sunt. Sunteți în etapa { $phase }.
plan-nothing-to-undo = Nu există o tură care să poată fi luată înapoi. Se poate lua una, imediat după ea; `/redo` reia etapa.
plan-forked = **{ $slug }** este o copie a planului **{ $origin }** așa cum este acum, în etapa { $phase }. Ce se încearcă aici nu atinge celălalt plan. Spune ce ar trebui să fie altfel.
