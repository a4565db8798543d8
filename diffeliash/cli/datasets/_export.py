"""The command `export`: write a data set to one file."""

import os
import pathlib
from typing import Annotated

import typer

from ..._errors import InputError
from ..arguments import TABLES, check_folder, check_output_files, collect_errors
from ..terminal import Json, print_json, session


def export_command(
    data: Annotated[pathlib.Path, typer.Argument(readable=False, help="Data set of `diffeliash generate`.")],
    output: Annotated[pathlib.Path, typer.Argument(readable=False, help="File to write: .h5, .npz or .csv.")],
    fields: Annotated[
        str | None,
        typer.Option(
            "--fields", help="Names of the fields, separated by commas, as in a2f,Delta_meV.", show_default="all"
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Write the stored samples of a data set to one file, for other programs. An existing file is replaced."""
    with session(json):
        with collect_errors() as check:
            check(check_folder, data)
            check(check_output_files, [], output=output)
            check(_check_output, data, output)
        from ...data import export_dataset

        names = [name.strip() for name in fields.split(",")] if fields else None
        n = export_dataset(data, output, names)
        if json:
            print_json({"path": str(output), "n_samples": n})
        else:
            print(f"{output}: {n} samples")


def _check_output(data: pathlib.Path, output: pathlib.Path) -> None:
    if os.path.realpath(output.parent) == os.path.realpath(data):
        raise InputError("will not write into the data set itself", where=str(output))
    if not output.name.lower().endswith(TABLES):
        raise InputError(f"the file must end in {', '.join(TABLES)}, got {output.name}.")
