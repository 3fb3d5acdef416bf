## Turns.

turns-internal = Something went wrong inside echo-core, and this message could not be worked on. Nothing was changed. Whoever runs it finds the cause in the log.
