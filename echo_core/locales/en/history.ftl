## What was said in a plan, as `/history` shows it.

history-answer = Answer
history-left-out = { $count ->
    [one] One earlier message is left out here; `echo-core sessions export` writes all.
   *[other] { $count } earlier messages are left out here; `echo-core sessions export` writes all.
}
