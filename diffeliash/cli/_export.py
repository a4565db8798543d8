"""`diffeliash export`: a data set in one file."""

import pathlib
from typing import Annotated

import typer

from .._errors import InputError
from ._options import Json
from ._session import print_json, session
from ._targets import check_targets


def export_command(
    data: Annotated[pathlib.Path, typer.Argument(help="Data set of `diffeliash generate`.")],
    output: Annotated[pathlib.Path, typer.Argument(help="File to write: .h5, .npz or .csv.")],
    fields: Annotated[
        str | None,
        typer.Option("--fields", help="Which ones, separated by commas, as a2f,Delta_meV.", show_default="all"),
    ] = None,
    json: Json = False,
) -> None:
    """Write the stored samples of a data set to one file, for other programs. A file that is there is replaced."""
    with session(json):
        from ..data import export_dataset

        check_targets([], output=output)
        if output.resolve().parent == data.resolve():
            raise InputError("will not write into the data set itself", where=str(output))
        names = [name.strip() for name in fields.split(",")] if fields else None
        n = export_dataset(data, output, names)
        if json:
            print_json({"path": str(output), "n_samples": n})
        else:
            print(f"{output}: {n} samples")
