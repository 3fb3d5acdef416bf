## The plan card.

card-waiting = { $count ->
    [one] { $count } message waits
   *[other] { $count } messages wait
}
card-left = This plan was left. `/resume { $slug }` takes it up again.
card-before = Another plan was begun here. `/resume { $slug }` takes this one up again.
