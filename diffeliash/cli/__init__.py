"""The command line `diffeliash`: each command parses its arguments, calls the library and prints the result."""

from . import _interrupt


def main() -> None:
    """Run the command line. Signal handlers are installed first, since importing the commands takes a moment."""
    _interrupt.install()
    from ._app import run

    run()
