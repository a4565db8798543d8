"""Atomic writing of files: a file is complete or does not exist."""

import contextlib
import errno
import os
import pathlib
import tempfile
import time
from collections.abc import Collection

from ..._errors import StorageError

PIPE_TIMEOUT = 10.0
"""Time to wait for a reader of a named pipe [s]."""


def write_file(path: pathlib.Path, content: bytes, *, new: bool = False) -> None:
    """Write a file completely or not at all: to a temporary file in the same folder, which is then renamed.

    Pipes, devices and /dev/stdout are written to directly. A symbolic link is kept; the file it points to is written.

    Args:
        path: Name of the file.
        content: Its whole content.
        new: Refuse to replace an existing file, even one that another process has just written.

    Raises:
        StorageError: The folder cannot be written to, or the disk is full.
        FileExistsError: The file exists and `new` is set.
    """
    if _is_special(path):
        _write_special(path, content)
        return
    path = pathlib.Path(os.path.realpath(path))
    if path.is_symlink():  # only a cycle of links is still a link after `realpath`
        raise _cannot_write(path, OSError(errno.ELOOP, os.strerror(errno.ELOOP)))
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=temporary_prefix(path.name))
    except OSError as error:
        raise _cannot_write(path, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
        _commit(name, path, new=new)
        _sync_folder(path.parent)
    except FileExistsError:
        raise
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        pathlib.Path(name).unlink(missing_ok=True)


def _write_special(path: pathlib.Path, content: bytes) -> None:
    """Write to a device or a named pipe; a pipe that nobody reads is an error after `PIPE_TIMEOUT`."""
    end = time.monotonic() + PIPE_TIMEOUT
    while True:
        try:
            handle = os.open(path, os.O_WRONLY | os.O_TRUNC | getattr(os, "O_NONBLOCK", 0))
            break
        except OSError as error:
            if error.errno == errno.ENXIO and time.monotonic() < end:
                time.sleep(0.05)
                continue
            raise _cannot_write(path, error) from error
    os.set_blocking(handle, True)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
    except OSError as error:
        raise _cannot_write(path, error) from error


def temporary_prefix(name: str) -> str:
    """Return the prefix of the temporary files of a file, which a killed process leaves behind."""
    return f".{name}."


def remove_temporary(folder: pathlib.Path, names: Collection[str]) -> None:
    """Remove the temporary files of the named files; no other process may be writing these."""
    for path in list(folder.iterdir()):
        whole = path.name.removeprefix(".").rpartition(".")[0]
        if whole in names and path.name.startswith(temporary_prefix(whole)):
            path.unlink(missing_ok=True)


def _commit(name: str, path: pathlib.Path, *, new: bool) -> None:
    if new:
        try:
            os.link(name, path)  # unlike a rename it fails if the file exists
            return
        except FileExistsError:
            raise
        except OSError as error:  # the file system has no hard links
            if path.exists():
                raise FileExistsError(path) from error
    os.replace(name, path)


def _sync_folder(folder: pathlib.Path) -> None:
    """Make a rename survive a power failure, on systems where folders can be synchronized."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _is_special(path: pathlib.Path) -> bool:
    """Whether a path is a device or a pipe, which must not be replaced by a rename."""
    return path.exists() and (not path.is_file() or path.absolute().parts[1:2] in [("dev",), ("proc",)])


def _cannot_write(path: pathlib.Path, error: OSError) -> StorageError:
    reason = error.strerror or str(error)
    return StorageError("cannot write", where=str(path), why=f"{reason}.", hint="Choose another folder or free space.")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
