## What people get back at once.

router-stranger = You are not on the list of this bot. Your id is { $id }: whoever runs it can let you in.
router-not-kept = Your message cannot be written down yet: { $reason }. It is taken in as soon as that works again.
router-empty = That message was empty. Write what you want to say as text.
router-too-long = That message has { $length } characters; at most { $limit } are possible. Send it in parts.
router-unsupported = I cannot take in { $what } yet. Write it as text, please.
router-waits = Noted. The agent gets it when its turn is over.
router-place = { $place ->
    [one] Noted. The agent is at work in other channels; this one is next.
   *[other] Noted. The agent is at work in other channels; this one is number { $place } in line.
}
router-already = /{ $command } is under way already; it counts once.
router-nothing-runs = Nothing is running that could be stopped.
router-nothing-waits = None of your messages waits any more; the agent has read them.
router-withdrawn = Taken back: the agent does not get that message.
router-write-answer = Write your answer as a message.
router-question-over = That question is not open any more, so nobody got your answer. If it still matters, write it as an ordinary message.
router-files-left-out = { $count ->
    [one] The file was left out: `/{ $command }` takes none. Send it again without the command.
   *[other] The { $count } files were left out: `/{ $command }` takes none. Send them again without the command.
}
router-via = **{ $name }** ({ $via }): { $text }
