## Files that people send: what was not taken in, or not as they may think.

attachments-too-large = `{ $name }` was not taken in: it has { $size }, and at most { $limit } are possible. Send a smaller file, or the part of it that matters.
attachments-too-many = { $count ->
    [one] One file was not taken in, because a message can bring at most { $most }: { $names }. Send it in a message of its own.
   *[other] { $count } files were not taken in, because a message can bring at most { $most }: { $names }. Send them in further messages.
}
attachments-empty = `{ $name }` was not taken in: it is empty. Look at it, and send it again.
attachments-gone = `{ $name }` could not be taken in: it is no longer in the chat, or has more than { $limit }. Send it again, or a smaller one.
attachments-unreachable = `{ $name }` could not be fetched: the chat platform does not give it out at the moment. Send it again in a few minutes.
attachments-not-stored = Could not be stored in the workspace: { $names }. Whoever runs echo-core finds the reason in its log; send it again then.
attachments-voice = Voice messages cannot be listened to here. Write what you said; whoever runs echo-core can set up a command that transcribes (`ECHO_ATTACHMENTS__TRANSCRIBE`).
attachments-not-transcribed = `{ $name }` could not be put into words. The recording is kept in `attachments`; write what you said.
attachments-large-picture = `{ $name }` is kept as a file, but the agent does not see it: a picture that it looks at can have at most { $limit }. Send a smaller one.
attachments-many-pictures = `{ $name }` is kept as a file, but the agent does not see it: it looks at { $most } pictures at most. Send it in a message of its own.
