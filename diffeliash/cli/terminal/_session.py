"""What every command does around its one call: the device, failures as exit codes, JSON."""

import contextlib
import csv
import io
import json
import logging
import os
import pathlib
import sys
from collections.abc import Iterator
from typing import Any

import typer

from ..._errors import ConvergenceError, DeviceError, DiffeliashError, InputError, IntegrityError, StorageError
from ..._json import nonfinite_to_null
from .._interrupt import stop_if_requested
from ._compiled_programs import use_compilation_cache
from ._several_processes import connect
from ._shared_options import Device

USAGE, BAD_INPUT, NOT_CONVERGED, STORAGE, INTEGRITY, NO_DEVICE, OTHER = 2, 3, 4, 5, 6, 8, 1
_EXIT_CODES = {
    InputError: BAD_INPUT, ConvergenceError: NOT_CONVERGED, StorageError: STORAGE, IntegrityError: INTEGRITY,
    DeviceError: NO_DEVICE,
}  # fmt: skip


@contextlib.contextmanager
def session(json_output: bool) -> Iterator[None]:
    """Run a command, and turn every failure into a message and an exit code.

    Args:
        json_output: Failures go to standard output too.
    """
    try:
        try:
            stop_if_requested()
            yield
        finally:
            sys.stdout.flush()  # here, where a failure can be told
    except DiffeliashError as error:
        _fail(error.as_dict(), str(error), json_output, exit_code_of(error))
    except BrokenPipeError:  # the reader has seen enough, as of `| head`
        _forget_output()
        raise typer.Exit(OTHER) from None
    except OSError as error:
        if error.filename is None:
            _forget_output()
        where = str(error.filename or "standard output")
        failure = StorageError("cannot read or write", where=where, why=f"{error.strerror or error}.")
        _fail(failure.as_dict(), str(failure), json_output, STORAGE)
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        if os.environ.get("DIFFELIASH_DEBUG"):
            raise
        text = f"{type(error).__name__}: {error}"
        hint = "This is a bug; set DIFFELIASH_DEBUG=1 to see where, and report it."
        _fail({"what": text, "where": "", "why": "", "hint": hint}, f"{text}\n{hint}", json_output, OTHER)


def _forget_output() -> None:
    """Standard output takes nothing more: what is left for it must not fail again at the end of the process."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def exit_code_of(error: DiffeliashError) -> int:
    """The exit code of a failure."""
    return next(code for kind, code in _EXIT_CODES.items() if isinstance(error, kind))


def _fail(parts: dict[str, str], text: str, json_output: bool, code: int) -> None:
    tell(f"error: {text}")
    if json_output:
        print_json({"error": parts})
    raise typer.Exit(code)


def start_jax(device: Device, distributed: str | None = None) -> None:
    """Load JAX and set it up: it takes a second, so that what can be checked without comes before.

    Args:
        device: Where to compute.
        distributed: Where this process meets others, if it does: see `_distributed.join`.

    Raises:
        DeviceError: The device is not there, or the processes did not meet.
    """
    import jax

    logging.getLogger("jax._src.xla_bridge").setLevel(logging.ERROR)
    jax.config.update("jax_enable_x64", True)
    use_compilation_cache()
    if device == "cpu":
        jax.config.update("jax_platforms", "cpu")
    if distributed:
        tell(f"meeting the other processes ({distributed})")
        connect(distributed)
    if device == "gpu":
        try:
            jax.devices("gpu")  # where there is one, JAX takes it, and all of them if there are several
        except RuntimeError as error:
            hint = "Use --device cpu, or install diffeliash[cuda12] or diffeliash[cuda13]."
            raise DeviceError("there is no GPU that JAX can use.", hint=hint) from error
    stop_if_requested()


def tell(text: str) -> None:
    """A line for the user, on standard error."""
    print(text, file=sys.stderr, flush=True)


def print_json(answer: dict[str, Any]) -> None:
    """One JSON object on standard output; numbers that are not finite become null."""
    print(json.dumps(nonfinite_to_null(answer), allow_nan=False))


def print_table(rows: list[dict[str, str]]) -> None:
    """Rows of text under their names, in aligned columns."""
    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def write_table(path: pathlib.Path, results: list[dict[str, Any]]) -> None:
    """Write all numbers of the good results as CSV: names in the first row, one row for each result."""
    from ...data import write_file

    rows = [_flat(each) for each in results if "error" not in each]
    buffer = io.StringIO()
    names = dict.fromkeys(name for row in rows for name in row)
    writer = csv.DictWriter(buffer, fieldnames=list(names), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_file(path, buffer.getvalue().encode())


def _flat(result: dict[str, Any]) -> dict[str, Any]:
    """Numbers and words only: eigenvalues in columns named after their temperatures, no notices."""
    flat = {name: value for name, value in result.items() if not isinstance(value, list)}
    if "eta" in result:
        flat |= {f"eta_{T:g}_K": eta for T, eta in zip(result["T_K"], result["eta"], strict=True)}
    return flat


def finish(results: list[dict[str, Any]]) -> None:
    """Leave with the exit code that a list of results deserves."""
    if any("error" in result for result in results):
        raise typer.Exit(BAD_INPUT)
    if not all(result.get("ok", result["converged"]) for result in results):
        raise typer.Exit(NOT_CONVERGED)
