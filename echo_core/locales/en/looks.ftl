## Answers to the commands that only look.

looks-agent = Agent
looks-nothing-said = Nothing has been said yet.
looks-no-file = There is no such file in the plan's folders any more. `/files` lists those there are.
looks-no-files = There are no files yet.
looks-files = Files of **{ $slug }**
looks-starting = A plan is just being started here; the agent is working.
looks-left-here = Left here: { $names }. `/resume` takes one up again.
looks-waiting = Waiting: { $count ->
    [one] one message.
   *[other] { $count } messages.
}
looks-documents = Documents so far: { $names }. `/files` sends them.
looks-last-words = What the agent said last:
looks-open = What is open now:
