"""HDF5 files with a checksum over the whole file (the seal), whose content is validated when they are read."""

import contextlib
import hashlib
import io
import pathlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import h5py
import numpy as np

from ..._errors import InputError, IntegrityError
from ..._inputs import LARGEST_OWN_FILE, open_input, read_input

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
"""First bytes of the HDF5 format."""

SEAL_SIZE = 512
"""Size of the seal [bytes]: an HDF5 user block before the HDF5 part of a file, which HDF5 programs skip."""

SEAL = b"diffeliash HDF5 file, sealed\nSHA-256 of all that follows this block of 512 bytes:\n"
"""First bytes of the seal; the checksum follows."""

LARGEST_ATTRIBUTE = 2**20
"""Size limit of an attribute [bytes]."""

ALWAYS_ALLOWED_NAMES = 4096
"""Number of arrays or attributes that any file may have; larger files may have more."""

GLOBAL_HEAP_SIGNATURE = b"GCOL\x01\x00\x00\x00"
"""First bytes of a global heap collection, in which HDF5 stores strings."""

BYTES_PER_NAME = 256
"""Smallest size of an array or attribute in the files that this module writes."""

SMALLEST_CHUNK = 2**12
"""Smallest average chunk size of an array that is accepted [bytes]; this module writes larger ones."""

NUMBERS = {"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", "c8", "c16"}
"""Accepted types of arrays and attributes, without the byte order."""

CHUNK_BYTES = 2**16
"""Approximate size of the chunks in which arrays are stored, each with its own Fletcher-32 checksum."""


Fields = dict[str, tuple[Any, str]]
"""Values and unit of every array, by name."""

Attributes = dict[str, Any]
"""Attributes of a file (strings and numbers), by name."""


def hdf5_bytes(arrays: Mapping[str, tuple[Any, str]], attributes: Mapping[str, Any]) -> bytes:
    """Return the content of a sealed HDF5 file.

    The file is made in memory, since an HDF5 file on disk is unreadable if its writer is killed.

    Args:
        arrays: Values and unit of every array, by name. The unit is stored as an attribute of the array.
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


def with_numbered_names(results: Sequence[tuple[Fields, Attributes]]) -> tuple[Fields, Attributes]:
    """Merge the arrays and attributes of several results; with more than one, names get the suffixes `_0`, `_1`, ..."""
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
    """Whether the content of a file is HDF5, or a damaged HDF5 file of this package."""
    at = content.find(HDF5_MAGIC, 0, SEAL_SIZE + len(HDF5_MAGIC))
    return at in (0, SEAL_SIZE) or content.startswith(SEAL[: SEAL.index(b",")])


def is_hdf5_file(path: pathlib.Path) -> bool:
    """Whether a file on disk is HDF5; see `is_hdf5`.

    Raises:
        InputError: The file cannot be read.
    """
    with open_input(path) as file:
        return is_hdf5(file.read(SEAL_SIZE + len(HDF5_MAGIC)))


def read_hdf5(
    path: pathlib.Path, fields: Collection[str] | None = None
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read arrays and attributes from the root group of a file that `hdf5_bytes` made.

    The seal is checked first. It detects accidental damage, but not forgery, since anyone can compute a checksum.
    Therefore everything that `hdf5_bytes` never writes is refused before any array is read: soft and external links,
    virtual and external storage, groups, filters other than Fletcher-32, types other than numbers, chunks of unusual
    sizes, and arrays that together claim more bytes than the file has.

    Args:
        path: The file.
        fields: Names of the arrays to read, if they exist; all arrays by default.

    Returns:
        Arrays by name, and attributes by name.

    Raises:
        InputError: The file does not exist, cannot be read, is not HDF5, or was written by another program.
        IntegrityError: The file is damaged, or contains something that `hdf5_bytes` never writes.
    """
    return parse_hdf5(path, read_input(path, largest=LARGEST_OWN_FILE), fields)


def parse_hdf5(
    path: pathlib.Path, content: bytes, fields: Collection[str] | None = None
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Parse the content of a file as `read_hdf5` does; `path` is named in error messages."""
    _check_seal(path, content)
    check_global_heaps(path, content)
    with open_hdf5(path, io.BytesIO(content)) as file:
        _check_count(path, len(file), len(content))
        names = [name for name in map(str, file) if fields is None or name in fields]
        _check_all(path, file, names, len(content))
        return {name: _values(file[name]) for name in names}, read_attributes(path, file, len(content))


@contextlib.contextmanager
def open_hdf5(path: pathlib.Path, file: Any) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading in a `with` block; for errors see `hdf5_errors`."""
    with hdf5_errors(path), h5py.File(file, "r") as opened:
        yield opened


@contextlib.contextmanager
def hdf5_errors(path: pathlib.Path) -> Iterator[None]:
    """Convert the errors that the HDF5 library raises on damaged files, within a `with` block.

    Raises:
        IntegrityError: The library raised an error; the message contains its text.
    """
    try:
        yield
    except InputError:
        raise
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RuntimeError, ArithmeticError) as error:
        raise IntegrityError("damaged file", where=str(path), why=f"{error}.") from error


