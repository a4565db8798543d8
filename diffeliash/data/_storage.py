"""Files that are complete or not there, and HDF5 that is not trusted when read."""

import functools
import importlib.metadata
import io
import os
import pathlib
import subprocess
import tempfile
from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np

from .._errors import InputError, IntegrityError, StorageError

LARGEST_ARRAY = 2**31
"""No array of more bytes than this is read from a file."""


def write_file(path: pathlib.Path, content: bytes) -> None:
    """Write a whole file or nothing: a rename in the same folder is the only commit point.

    What is not a file is written to as it is (a pipe, a device, /dev/stdout), and a link stays a link.

    Raises:
        StorageError: The folder cannot be written to, or the disk is full.
    """
    if _is_special(path):
        try:
            path.write_bytes(content)
        except OSError as error:
            raise _cannot_write(path, error) from error
        return
    path = path.resolve()
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _cannot_write(path, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        pathlib.Path(name).unlink(missing_ok=True)


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


@functools.cache
def software_versions() -> dict[str, str]:
    """Versions of everything that decides the digits of a result, and our git commit where there is a checkout."""
    versions = {name: importlib.metadata.version(name) for name in ("diffeliash", "jax", "jaxlib", "numpy", "h5py")}
    return versions | {"git_commit": _git_commit()}


def _git_commit() -> str:
    checkout = pathlib.Path(__file__).resolve().parents[2]
    if not (checkout / ".git").exists():
        return "none"
    words = ["git", "-C", str(checkout), "rev-parse", "HEAD"]
    try:
        return subprocess.run(words, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def hdf5_bytes(arrays: Mapping[str, tuple[Any, str]], attributes: Mapping[str, Any]) -> bytes:
    """An HDF5 file in memory: an open file on disk would be unreadable after a kill.

    Args:
        arrays: Name, then values and unit; every data set carries its unit and a checksum.
        attributes: Attributes of the file: strings and numbers.
    """
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", track_order=True) as file:
        for name, (values, unit) in arrays.items():
            values = np.asarray(values)
            checked = {"fletcher32": True} if values.ndim and values.size else {}
            dataset = file.create_dataset(name, data=values, **checked)
            dataset.attrs["unit"] = unit
        file.attrs.update(attributes)
    return buffer.getvalue()


def read_hdf5(path: pathlib.Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """All plain numerical data sets at the top of a file, and its attributes.

    Soft and external links, virtual and external storage, groups, and types other than numbers are refused.

    Raises:
        InputError: There is no such file, or it is not HDF5.
        IntegrityError: The file is damaged or holds what we never write.
    """
    try:
        with h5py.File(path, "r") as file:
            arrays = {name: _read_dataset(path, file, name) for name in map(str, file)}
            attributes = {name: _plain(value) for name, value in file.attrs.items()}
    except FileNotFoundError as error:
        raise InputError("no such file", where=str(path)) from error
    except (OSError, KeyError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        if not h5py.is_hdf5(path):
            raise InputError("not an HDF5 file", where=str(path)) from error
        raise IntegrityError("damaged file", where=str(path), why=f"{error}.") from error
    return arrays, attributes


def _read_dataset(path: pathlib.Path, file: h5py.File, name: str) -> np.ndarray:
    where = f"{path}:{name}"
    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        raise IntegrityError("refused", where=where, why="it is a link, not data.")
    dataset = file[name]
    if not isinstance(dataset, h5py.Dataset) or dataset.dtype.kind not in "bifc":
        raise IntegrityError("refused", where=where, why="it is not an array of numbers.")
    if dataset.is_virtual or dataset.external:
        raise IntegrityError("refused", where=where, why="its data lie in another file.")
    if dataset.size * dataset.dtype.itemsize > LARGEST_ARRAY:
        raise IntegrityError("refused", where=where, why="it is larger than anything we write.")
    return np.asarray(dataset[()])


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
