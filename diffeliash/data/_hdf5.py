"""HDF5 files that are sealed when written, and not trusted when read."""

import hashlib
import io
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import h5py
import numpy as np

from .._errors import InputError, IntegrityError
from ._files import refuse_special

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"

SEAL_SIZE = 512
"""Bytes before the HDF5 part of a file: a user block, which HDF5 programs skip."""

SEAL = b"diffeliash HDF5 file, sealed\nSHA-256 of all that follows this block of 512 bytes:\n"

PLAIN_FILTERS = (h5py.h5z.FILTER_FLETCHER32, h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE)
"""Filters that come with every HDF5 library. Others would load code from a plugin folder."""

LARGEST_ATTRIBUTE = 2**20
"""No attribute of more bytes than this is read."""

COMPRESSION = 1100
"""No array is read that is larger than its file by more than this factor, the best that deflate can do."""

CHUNK_BYTES = 2**16
"""About the size of the pieces in which rows are stored, each with a checksum of its own."""


Fields = dict[str, tuple[Any, str]]
"""Values and unit of every array."""

Attributes = dict[str, Any]
"""Strings and numbers."""


def hdf5_bytes(arrays: Mapping[str, tuple[Any, str]], attributes: Mapping[str, Any]) -> bytes:
    """A sealed HDF5 file in memory: an open file on disk would be unreadable after a kill.

    Args:
        arrays: Name, then values and unit; every data set carries its unit and a checksum.
        attributes: Attributes of the file: strings and numbers.
    """
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", track_order=True, userblock_size=SEAL_SIZE) as file:
        for name, (values, unit) in arrays.items():
            values = np.asarray(values)
            dataset = file.create_dataset(name, data=values, **_layout(values))
            dataset.attrs["unit"] = unit
        file.attrs.update(attributes)
    content = buffer.getbuffer()
    content[:SEAL_SIZE] = _seal(content[SEAL_SIZE:])
    return bytes(content)


def numbered(results: Sequence[tuple[Fields, Attributes]]) -> tuple[Fields, Attributes]:
    """Several results as one file has them: with more than one, names end in `_0`, `_1` and so on."""
    arrays: Fields = {}
    attributes: Attributes = {}
    for number, (fields, stated) in enumerate(results):
        end = f"_{number}" if len(results) > 1 else ""
        arrays |= {name + end: value for name, value in fields.items()}
        attributes |= {name + end: value for name, value in stated.items()}
    return arrays, attributes


