## Registered projects.

projects-unknown = There is no project `{ $name }`. Whoever runs echo-core registers it with `echo-core projects add { $name } FOLDER`.
projects-gone = The folder of the project `{ $name }` is not there any more. Whoever runs echo-core can give it another with `echo-core projects add --replace { $name } FOLDER`.
projects-no-copy = This plan works in the folder of a project, which is not copied.
projects-unusable = The list of projects cannot be read at the moment; the log of echo-core says more.
