attachments-too-large = `{ $name }` nu a fost preluat: are { $size }, iar limita este de { $limit }. Trimite un fișier mai mic sau doar partea care contează.
attachments-too-many = { $count ->
    [one] Un fișier nu a fost preluat, pentru că un mesaj poate aduce cel mult { $most }: { $names }. Trimite-l într-un mesaj separat.
    [few] { $count } fișiere nu au fost preluate, pentru că un mesaj poate aduce cel mult { $most }: { $names }. Trimite-le în alte mesaje.
   *[other] { $count } de fișiere nu au fost preluate, pentru că un mesaj poate aduce cel mult { $most }: { $names }. Trimite-le în alte mesaje.
}
attachments-empty = `{ $name }` nu a fost preluat: este gol. Verifică-l și trimite-l din nou.
attachments-gone = `{ $name }` nu a putut fi preluat: nu mai este în conversație sau depășește { $limit }. Trimite-l din nou sau trimite unul mai mic.
attachments-unreachable = `{ $name }` nu a putut fi adus: platforma de chat nu îl oferă în acest moment. Trimite-l din nou peste câteva minute.
attachments-not-stored = Nu s-a putut salva în dosarul de lucru: { $names }. Cine administrează echo-core găsește motivul în jurnal; după aceea trimite din nou.
attachments-voice = Aici mesajele vocale nu pot fi ascultate. Scrie ce ai spus; cine administrează echo-core poate configura o comandă de transcriere (`ECHO_ATTACHMENTS__TRANSCRIBE`).
attachments-not-transcribed = `{ $name }` nu a putut fi transcris. Înregistrarea rămâne în `attachments`; scrie ce ai spus.
attachments-large-picture = `{ $name }` se păstrează ca fișier, dar agentul nu o vede: o imagine la care se uită poate avea cel mult { $limit }. Trimite una mai mică.
attachments-many-pictures = `{ $name }` se păstrează ca fișier, dar agentul nu o vede: se uită la cel mult { $most ->
    [one] o imagine
    [few] { $most } imagini
   *[other] { $most } de imagini
}. Trimite-o într-un mesaj separat.
