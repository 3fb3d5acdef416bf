card-waiting = { $count ->
    [one] un mesaj așteaptă
    [few] { $count } mesaje așteaptă
   *[other] { $count } de mesaje așteaptă
}
card-left = Ai ieșit din acest plan. `/resume { $slug }` îl continuă.
card-before = Aici a început alt plan. `/resume { $slug }` îl continuă pe acesta.
