## Registered projects.

projects-unknown = Nu există un proiect `{ $name }`. Cine rulează echo-core îl înregistrează cu `echo-core projects add { $name } FOLDER`.
projects-gone = Dosarul proiectului `{ $name }` nu mai există. Cine rulează echo-core îi poate da altul cu `echo-core projects add --replace { $name } FOLDER`.
projects-no-copy = Acest plan lucrează în dosarul unui proiect, care nu se copiază.
projects-unusable = Lista proiectelor nu poate fi citită momentan; jurnalul echo-core spune mai multe.
