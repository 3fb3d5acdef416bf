## What the agent is doing, in a few words: shown while it works.

activity-reading = Reading { $name }
activity-looking-into = Looking into { $name }
activity-finding-files = Looking for files { $what }
activity-searching = Searching for { $what }
activity-writing = Writing { $name }
activity-editing = Editing { $name }
activity-running = Running { $what }
activity-fetching-from = Fetching a page from { $host }
activity-fetching = Fetching a page
activity-searching-web = Searching the web for { $what }
activity-asking = Asking a question
activity-helper = Having a helper do this: { $what }
activity-skill = Following the skill { $what }
activity-steps = Keeping its list of steps
activity-finding-tool = Looking for a tool
activity-using = Using { $tool }
activity-using-of = Using { $tool } of { $server }
activity-some-file = a file
