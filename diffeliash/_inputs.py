"""Input files are ordinary files of a sane size, or standard input. Importing this loads no JAX."""

import functools
import io
import os
import pathlib
import stat
import sys

from ._errors import InputError

STANDARD_INPUT = pathlib.Path("-")
"""Stands for standard input wherever a file is read."""

LARGEST_INPUT = 2**28
"""Bytes of the largest file that other programs or people may hand in."""

PART = 2**24
"""Bytes that are read from standard input at a time."""

LARGEST_OWN = 2**35
"""Bytes of the largest file that we may have written: a shard of a data set."""


def check_input(path: pathlib.Path, *, largest: int = LARGEST_INPUT) -> None:
    """Refuse a file that cannot be read, without reading it: before any work, in no time.

    Raises:
        InputError: It is missing, a folder, a pipe, a device, a loop of links, unreadable or far too large.
    """
    if path != STANDARD_INPUT:
        _open(path, largest).close()


def open_input(path: pathlib.Path, *, largest: int = LARGEST_OWN) -> io.BufferedIOBase:
    """An input file, open for reading parts of it; for errors see `check_input`."""
    return io.BytesIO(read_input(path, largest=largest)) if path == STANDARD_INPUT else _open(path, largest)


def read_input(path: pathlib.Path, *, largest: int = LARGEST_INPUT) -> bytes:
    """All of an input file; `-` is standard input, which is read once however often it is asked for.

    Args:
        path: The file.
        largest: Bytes; more are refused before they are read.

    Raises:
        InputError: It is missing, a folder, a pipe, a device, a loop of links, unreadable or far too large.
    """
    if path == STANDARD_INPUT:
        content = _standard_input()
    else:
        with _open(path, largest) as file:
            content = _read(path, file, largest)
    if len(content) > largest:
        raise _too_large(path, largest)
    return content


def _open(path: pathlib.Path, largest: int) -> io.BufferedReader:
    """Open an ordinary file; what it is is asked of the open file, so that nobody can exchange it in between."""
    try:
        # a pipe without a writer would wait for ever
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:  # ValueError: a name with a null character
        raise _cannot_open(path, error) from error
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode) or status.st_size > largest:
        os.close(handle)
        raise _unusable(path, status.st_mode, largest)
    return os.fdopen(handle, "rb")


def _read(path: pathlib.Path, file: io.BufferedReader, largest: int) -> bytes:
    size = os.fstat(file.fileno()).st_size
    try:
        content = file.read(min(size, largest) + 1)  # memory for all that is asked for is taken at once
    except OSError as error:
        raise _cannot_open(path, error) from error
    if len(content) > size:
        raise InputError("changes while it is read", where=str(path))
    return content


@functools.cache
def _standard_input() -> bytes:
    """All that comes, or more than any input may have."""
    content = bytearray()
    while part := sys.stdin.buffer.read(min(PART, LARGEST_INPUT + 1 - len(content))):
        content += part
    return bytes(content)


def _cannot_open(path: pathlib.Path, error: OSError | ValueError) -> InputError:
    if isinstance(error, FileNotFoundError):
        return InputError("no such file", where=str(path))
    return InputError("cannot be read", where=str(path), why=f"{getattr(error, 'strerror', None) or error}.")


def _unusable(path: pathlib.Path, mode: int, largest: int) -> InputError:
    if stat.S_ISDIR(mode):
        return InputError("a folder, not a file", where=str(path))
    if stat.S_ISREG(mode):
        return _too_large(path, largest)
    hint = "Give a file, or - for standard input."
    return InputError("cannot be read", where=str(path), why="it is a pipe or a device, not a file.", hint=hint)


def _too_large(path: pathlib.Path, largest: int) -> InputError:
    return InputError("far too large for what it should be", where=str(path), why=f"more than {largest} bytes.")
