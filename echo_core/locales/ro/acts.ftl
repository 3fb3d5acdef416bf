acts-thread = Planul **{ $slug }** continuă în firul „{ $slug }”.
acts-no-thread = Nu s-a putut deschide un fir ({ $reason }), așa că planul începe aici.
acts-fork = Copia continuă în firul „{ $slug }”. Planul de aici rămâne cum este.
acts-slug-taken = Există deja un dosar cu numele `{ $slug }`. Alege alt nume pentru copie.
