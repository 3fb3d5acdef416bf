## How a turn with the agent failed, where people can use the words.

agent-limit = Claude takes no more requests at the moment.
agent-limit-until = The limit ends at { $time } UTC.
agent-folder-gone = The working folder { $folder } does not exist any more; make it again.
agent-waits-no-more = The agent does not wait for this answer any more.
agent-not-finished = The agent had this before, and did not finish its answer.
agent-broke-off = The agent broke off.
agent-gave-up = Claude Code gave up: { $reason }
agent-no-result = Claude Code ended without a result. { $words }
agent-ended = Claude Code ended unexpectedly (exit code { $code }). { $words }
agent-not-started = Claude Code could not be started: { $reason }
agent-not-understood = Claude Code said something that could not be understood ({ $kind }).
agent-turn-broken = The turn broke; the log of echo-core says why.
