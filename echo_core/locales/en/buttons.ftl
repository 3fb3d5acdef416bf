## Words on buttons: short, and the same everywhere.

button-allow-once = Allow once
button-allow-for-plan = Allow for this plan
button-deny = Deny
button-retry = Retry
button-drop = Drop
button-other = Other…
button-stop = Stop
button-files = Files
button-leave = Leave