def _layout(values: np.ndarray) -> dict[str, Any]:
    if not values.ndim or not values.size:
        return {}
    rows = max(1, CHUNK_BYTES // (values[0].size * values.itemsize))
    return {"fletcher32": True, "chunks": (min(rows, len(values)), *values.shape[1:])}


def _seal(content: memoryview | bytes) -> bytes:
    return (SEAL + hashlib.sha256(content).hexdigest().encode() + b"\n").ljust(SEAL_SIZE, b" ")


def is_hdf5(content: bytes) -> bool:
    """Whether a file is HDF5, or looks as if it had been."""
    at = content.find(HDF5_MAGIC, 0, SEAL_SIZE + len(HDF5_MAGIC))
    return at in (0, SEAL_SIZE) or content.startswith(SEAL[: SEAL.index(b",")])


def is_hdf5_file(path: pathlib.Path) -> bool:
    """The same of a file on disk.

    Raises:
        InputError: It cannot be read.
    """
    refuse_special(path)
    try:
        with open(path, "rb") as file:
            return is_hdf5(file.read(SEAL_SIZE + len(HDF5_MAGIC)))
    except OSError as error:
        raise InputError("cannot read", where=str(path), why=f"{error.strerror}.") from error


def read_hdf5(path: pathlib.Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """All arrays of numbers at the top of a file that `hdf5_bytes` made, and its attributes.

    The seal is checked first. It protects against accidents, not against malice, for which anyone can compute it: soft
    and external links, virtual and external storage, groups, filters that not every HDF5 has, types other than
    numbers and arrays that claim more than the file can hold are refused before anything is read.

    Raises:
        InputError: There is no such file, it cannot be read, or it is not HDF5 or not of ours.
        IntegrityError: The file is damaged or holds what we never write.
    """
    content = _read_sealed(path)
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            _check_all(path, file, len(content))
            arrays = {name: _values(file[name]) for name in map(str, file)}
            return arrays, read_attributes(path, file)
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise IntegrityError("damaged file", where=str(path), why=f"{error}.") from error


def _read_sealed(path: pathlib.Path) -> bytes:
    """The content of a sealed file.

    Raises:
        InputError: There is no such file, it cannot be read, or it is not HDF5 or not of ours.
        IntegrityError: The seal is broken, or there is none.
    """
    refuse_special(path)
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError("no such file", where=str(path)) from error
    except OSError as error:
        raise InputError("cannot read", where=str(path), why=f"{error.strerror}.") from error
    if not is_hdf5(content):
        raise InputError("not an HDF5 file", where=str(path))
    if content.startswith(HDF5_MAGIC):  # ours begin with the seal
        raise InputError("not a file of diffeliash", where=str(path), why="another program wrote this HDF5 file.")
    if content[:SEAL_SIZE] != _seal(memoryview(content)[SEAL_SIZE:]):
        ours = content.startswith(SEAL)
        why = "its checksum does not match." if ours else "diffeliash did not write it, or its seal is damaged."
        raise IntegrityError("damaged file", where=str(path), why=why)
    return content


def _check_all(path: pathlib.Path, file: h5py.File, size: int) -> None:
    """Refuse what we never write, before any of it is read.

    Raises:
        IntegrityError: Naming it.
    """
    for name in map(str, file):
        where = f"{path}:{name}"
        if not isinstance(file.get(name, getlink=True), h5py.HardLink):
            raise IntegrityError("refused", where=where, why="it is a link, not data.")
        if file.get(name, getclass=True) is not h5py.Dataset:
            raise IntegrityError("refused", where=where, why="it is not an array of numbers.")
        _check_dataset(where, file[name], size)


def _values(dataset: Any) -> np.ndarray:
    return np.asarray(dataset[()])


def _check_dataset(where: str, dataset: Any, size: int) -> None:
    plan = dataset.id.get_create_plist()
    filters = [plan.get_filter(i)[0] for i in range(plan.get_nfilters())]
    reason = ""
    if dataset.dtype.kind not in "bifc":
        reason = "it is not an array of numbers."
    elif dataset.is_virtual or dataset.external:
        reason = "its data lie in another file."
    elif not set(filters) <= set(PLAIN_FILTERS):
        reason = f"it needs the filter {next(f for f in filters if f not in PLAIN_FILTERS)}, which we never use."
    elif dataset.size is None or dataset.size * dataset.dtype.itemsize > size * (
        COMPRESSION if h5py.h5z.FILTER_DEFLATE in filters else 1
    ):
        reason = "it claims to be larger than the file can hold."
    if reason:
        raise IntegrityError("refused", where=where, why=reason)


def read_attributes(path: pathlib.Path, file: h5py.File) -> dict[str, Any]:
    """Attributes of a file: strings and numbers, nothing else.

    Raises:
        IntegrityError: Another kind of attribute.
    """
    found = {}
    for name in map(str, file.attrs):
        kind = file.attrs.get_id(name)
        text = h5py.check_string_dtype(kind.dtype)
        if (
            kind.shape != ()
            or kind.get_storage_size() > LARGEST_ATTRIBUTE
            or (not text and kind.dtype.kind not in "bif")
        ):
            raise IntegrityError("refused", where=f"{path}:{name}", why="it is neither text nor a number.")
        value = file.attrs[name]
        found[name] = value.item() if isinstance(value, np.generic) else value
    return found
