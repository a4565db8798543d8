"""`python -m diffeliash.cli`."""

from . import main

main()
