journal-message-damaged =
    A message from this channel could not be read after a restart ({ $reason }), so it was not worked on. Its file is kept as `damaged/{ $file }` in the state folder. Please send that message again.
journal-conversation-damaged =
    What was stored for this channel could not be read ({ $reason }), so it starts again without a plan. The file is kept as `damaged/{ $file }` in the state folder: whoever runs this bot can repair it and put it back while the bot is stopped. The plan’s own files are untouched. To begin anew, use `/plan`.
