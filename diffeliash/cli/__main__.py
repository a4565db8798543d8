"""`python -m diffeliash.cli`."""

from ._app import main

main()
