## Around the agent's replies.

replies-whole = The whole answer has { $length } characters: it is in the file { $name }.
replies-files = { $count ->
    [one] A file was written:
   *[other] { $count } files were written:
}
replies-documents = { $count ->
    [one] The document of this phase:
   *[other] The documents of this phase:
}
