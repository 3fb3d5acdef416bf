## Messages that are put together for a turn.

gathering-stopped = { $count ->
    [one] Stopped before the file could be fetched.
   *[other] Stopped before the { $count } files could be fetched.
}
gathering-no-plan = { $count ->
    [one] The file was left out: there is no plan here that could have it.
   *[other] The { $count } files were left out: there is no plan here that could have them.
}
