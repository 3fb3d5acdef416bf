## What only Discord's messages say.

discord-choose-one = Choose one
discord-choose-some = Choose one or more
discord-question-of = Question { $number } of { $total }
discord-own-words = You can also answer in your own words.
discord-always = Allow for this plan: { $scope }

# on the plan card
discord-open-question = Open question

# the form that "Other…" opens: its title, and the name of its only field (45 characters at most)
discord-form-title = Answer in your own words
discord-form-answer = Your answer
discord-not-taken = What you wrote:

discord-no-channel = I cannot talk in this kind of channel.
discord-not-kept = That could not be kept just now. Please try again in a minute.
discord-command-changed = This command has changed since. Reload Discord (Ctrl+R) and try again.
discord-went-wrong = That went wrong. The log of echo-core says why.

discord-forwarded = Forwarded:

discord-too-large = Too large for Discord: { $names }
discord-refused = Discord would not show this message: { $reason }
discord-file-refused = Discord would not take this here: { $names } ({ $reason })
discord-unreadable = Not readable: { $names }

# what cannot be taken in, as the object of a sentence
discord-a-sticker = a sticker
discord-a-poll = a poll
discord-a-forward = a forwarded message
discord-no-thread = threads can be opened in text channels of a server only
