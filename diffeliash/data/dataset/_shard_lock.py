"""File locks on shards, against two processes that write the same shard."""

import contextlib
import pathlib
from collections.abc import Iterator
from typing import IO

from ..._errors import StorageError
from ..storage import LOCK

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

_HELD: set[pathlib.Path] = set()
"""Lock files held by this process, which the operating system does not lock against the process itself."""


@contextlib.contextmanager
def lock_shards(folder: pathlib.Path, shards: range) -> Iterator[None]:
    """Lock shards for writing within a `with` block: shard s is byte s of the lock file.

    The operating system releases the locks when the process ends, however it ends. On a file system without locks
    nothing is locked: two writers then do the same work twice, without harm, since a shard is written by one rename and
    has the same content whoever writes it.

    Raises:
        StorageError: Another process is writing one of the shards.
    """
    path = folder.resolve() / LOCK
    if path in _HELD:
        raise _busy(folder)
    try:
        file = open(path, "ab")  # noqa: SIM115 - errors of opening and errors in the block are handled separately
    except OSError as error:
        raise StorageError("cannot write", where=str(folder), why=f"{error.strerror}.") from error
    _HELD.add(path)
    try:
        with file:
            _lock(folder, file, shards)
            yield
    finally:
        _HELD.discard(path)


def _lock(folder: pathlib.Path, file: IO[bytes], shards: range) -> None:
    if fcntl is None:
        return
    pieces = [(shards.start, len(shards))] if shards.step == 1 else [(shard, 1) for shard in shards]
    for start, length in pieces:
        if not length:
            continue
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, length, start)
        except (BlockingIOError, PermissionError) as error:
            raise _busy(folder) from error
        except OSError:
            return  # the file system has no locks


def _busy(folder: pathlib.Path) -> StorageError:
    hint = "Wait for it, stop it, or choose another folder."
    return StorageError("will not write", where=str(folder), why="another process is writing there.", hint=hint)
