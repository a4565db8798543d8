"""The command line: parse, call one function, print."""

from . import _interrupt


def main() -> None:
    """Run the command line. Signals are minded first: reading the commands takes a moment."""
    _interrupt.install()
    from ._app import run

    run()
