deadlines-idle = Timp de { $seconds } s nu s-a întâmplat nimic, așa că tura a fost încheiată.
deadlines-whole = Tura a durat mai mult de { $seconds } s, așa că a fost încheiată.
