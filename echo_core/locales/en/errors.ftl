## What people in a channel read when something cannot be done.

errors-out-of-date = That button is out of date: the conversation has moved on since.
errors-usage = { $problem } Write it like this: `{ $usage }`
errors-plan-taken = A plan named `{ $slug }` is under way in another channel, and two would write into one folder. Take another name, or `/exit` the plan there.
errors-workspace = The workspace folder `{ $folder }` cannot be made: { $reason }. Whoever runs echo-core has to give it a writable ECHO_WORKSPACE_ROOT; then send the message again.
errors-workflow = The workflow { $path } cannot be used: { $reason }
