## What is open for people, and what they chose.

offer-ready = This phase is ready.
offer-last-phase = This was the last phase.
offer-continue = Continue to { $phase }
offer-finish = Finish the plan
offer-allowed-once = Allowed once
offer-allowed-for-plan = Allowed for this plan
offer-denied = Denied
offer-retrying = Trying again
offer-dropped = Dropped
offer-going-on = Going on
