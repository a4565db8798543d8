"""`python -m diffeliash`."""

from .cli import main

main()
