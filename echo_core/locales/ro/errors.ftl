errors-out-of-date = Butonul acela nu mai este valabil: între timp conversația a mers mai departe.
errors-usage = { $problem } Scrie așa: `{ $usage }`
errors-plan-taken = Un plan cu numele `{ $slug }` este în lucru în alt canal, iar două planuri ar scrie în același dosar. Alege alt nume sau ieși acolo din plan cu `/exit`.
errors-workspace = Dosarul de lucru `{ $folder }` nu poate fi creat: { $reason }. Cine administrează echo-core trebuie să pună în ECHO_WORKSPACE_ROOT un dosar în care se poate scrie; apoi trimite mesajul din nou.
errors-workflow = Fluxul { $path } nu poate fi folosit: { $reason }
