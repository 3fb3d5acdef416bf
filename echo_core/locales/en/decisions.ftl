## Decisions: /decisions, /why, /reopen, and their section in the final plan.

decisions-none = Nothing has been decided yet. Each question that you answer becomes a decision here.
decisions-title = Decisions of **{ $slug }**
decisions-hint = `/why D1` tells more about one, `/reopen D1` has it taken anew.
decisions-unknown = { $count ->
    [0] There are no decisions yet, so there is none of that name.
   *[other] There is no such decision. The last one is { $last }; `/decisions` lists them all.
}
decisions-reopened = to be taken anew
decisions-reopened-by = { $name } has asked for it to be taken anew.
decisions-reason = What the agent said when it asked:
decisions-section = Decisions
