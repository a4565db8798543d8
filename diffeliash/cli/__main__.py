"""Entry point of `python -m diffeliash.cli`."""

from . import main

main()
