## What a failed turn says: what happened, and what to do. The agent's own words may stand before it.

failures-credential = Claude did not accept the credential. Whoever runs echo-core has to renew it (`echo-core doctor` tells how); then press Retry.
failures-rate-limit = Claude's usage limit is reached. Press Retry when it has been reset.
failures-overloaded = Claude is overloaded at the moment. Press Retry in a few minutes.
failures-network = Claude cannot be reached over the network. Press Retry when the connection is back.
failures-agent-missing = Claude Code is not installed where echo-core runs. Whoever runs it: `echo-core doctor` tells how to put it back; then press Retry.
failures-session-lost = The agent's memory of this phase is gone. Press Retry to start the phase again with your last message; the documents in the workspace are still there.
failures-stopped = Stopped. The plan is kept: say something to go on.
failures-timeout = Press Retry to have the turn done again.
failures-cut-off = echo-core ended in the middle of this turn, so its answer is not complete. Press Retry to have it done again.
failures-other = Press Retry to have the turn done again; the log of echo-core says more.
