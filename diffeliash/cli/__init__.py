"""The command line: parse, call one function, print."""

from ._app import main as main
