## What only Telegram's messages say.

# on the question of several answers; beside the boxes
telegram-done = Done
telegram-nothing-chosen = Choose at least one first.
telegram-not-marked = Telegram did not take that mark just now. Press again in a moment.
telegram-too-old = This message is too old for its buttons. Write your answer instead.
telegram-question-of = Question { $number } of { $total }
telegram-press = Press a button.
telegram-choose-several = Choose one or more, then press “{ $done }”.
telegram-own-words = An answer in your own words is fine too.
telegram-always = Allow for this plan:

# the forced reply, below the person's name
telegram-write-answer = Write your answer.
telegram-your-answer = Your answer

# on the plan card
telegram-open-question = Open question

telegram-refused = Telegram would not show this message: { $reason }
telegram-file-unreadable = { $name } could not be sent: it cannot be read.
telegram-file-empty = { $name } could not be sent: the file is empty.
telegram-file-too-large = { $name } could not be sent: it has { $size } MB, and bots may send { $limit } MB.
telegram-file-refused = { $name } could not be sent: Telegram would not take it here ({ $reason }).

telegram-forwarded = Forwarded from { $name }:

# what cannot be taken in, as the object of a sentence
telegram-a-sticker = a sticker
telegram-a-place = a place
telegram-a-location = a location
telegram-a-contact = a contact
telegram-a-poll = a poll
telegram-a-checklist = a checklist
telegram-a-die = a die
telegram-a-game = a game
telegram-a-story = a story
telegram-paid-media = paid media

# why no topic could be opened, as a clause
telegram-no-topics = this group has no topics; its settings can switch them on
telegram-may-not-open-topics = the bot may not open topics here: make it an administrator that may manage topics
