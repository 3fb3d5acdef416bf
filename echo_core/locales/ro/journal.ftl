journal-message-damaged =
    Un mesaj din acest canal nu a putut fi citit după repornire ({ $reason }), așa că nu s-a lucrat la el. Fișierul lui este păstrat ca `damaged/{ $file }` în folderul de stare. Te rog să trimiți mesajul din nou.
journal-conversation-damaged =
    Ce era păstrat pentru acest canal nu a putut fi citit ({ $reason }), așa că acesta pornește din nou fără plan. Fișierul este păstrat ca `damaged/{ $file }` în folderul de stare: cine administrează botul îl poate repara și pune la loc cât timp botul este oprit. Fișierele planului au rămas neatinse. Pentru a începe din nou, folosește `/plan`.
