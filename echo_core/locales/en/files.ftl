## The plan's files, and what has changed in its documents.

files-bytes = { $count } B
files-kilobytes = { NUMBER($count, minimumFractionDigits: 1) } KB
files-megabytes = { NUMBER($count, minimumFractionDigits: 1) } MB
files-more = { $count ->
    [one] and one more
   *[other] and { $count } more
}
files-more-at-least = and at least { $count } more
files-by-name = The buttons fetch the first { $count }; `/files NAME` fetches any other one.

files-no-snapshot = There is nothing to compare with: the documents of this plan were not copied when its phases began.
files-diff-since = Changes in the documents since { $phase } began:
files-diff-phase = Nothing has changed in the documents since { $phase } began. Changes before that, since { $earlier } began:
files-diff-nothing = Nothing has changed in the documents since { $phase } began.
files-diff-new = `{ $name }` is new (+{ $added } −{ $removed })
files-diff-gone = `{ $name }` is gone (+{ $added } −{ $removed })
files-diff-changed = `{ $name }` (+{ $added } −{ $removed })
files-diff-cut = { $count ->
    [one] One more line is not shown.
   *[other] { $count } more lines are not shown.
}
files-diff-unshown = Its lines are not shown: there are too many.
