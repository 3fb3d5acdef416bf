turns-internal = Ceva nu a mers în echo-core și mesajul nu a putut fi lucrat. Nimic nu s-a schimbat. Cine îl administrează găsește cauza în jurnal.
