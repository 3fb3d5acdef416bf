## Where a plan stands: whose move it is, and what it took so far.

standing-running = The agent is working. `/stop` ends its turn.
standing-complete = The plan is complete. `/files` shows it.
standing-question = Your move: a question is open.
standing-permission = Your move: the agent asks for permission.
standing-ready = Your move: this phase is ready, `/advance` goes on.
standing-recovery = Your move: the last turn was not finished. Press Retry or Drop.
standing-closing = Your move: the closing document is missing, `/advance` asks for it again.
standing-your-move = Your move: say something.
standing-spent = { $turns ->
    [one] { $turns } turn · ${ $cost } · { $time }
   *[other] { $turns } turns · ${ $cost } · { $time }
}
standing-folder = Folder: { $name }
