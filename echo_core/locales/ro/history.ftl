history-answer = Răspuns
history-left-out = { $count ->
    [one] Un mesaj mai vechi nu este arătat aici; `echo-core sessions export` le scrie pe toate.
    [few] { $count } mesaje mai vechi nu sunt arătate aici; `echo-core sessions export` le scrie pe toate.
   *[other] { $count } de mesaje mai vechi nu sunt arătate aici; `echo-core sessions export` le scrie pe toate.
}
