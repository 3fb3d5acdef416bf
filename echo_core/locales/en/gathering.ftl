## Messages that are put together for a turn.

gathering-stopped = { $count ->
    [one] Stopped before the file could be fetched.
   *[other] Stopped before the { $count } files could be fetched.
}
