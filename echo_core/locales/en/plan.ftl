## What happens to a plan: said in the channel by the daemon itself.

plan-none = There is no plan in this channel. Start one with `/plan <slug> <description>`, or see `/help`.
plan-under-way = The plan **{ $slug }** is under way in this channel. `/status` shows where it stands, `/exit` leaves it so that another can begin.
plan-begins = Planning **{ $slug }**: { $phases }.
plan-phase-begins = **{ $phase }** begins.
plan-phase-begins-again = **{ $phase }** begins again.
plan-next-phase = the next phase
plan-closing = **{ $title }**: `{ $document }` is being written.
plan-not-closed = `{ $document }` has still not been written. `/advance` asks for it again.
plan-complete = The plan **{ $slug }** is complete after { $turns ->
    [one] one turn
   *[other] { $turns } turns
} (${ $cost }).
plan-complete-already = The plan **{ $slug }** is complete already. `/files` shows it.
plan-wordless = The agent ended its turn without a word. Say something to go on.
plan-too-many-steps = The agent has used up its steps before it was done. Say “go on”, and it takes up its work again.
plan-not-finished = The last turn was not finished. Press Retry to have it done again.
plan-stopped-unheard = Stopped before the agent read your message. Retry says it again, Drop forgets it.
plan-workspace-vanished = The workspace folder `{ $folder }` had gone. It was made anew, without what earlier phases wrote in it.
plan-dropped = Dropped. Say something to go on, or `/redo` to start this phase again.
plan-left = Left the plan **{ $slug }**. Its files and its conversation are kept: `/resume { $slug }` goes on.
plan-left-unheard = Not passed on to the agent: { $count ->
    [one] one of your messages.
   *[other] { $count } of your messages.
}
plan-resumed = Back in the plan **{ $slug }**, phase { $phase }. Say something to go on.
plan-nothing-to-resume = { $count ->
    [0] No plan was left in this channel that could be taken up again.
   *[other] There is no such plan to resume here. Left in this channel: { $names }.
}
plan-undone = The last turn of **{ $slug }** is taken back: the agent does not remember it. Files stay as they are. You are in phase { $phase }.
plan-nothing-to-undo = There is no turn that can be taken back. One can be, right after it; `/redo` starts the phase again.
plan-forked = **{ $slug }** is a copy of **{ $origin }** as it stands now, in phase { $phase }. What is tried here does not touch the other plan. Say what should be different.