def _check_seal(path: pathlib.Path, content: bytes) -> None:
    """Check that the checksum in the seal is that of the file.

    Raises:
        InputError: The file is not HDF5, or was written by another program.
        IntegrityError: The checksum does not match, or the seal is damaged or missing.
    """
    if not is_hdf5(content):
        raise InputError("not an HDF5 file", where=str(path))
    if content.startswith(HDF5_MAGIC):  # a file of this package begins with the seal
        raise InputError("not a file of diffeliash", where=str(path), why="another program wrote this HDF5 file.")
    if content[:SEAL_SIZE] != _seal(memoryview(content)[SEAL_SIZE:]):
        ours = content.startswith(SEAL)
        why = (
            "its checksum does not match."
            if ours
            else "diffeliash did not write it, or its header with the checksum is damaged."
        )
        raise IntegrityError("damaged file", where=str(path), why=why)


def check_global_heaps(path: pathlib.Path, content: bytes) -> None:
    """Refuse global heaps on which the HDF5 library would loop forever, because it steps over free space of size zero.

    Raises:
        IntegrityError: The file contains such a heap.
    """
    at, left = content.find(GLOBAL_HEAP_SIGNATURE), len(content) // 16  # an upper bound of the number of entries
    while at >= 0:
        place, end = at + 16, at + int.from_bytes(content[at + 8 : at + 16], "little")
        while place + 16 <= min(end, len(content)):
            number = int.from_bytes(content[place : place + 2], "little")
            size = int.from_bytes(content[place + 8 : place + 16], "little")
            left -= 1
            if left < 0 or (number == 0 and size == 0):
                raise IntegrityError("damaged file", where=str(path), why="it has a global heap without an end.")
            place += size if number == 0 else 16 + -(-size // 8) * 8
        at = content.find(GLOBAL_HEAP_SIGNATURE, at + len(GLOBAL_HEAP_SIGNATURE))


def _check_count(path: pathlib.Path, n: int, size: int) -> None:
    if n > max(ALWAYS_ALLOWED_NAMES, size // BYTES_PER_NAME):
        raise IntegrityError(
            "refused", where=str(path), why=f"it has {n} arrays or attributes, more than a file of this size can hold."
        )


def _check_all(path: pathlib.Path, file: h5py.File, names: Sequence[str], size: int) -> None:
    """Refuse arrays that `hdf5_bytes` never writes, before any of them is read.

    Raises:
        IntegrityError: There is such an array; the message names it.
    """
    claimed = 0
    for name in names:
        where = f"{path}:{name}"
        if not isinstance(file.get(name, getlink=True), h5py.HardLink):
            raise IntegrityError("refused", where=where, why="it is a link, not an array.")
        if file.get(name, getclass=True) is not h5py.Dataset:
            raise IntegrityError("refused", where=where, why="it is not an array of numbers.")
        dataset: Any = file[name]
        _check_storage(where, dataset)
        claimed += dataset.size * dataset.dtype.itemsize
        if claimed > size:  # arrays are never compressed
            raise IntegrityError("refused", where=where, why="it claims to be larger than the file can hold.")
        _check_chunks(where, dataset)


def _values(dataset: Any) -> np.ndarray:
    return np.asarray(dataset[()])


def _check_storage(where: str, dataset: Any) -> None:
    """Refuse a dataset that is not an array of numbers stored in this file."""
    plan = dataset.id.get_create_plist()
    filters = {plan.get_filter(i)[0] for i in range(plan.get_nfilters())} - {h5py.h5z.FILTER_FLETCHER32}
    reason = ""
    if dataset.dtype.str[1:] not in NUMBERS or dataset.size is None:
        reason = "it is not an array of numbers."
    elif dataset.is_virtual or dataset.external:
        reason = "its data lie in another file."
    elif filters:
        reason = f"it needs the HDF5 filter {min(filters)}, which diffeliash never uses."
    if reason:
        raise IntegrityError("refused", where=where, why=reason)


def _check_chunks(where: str, dataset: Any) -> None:
    """Refuse chunks that are larger than the array, or far too many."""
    if dataset.chunks is None:
        return
    n = np.prod([-(-length // size) for length, size in zip(dataset.shape, dataset.chunks, strict=True)], dtype=float)
    fit = all(size <= max(length, 1) for length, size in zip(dataset.shape, dataset.chunks, strict=True))
    if not fit or n > 1 + dataset.size * dataset.dtype.itemsize / SMALLEST_CHUNK:
        raise IntegrityError("refused", where=where, why=f"it is stored in chunks of unusual shape, {dataset.chunks}.")


def read_attributes(path: pathlib.Path, file: h5py.File, size: int) -> dict[str, Any]:
    """Return the attributes of a file, which must be strings and numbers.

    Args:
        path: The file, named in error messages.
        file: The open file.
        size: Its size [bytes], which the attributes together must not exceed.

    Raises:
        IntegrityError: An attribute is of another type or too large.
    """
    found, left = {}, size
    _check_count(path, len(file.attrs), size)
    for name in map(str, file.attrs):
        where, kind = f"{path}:{name}", file.attrs.get_id(name)
        text = h5py.check_string_dtype(kind.dtype)
        number = kind.dtype.str[1:] in NUMBERS and kind.dtype.kind != "c"
        if kind.shape != () or not (number or (text and text.length is None)):
            raise IntegrityError("refused", where=where, why="it is neither text nor a number.")
        value = file.attrs[name]
        found[name] = value.item() if isinstance(value, np.generic) else value
        if not isinstance(found[name], str | bool | int | float):
            raise IntegrityError("refused", where=where, why="it is neither text nor a number.")
        length = len(value) if isinstance(value, str) else 0
        left -= length
        if length > LARGEST_ATTRIBUTE or left < 0:
            raise IntegrityError("refused", where=where, why="it is larger than any that diffeliash writes.")
    return found
