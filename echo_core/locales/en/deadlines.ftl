## A turn that took too long. What people can do about it stands below.

deadlines-idle = Nothing happened for { $seconds } seconds, so the turn was ended.
deadlines-whole = The turn took longer than { $seconds } seconds, so it was ended.
