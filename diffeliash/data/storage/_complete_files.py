"""Files that are complete or not there."""

import contextlib
import errno
import os
import pathlib
import tempfile
import time
from collections.abc import Collection

from ..._errors import StorageError

PIPE_TIMEOUT = 10.0
"""Seconds for somebody to begin to read a pipe."""


def write_file(path: pathlib.Path, content: bytes, *, new: bool = False) -> None:
    """Write a whole file or nothing: a rename in the same folder is the only commit point.

    What is not a file is written to as it is (a pipe, a device, /dev/stdout), and a link stays a link.

    Args:
        path: Where to.
        content: All of it.
        new: Refuse to replace a file that is there, even one that another process has just written.

    Raises:
        StorageError: The folder cannot be written to, or the disk is full.
        FileExistsError: The file is there and must not be.
    """
    if _is_special(path):
        _write_special(path, content)
        return
    path = pathlib.Path(os.path.realpath(path))
    if path.is_symlink():  # what is still a link leads nowhere
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
    """Write to a device, or to a pipe that somebody reads: one that nobody does is not waited for without end."""
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
    """How the names of unfinished copies of a file begin: a process that is killed leaves them."""
    return f".{name}."


def remove_temporary(folder: pathlib.Path, names: Collection[str]) -> None:
    """Remove the unfinished copies of files that nobody is writing any more."""
    for path in list(folder.iterdir()):
        whole = path.name.removeprefix(".").rpartition(".")[0]
        if whole in names and path.name.startswith(temporary_prefix(whole)):
            path.unlink(missing_ok=True)


def _commit(name: str, path: pathlib.Path, *, new: bool) -> None:
    if new:
        try:
            os.link(name, path)  # unlike a rename it fails if there is a file
            return
        except FileExistsError:
            raise
        except OSError as error:  # a file system without hard links
            if path.exists():
                raise FileExistsError(path) from error
    os.replace(name, path)


def _sync_folder(folder: pathlib.Path) -> None:
    """Make a rename survive a power failure, where folders can be synchronized."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _is_special(path: pathlib.Path) -> bool:
    """Whether a name stands for a device or a pipe: nothing that a rename may replace."""
    return path.exists() and (not path.is_file() or path.absolute().parts[1:2] in [("dev",), ("proc",)])


def _cannot_write(path: pathlib.Path, error: OSError) -> StorageError:
    reason = error.strerror or str(error)
    return StorageError("cannot write", where=str(path), why=f"{reason}.", hint="Choose another folder or free space.")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
