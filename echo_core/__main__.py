"""`python -m echo_core` does what `echo-core` does."""

from echo_core.cli import main

if __name__ == "__main__":
    main()
