"""HDF5 files that are sealed when written, and not trusted when read."""

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

SEAL_SIZE = 512
"""Bytes before the HDF5 part of a file: a user block, which HDF5 programs skip."""

SEAL = b"diffeliash HDF5 file, sealed\nSHA-256 of all that follows this block of 512 bytes:\n"

LARGEST_ATTRIBUTE = 2**20
"""No attribute of more bytes than this is read."""

ALWAYS_ALLOWED_NAMES = 4096
"""As many arrays or attributes are always allowed; more only in a file that has room for them."""

GLOBAL_HEAP_SIGNATURE = b"GCOL\x01\x00\x00\x00"
"""How a heap of texts begins."""

BYTES_PER_NAME = 256
"""What an array or an attribute takes at least in a file of ours."""

SMALLEST_CHUNK = 2**12
"""Bytes of the pieces of an array, on average, below which they are not of our making."""

NUMBERS = {"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", "c8", "c16"}
"""Types of arrays and attributes, without the order of their bytes."""

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


def with_numbered_names(results: Sequence[tuple[Fields, Attributes]]) -> tuple[Fields, Attributes]:
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
    with open_input(path) as file:
        return is_hdf5(file.read(SEAL_SIZE + len(HDF5_MAGIC)))


def read_hdf5(
    path: pathlib.Path, fields: Collection[str] | None = None
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays of numbers at the top of a file that `hdf5_bytes` made, and its attributes.

    The seal is checked first. It protects against accidents, not against malice, for which anyone can compute it: soft
    and external links, virtual and external storage, groups, all filters but the checksum, types other than numbers,
    pieces of odd sizes and arrays that together claim more than the file can hold are refused before any is read.

    Args:
        path: The file.
        fields: The names that are read, as far as they are there; all by default.

    Raises:
        InputError: There is no such file, it cannot be read, or it is not HDF5 or not of ours.
        IntegrityError: The file is damaged or holds what we never write.
    """
    return parse_hdf5(path, read_input(path, largest=LARGEST_OWN_FILE), fields)


def parse_hdf5(
    path: pathlib.Path, content: bytes, fields: Collection[str] | None = None
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The same from the content of a file."""
    _check_seal(path, content)
    check_global_heaps(path, content)
    with open_hdf5(path, io.BytesIO(content)) as file:
        _check_count(path, len(file), len(content))
        names = [name for name in map(str, file) if fields is None or name in fields]
        _check_all(path, file, names, len(content))
        return {name: _values(file[name]) for name in names}, read_attributes(path, file, len(content))


@contextlib.contextmanager
def open_hdf5(path: pathlib.Path, file: Any) -> Iterator[h5py.File]:
    """An HDF5 file that is read inside; for errors see `hdf5_errors`."""
    with hdf5_errors(path), h5py.File(file, "r") as opened:
        yield opened


@contextlib.contextmanager
def hdf5_errors(path: pathlib.Path) -> Iterator[None]:
    """Whatever the HDF5 library stumbles upon inside is damage.

    Raises:
        IntegrityError: Saying what.
    """
    try:
        yield
    except InputError:
        raise
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RuntimeError, ArithmeticError) as error:
        raise IntegrityError("damaged file", where=str(path), why=f"{error}.") from error


def _check_seal(path: pathlib.Path, content: bytes) -> None:
    """Is a file what was written?

    Raises:
        InputError: It is not HDF5 or not of ours.
        IntegrityError: The seal is broken, or there is none.
    """
    if not is_hdf5(content):
        raise InputError("not an HDF5 file", where=str(path))
    if content.startswith(HDF5_MAGIC):  # ours begin with the seal
        raise InputError("not a file of diffeliash", where=str(path), why="another program wrote this HDF5 file.")
    if content[:SEAL_SIZE] != _seal(memoryview(content)[SEAL_SIZE:]):
        ours = content.startswith(SEAL)
        why = "its checksum does not match." if ours else "diffeliash did not write it, or its seal is damaged."
        raise IntegrityError("damaged file", where=str(path), why=why)


