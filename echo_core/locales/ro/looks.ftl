looks-agent = Agentul
looks-nothing-said = Încă nu s-a spus nimic.
looks-no-file = Nu mai există un astfel de fișier în dosarele planului. `/files` le arată pe cele care există.
looks-no-files = Încă nu există fișiere.
looks-files = Fișierele planului **{ $slug }**
looks-starting = Tocmai începe un plan aici; agentul lucrează.
looks-left-here = Lăsate aici: { $names }. `/resume` reia unul.
looks-waiting = În așteptare: { $count ->
    [one] un mesaj.
    [few] { $count } mesaje.
   *[other] { $count } de mesaje.
}
looks-documents = Documente până acum: { $names }. `/files` le trimite.
looks-last-words = Ce a spus agentul ultima dată:
looks-open = Ce este deschis acum:
