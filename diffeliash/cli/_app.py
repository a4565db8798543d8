"""The application with all commands. This module does not import JAX, so that `diffeliash --help` is fast."""

import sys
from typing import Annotated

import typer

from .. import __version__
from .datasets import export_command, generate_command, verify_command
from .inversion import invert_command, predict_command
from .spectra import solve_command, tc_command
from .studies import reduce_command, reproduce_command
from .terminal import USAGE, print_json
from .training import train_command

app = typer.Typer(
    name="diffeliash",
    help="Migdal-Eliashberg theory of superconductivity: from a2F to T_c and the gap function, and from the gap "
    "function to a2F. Energies in meV, temperatures in K.",
    epilog="Exit codes: 0 done, 2 usage, 3 bad input, 4 not converged, 5 storage, 6 damaged file, 8 device, "
    "130/143 interrupted, 1 anything else.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("tc")(tc_command)
app.command("solve")(solve_command)
app.command("generate")(generate_command)
app.command("train")(train_command)
app.command("reduce")(reduce_command)
app.command("reproduce")(reproduce_command)
app.command("predict")(predict_command)
app.command("invert")(invert_command)
app.command("verify")(verify_command)
app.command("export")(export_command)


def _print_version(wanted: bool | None) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool | None,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = None,
) -> None:
    del version


def run() -> None:
    """Parse the command line and run the command."""
    try:
        app()
    except SystemExit as left:
        if left.code == USAGE and "--json" in sys.argv:
            hint = "See the message on standard error, and --help."
            print_json({"error": {"what": "command line not understood", "where": "", "why": "", "hint": hint}})
        raise