def check_global_heaps(path: pathlib.Path, content: bytes) -> None:
    """Refuse heaps of texts in which the HDF5 library would go round for ever: it steps over a free space of size zero.

    Raises:
        IntegrityError: There is such a heap.
    """
    at, left = content.find(GLOBAL_HEAP_SIGNATURE), len(content) // 16  # as many entries as fit into a file
    while at >= 0:
        place, end = at + 16, at + int.from_bytes(content[at + 8 : at + 16], "little")
        while place + 16 <= min(end, len(content)):
            number = int.from_bytes(content[place : place + 2], "little")
            size = int.from_bytes(content[place + 8 : place + 16], "little")
            left -= 1
            if left < 0 or (number == 0 and size == 0):
                raise IntegrityError("damaged file", where=str(path), why="it has a heap without an end.")
            place += size if number == 0 else 16 + -(-size // 8) * 8
        at = content.find(GLOBAL_HEAP_SIGNATURE, at + len(GLOBAL_HEAP_SIGNATURE))


def _check_count(path: pathlib.Path, n: int, size: int) -> None:
    if n > max(ALWAYS_ALLOWED_NAMES, size // BYTES_PER_NAME):
        raise IntegrityError("refused", where=str(path), why=f"it has {n} names, more than such a file has room for.")


def _check_all(path: pathlib.Path, file: h5py.File, names: Sequence[str], size: int) -> None:
    """Refuse what we never write, before any of it is read.

    Raises:
        IntegrityError: Naming it.
    """
    claimed = 0
    for name in names:
        where = f"{path}:{name}"
        if not isinstance(file.get(name, getlink=True), h5py.HardLink):
            raise IntegrityError("refused", where=where, why="it is a link, not data.")
        if file.get(name, getclass=True) is not h5py.Dataset:
            raise IntegrityError("refused", where=where, why="it is not an array of numbers.")
        dataset: Any = file[name]
        _check_storage(where, dataset)
        claimed += dataset.size * dataset.dtype.itemsize
        if claimed > size:  # nothing is compressed
            raise IntegrityError("refused", where=where, why="it claims to be larger than the file can hold.")
        _check_chunks(where, dataset)


def _values(dataset: Any) -> np.ndarray:
    return np.asarray(dataset[()])


def _check_storage(where: str, dataset: Any) -> None:
    """Refuse what is not an array of numbers in this very file."""
    plan = dataset.id.get_create_plist()
    filters = {plan.get_filter(i)[0] for i in range(plan.get_nfilters())} - {h5py.h5z.FILTER_FLETCHER32}
    reason = ""
    if dataset.dtype.str[1:] not in NUMBERS or dataset.size is None:
        reason = "it is not an array of numbers."
    elif dataset.is_virtual or dataset.external:
        reason = "its data lie in another file."
    elif filters:
        reason = f"it needs the filter {min(filters)}, which we never use."
    if reason:
        raise IntegrityError("refused", where=where, why=reason)


def _check_chunks(where: str, dataset: Any) -> None:
    """Refuse pieces that take more memory than the array, or of which there are far too many."""
    if dataset.chunks is None:
        return
    n = np.prod([-(-length // size) for length, size in zip(dataset.shape, dataset.chunks, strict=True)], dtype=float)
    fit = all(size <= max(length, 1) for length, size in zip(dataset.shape, dataset.chunks, strict=True))
    if not fit or n > 1 + dataset.size * dataset.dtype.itemsize / SMALLEST_CHUNK:
        raise IntegrityError("refused", where=where, why=f"it is stored in odd pieces, {dataset.chunks}.")


def read_attributes(path: pathlib.Path, file: h5py.File, size: int) -> dict[str, Any]:
    """Attributes of a file: strings and numbers, nothing else.

    Args:
        path: For the message.
        file: Open.
        size: Of the file; all attributes together are no larger.

    Raises:
        IntegrityError: Another kind of attribute, or too large ones.
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
            raise IntegrityError("refused", where=where, why="it is larger than any that we write.")
    return found
