"""Running a command: choice of the device, errors as messages and exit codes, JSON and CSV output."""

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

from ..._errors import DeviceError, DiffeliashError, StorageError
from ..._json import nonfinite_to_null
from .._interrupt import stop_if_requested
from ._compiled_programs import use_compilation_cache
from ._exit_codes import BAD_INPUT, NOT_CONVERGED, OTHER, STORAGE, exit_code_of
from ._several_processes import connect
from ._shared_options import Device


@contextlib.contextmanager
def session(json_output: bool) -> Iterator[None]:
    """Run a command in a `with` block, and convert every exception into a message and an exit code.

    Args:
        json_output: Whether to print errors also as JSON on standard output.
    """
    try:
        try:
            stop_if_requested()
            yield
        finally:
            sys.stdout.flush()  # here, where an error is still reported
    except DiffeliashError as error:
        _fail(error.as_dict(), str(error), json_output, exit_code_of(error))
    except BrokenPipeError:  # the reader of a pipe has closed it, as `head` does
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
        hint = "This is a bug; please report it, with the traceback that DIFFELIASH_DEBUG=1 shows."
        _fail({"what": text, "where": "", "why": "", "hint": hint}, f"{text}\n{hint}", json_output, OTHER)


def _forget_output() -> None:
    """Redirect standard output, which cannot be written any more, so that no second error occurs at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(parts: dict[str, str], text: str, json_output: bool, code: int) -> None:
    tell(f"error: {text}")
    if json_output:
        print_json({"error": parts})
    raise typer.Exit(code)


def start_jax(device: Device, distributed: str | None = None) -> None:
    """Import and configure JAX. This takes a second; arguments are therefore checked before.

    Args:
        device: Device to compute on.
        distributed: How to connect to other processes, if there are any; see `_several_processes.connect`.

    Raises:
        DeviceError: The device is not available, or the processes could not connect.
    """
    import jax

    logging.getLogger("jax._src.xla_bridge").setLevel(logging.ERROR)
    jax.config.update("jax_enable_x64", True)
    use_compilation_cache()
    if device == "cpu":
        jax.config.update("jax_platforms", "cpu")
    if distributed:
        tell(f"connecting to the other processes ({distributed})")
        connect(distributed)
    if device == "gpu":
        try:
            jax.devices("gpu")  # JAX then uses all GPUs by default
        except RuntimeError as error:
            hint = "Use --device cpu, or install diffeliash[cuda12] or diffeliash[cuda13]."
            raise DeviceError("there is no GPU that JAX can use.", hint=hint) from error
    stop_if_requested()


def tell(text: str) -> None:
    """Print a message to the user on standard error."""
    print(text, file=sys.stderr, flush=True)


def print_json(answer: dict[str, Any]) -> None:
    """Print one JSON object on standard output; NaN and infinity become null."""
    print(json.dumps(nonfinite_to_null(answer), allow_nan=False))


def print_table(rows: list[dict[str, str]]) -> None:
    """Print rows of text in aligned columns under a header line."""
    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def write_table(path: pathlib.Path, results: list[dict[str, Any]]) -> None:
    """Write the results without errors as CSV, one row for each, with a header line."""
    from ...data import write_file

    rows = [_flat(each) for each in results if "error" not in each]
    buffer = io.StringIO()
    names = dict.fromkeys(name for row in rows for name in row)
    writer = csv.DictWriter(buffer, fieldnames=list(names), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_file(path, buffer.getvalue().encode())


def _flat(result: dict[str, Any]) -> dict[str, Any]:
    """Return the numbers and texts of a result; eigenvalues get one column for each temperature."""
    flat = {name: value for name, value in result.items() if not isinstance(value, list)}
    if "eta" in result:
        flat |= {f"eta_{T:g}_K": eta for T, eta in zip(result["T_K"], result["eta"], strict=True)}
    return flat


def finish(results: list[dict[str, Any]]) -> None:
    """End the command with the exit code of its results, if one of them is an error or not converged."""
    if any("error" in result for result in results):
        raise typer.Exit(BAD_INPUT)
    if not all(result.get("ok", result["converged"]) for result in results):
        raise typer.Exit(NOT_CONVERGED)
