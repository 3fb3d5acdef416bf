decisions-none = Nu s-a hotărât încă nimic. Fiecare întrebare la care răspundeți devine aici o decizie.
decisions-title = Deciziile planului **{ $slug }**
decisions-hint = `/why D1` spune mai multe despre una, `/reopen D1` o redeschide.
decisions-unknown = { $count ->
    [0] Nu există încă decizii, deci nici una cu acest nume.
   *[other] Nu există o astfel de decizie. Ultima este { $last }; `/decisions` le arată pe toate.
}
decisions-reopened = de luat din nou
decisions-reopened-by = { $name } a cerut ca ea să fie luată din nou.
decisions-reason = Ce a spus agentul când a întrebat:
decisions-section = Decizii
