"""Reading of input files: regular files of limited size, or standard input. This module does not import JAX."""

import functools
import io
import os
import pathlib
import stat
import sys

from ._errors import InputError

STANDARD_INPUT = pathlib.Path("-")
"""Path that stands for standard input wherever an input file is read."""

LARGEST_INPUT = 2**28
"""Size limit of input files from other programs [bytes]."""

BYTES_PER_READ = 2**24
"""Bytes that one call reads from standard input."""

LARGEST_OWN_FILE = 2**35
"""Size limit of files written by this package [bytes]; shards of data sets are the largest."""


def check_input(path: pathlib.Path, *, largest: int = LARGEST_INPUT) -> None:
    """Check that an input file can be read, without reading its content.

    Raises:
        InputError: The file is missing, a folder, a pipe, a device, a cycle of symbolic links, unreadable or too large.
    """
    if path != STANDARD_INPUT:
        _open(path, largest).close()


def open_input(path: pathlib.Path, *, largest: int = LARGEST_OWN_FILE) -> io.BufferedIOBase:
    """Open an input file for reading; raises the errors of `check_input`."""
    return io.BytesIO(read_input(path, largest=largest)) if path == STANDARD_INPUT else _open(path, largest)


def read_input(path: pathlib.Path, *, largest: int = LARGEST_INPUT) -> bytes:
    """Read a whole input file; `-` is standard input, whose content is read once and then remembered.

    Args:
        path: The file.
        largest: Size limit [bytes]; larger files are refused before they are read.

    Raises:
        InputError: The file is missing, a folder, a pipe, a device, a cycle of symbolic links, unreadable or too large.
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
    """Open a regular file. Its type is checked on the open file, so that it cannot be exchanged after the check."""
    try:
        # without O_NONBLOCK, opening a pipe that has no writer would block forever
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
        content = file.read(min(size, largest) + 1)  # read() allocates this many bytes at once
    except OSError as error:
        raise _cannot_open(path, error) from error
    if len(content) > size:
        raise InputError("the file changes while it is read", where=str(path))
    return content


@functools.cache
def _standard_input() -> bytes:
    """Read standard input to its end, or to one byte beyond the size limit."""
    content = bytearray()
    while part := sys.stdin.buffer.read(min(BYTES_PER_READ, LARGEST_INPUT + 1 - len(content))):
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
    return InputError("the file is far too large", where=str(path), why=f"it has more than {largest} bytes.")
