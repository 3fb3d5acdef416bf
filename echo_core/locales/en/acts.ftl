## Threads and copies.

acts-thread = The plan **{ $slug }** goes on in the thread “{ $slug }”.
acts-no-thread = No thread could be opened ({ $reason }), so the plan begins here.
acts-fork = The copy goes on in the thread “{ $slug }”. This plan stays as it is.
acts-slug-taken = There is a folder named `{ $slug }` already. Take another name for the copy.
