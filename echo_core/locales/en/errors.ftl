## What people in a channel read when something cannot be done.

errors-out-of-date = That button is out of date: the conversation has moved on since.
errors-usage = { $problem } Write it like this: `{ $usage }`
errors-plan-taken = A plan named `{ $slug }` is under way in another channel, and two would write into one folder. Take another name, or `/exit` the plan there.
errors-workspace = The workspace folder `{ $folder }` cannot be made: { $reason }. Whoever runs echo-core has to give it a writable ECHO_WORKSPACE_ROOT; then send the message again.
errors-workflow = The workflow `{ $file }` cannot be used: { $problem } Whoever runs echo-core finds more about it in the log.
errors-workflow-missing = the file does not exist.
errors-workflow-entry = its entry `{ $place }` is not valid.
errors-workflow-unreadable = the file cannot be read.
errors-workflow-no-phase = it has no phase { $phase } any more, which this plan is in.
errors-workflow-no-closing = it has no closing document.
errors-workflow-no-prompt = the prompt of { $phase } is missing.
