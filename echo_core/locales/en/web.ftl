## The page in the browser.

web-skip = Skip to the content
web-nav = Main navigation
web-plans = Plans
web-plan = Plan
web-new-plan = New plan
web-logout = Sign out
web-back = All plans

web-login = Sign in
web-login-lead = This page asks for the token that whoever runs echo-core has set (ECHO_WEB__TOKEN).
web-login-token = Token
web-login-enter = Sign in

web-search = Search plans
web-found = { $count ->
    [one] { $count } plan
   *[other] { $count } plans
}
web-found-none = No plan matches. Try a name, a phase or a place.
web-empty = No plans yet
web-empty-lead = Describe what you want to build, and an agent plans it with you, one phase after the other.
web-empty-first = Give the plan a short name and say in a sentence or two what it is about.
web-empty-second = Answer the agent's questions here; press a button or write.
web-empty-third = When a phase is ready, continue. At the end, the finished plan is a document.
web-name = Your name in conversations
web-name-keep = Keep

web-new-lead = A sentence or two will do: the agent asks about the rest.
web-new-slug = Short name
web-new-slug-hint = Letters, digits, hyphens and underscores; the folder is named after it.
web-new-description = What do you want to plan?
web-new-description-hint = Who is it for, and what should be different once it exists?
web-new-ui = It has a user interface: add a design review
web-new-start = Start planning

web-adapter-web = Browser
web-left = Left
web-left-here = Plans that were left here
web-resume = Take up again
web-turns = { $count ->
    [one] { $count } turn
   *[other] { $count } turns
}
web-ago-now = just now
web-ago-minutes = { $count ->
    [one] a minute ago
   *[other] { $count } minutes ago
}
web-ago-hours = { $count ->
    [one] an hour ago
   *[other] { $count } hours ago
}
web-ago-days = { $count ->
    [one] a day ago
   *[other] { $count } days ago
}

web-phases = Phases
web-step-done = done
web-step-skipped = left out
web-step-current = current
web-step-ready = ready to go on
web-step-to-come = to come

web-conversation = Conversation
web-about = About this plan
web-starting = Starting. The agent reads what you wrote.
web-starting-lead = Its answer appears here as it comes.
web-none = No plan was started here
web-none-lead = What became of it stands below. You can begin anew at any time.
web-reload = Load what is new
web-you = You
web-agent = Agent
web-working = working
web-steps = { $count ->
    [one] { $count } step
   *[other] { $count } steps
}
web-earlier = { $count ->
    [one] Show { $count } earlier message
   *[other] Show { $count } earlier messages
}
web-waits = waits for the agent
web-read = the agent is at it
web-dismiss = Dismiss

web-question = A question is open.
web-question-of = { $number } of { $total }
web-recommended = recommended
web-own-words = In your own words
web-answer = Answer
web-always = “For this plan” covers: { $what }
web-leave-sure = Files and conversation are kept, and you can take the plan up again.
web-leave-yes = Leave the plan
web-say = Write to the agent, or / for a command
web-attach = Attach files
web-send = Send
web-elsewhere = What you write here is shown on { $place } too.
web-away = No connection to echo-core. What you have written stays here.
web-files-again = Attach your files again: the page could not keep them.

web-files = Files
web-files-none = What the agent writes appears here.
web-files-all = { $count ->
    [one] Show the file
   *[other] Show all { $count } files
}
web-download = Download
web-download-file = Download { $name }
web-decisions = Decisions
web-decisions-none = Each question that you answer becomes a decision.
web-reopened = { $name } has asked for it to be taken anew.
web-settings = Settings
web-auto = Go on by itself
web-auto-hint = A phase that is ready continues to the next without asking.

web-error-gone = There is nothing here.
web-error-method = That cannot be done here.
web-error-large = That is too large.
web-error-request = That could not be understood. Go back and try again.
web-error-ours = Something went wrong here; the log of echo-core says more. Try again.
web-error-not-kept = It cannot be written down at the moment. Try again shortly.
web-error-host = This name does not belong to this page. Use the address it is served at, or add the name to ECHO_WEB__HOSTS.
web-error-origin = Another page has sent this. Nothing was done.
web-error-hurry = That was too much at once. Wait a moment.
web-error-token = The token is missing or not the right one.
web-error-stale = This form is out of date. Reload the page and try again.
web-error-only-look = This page is only to look at. ECHO_WEB__TAKE_PART changes that.
web-error-full = Too many pages are open. Close some, and try again.
web-error-no-file = There is no such file in the plan's folders any more.
web-error-choose = Choose an option, or write an answer of your own.
web-error-answered = That is not open any more: the conversation has moved on.
