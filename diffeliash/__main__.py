"""Entry point of `python -m diffeliash`."""

from .cli import main

main()
