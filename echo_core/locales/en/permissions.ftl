## What a person is asked to allow, and what "for this plan" covers.

permission-read = Read a file outside the plan's folders: { $path }
permission-search = Search a folder outside the plan's folders: { $path }
permission-write = Write a file outside the plan's folders: { $path }
permission-write-guarded = Change a file that other programs obey: { $path }
permission-reading-covers = Reading anything in { $folder }
permission-writing-covers = Writing anything in { $folder }
permission-command = Run this command: { $command }
permission-command-covers = Exactly this command, any time
permission-fetch = Fetch a page from { $host }: { $url }
permission-fetch-covers = Fetching any page from { $host }
permission-unknown-place = an unknown place
permission-web-search = Search the web for: { $query }
permission-web-search-covers = Any web search
permission-tool = Use the tool { $tool } with: { $input }
permission-tool-only = Use the tool { $tool }
permission-tool-covers = Every use of the tool { $tool }
permission-tool-of-server = { $tool } of { $server }
permission-more = ({ $count ->
    [one] one more character
   *[other] { NUMBER($count, useGrouping: 0) } more characters
})
