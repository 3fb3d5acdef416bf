## What is seen of a turn while it runs, and what the outbox adds of its own.

live-seconds = { $seconds } s
live-minutes = { $minutes } min { $seconds } s
live-hours = { $hours } h { $minutes } min
live-days = { $days ->
    [one] { $days } day { $hours } h
   *[other] { $days } days { $hours } h
}
live-steps = { $count ->
    [one] ✓ { $count } step · { $time }
   *[other] ✓ { $count } steps · { $time }
}
live-earlier = { $count ->
    [one] ✓ { $count } earlier step
   *[other] ✓ { $count } earlier steps
}
live-working = Working · { $time }
live-quiet = Waiting for the agent · { $time }, no sign of it for { $quiet }
live-stopping = Stopping…
live-possibly-repeated = ↻ *The connection broke or echo-core was restarted while this was sent, so it may stand here twice:*
