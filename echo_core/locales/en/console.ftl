## The terminal.

console-prompt = you>
console-question = **{ $header }** ({ $number } of { $total })
console-for-plan = For this plan: { $always }
console-recommended = (recommended)
console-chosen = Chosen: { $label }
console-chosen-by = { $who }: { $label }
console-one = Type 1.
console-some = Type 1 to { $count }.
console-one-or-words = Type 1, or go on talking.
console-answer = Type 1 to { $count }, or an answer of your own.
console-answers = Type 1 to { $count }, or several as 1,2, or an answer of your own.
console-not-kept = { $reason } Trying again.
