"""Arrays with a header in one file: verified before it is used, and nothing in it is executed."""

import dataclasses
import hashlib
import json
import math
import pathlib
import reprlib
from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from pydantic import Field

from .._errors import InputError, IntegrityError
from .._headers import ShortText, header, parse_header, part_of_header
from .._inputs import LARGEST_INPUT, LARGEST_OWN_FILE, read_input
from ..data import software_versions, write_file

MAGIC = b"diffeliash checkpoint\n"
FORMAT_VERSION = 2

DAMAGE = "damaged checkpoint"

MOST_LEAVES = 10_000
"""Arrays in a file."""

DType = Literal["|b1", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8", "<c8", "<c16"]
"""Types of arrays, in a header."""

Shape = Annotated[tuple[Annotated[int, Field(ge=0, le=2**40)], ...], Field(max_length=32)]
"""Shapes of arrays, in a header."""


@header
@dataclasses.dataclass(frozen=True, kw_only=True)
class EnvelopeHeader:
    """What the header of every kind says; those of the kinds derive from it.

    Args:
        kind: What it is.
        format_version: Of the file.
        versions: Software that it was written with.
        leaves: Types and shapes of the arrays, in order.
    """

    kind: ShortText
    format_version: int
    versions: dict[ShortText, ShortText]
    leaves: Annotated[tuple[tuple[DType, Shape], ...], Field(max_length=MOST_LEAVES)]


@part_of_header
@dataclasses.dataclass(frozen=True, kw_only=True)
class _Stamp:
    kind: ShortText
    format_version: int


@part_of_header
@dataclasses.dataclass(frozen=True, kw_only=True)
class _AnyHeader(EnvelopeHeader):
    """Of a kind whose other fields are not asked for."""


_Header = TypeVar("_Header", bound=EnvelopeHeader)


def write_envelope(path: pathlib.Path, kind: str, header: dict[str, Any], tree: Any) -> None:
    """Write the leaves of a pytree: magic line, length of the header, JSON header, arrays, SHA-256 of all before.

    Args:
        path: Where to.
        kind: What it is: the same is asked for when it is read.
        header: What is said of it.
        tree: A pytree of arrays; the header lists their types and shapes in order.

    Raises:
        StorageError: The file cannot be written.
    """
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(tree)]
    ours = {
        "kind": kind,
        "format_version": FORMAT_VERSION,
        "versions": software_versions(),
        "leaves": [[leaf.dtype.str, leaf.shape] for leaf in leaves],
    }
    text = json.dumps(header | ours).encode()
    content = b"".join([MAGIC, len(text).to_bytes(8, "little"), text, *(leaf.tobytes() for leaf in leaves)])
    write_file(path, content + hashlib.sha256(content).digest())


def read_envelope(path: pathlib.Path, kind: str, schema: type[_Header]) -> tuple[_Header, list[np.ndarray]]:
    """The header and the arrays.

    Args:
        path: The file.
        kind: What it must be.
        schema: Of its header.

    Raises:
        InputError: There is no such file, it is something else, or of another format version.
        IntegrityError: The file is damaged, or a field of the header is not what it may be.
    """
    text, payload = _open(path)
    stamp = parse_header(_Stamp, text, str(path), what=DAMAGE)
    if stamp.format_version != FORMAT_VERSION:
        raise InputError("unknown format version", where=str(path), why=f"{stamp.format_version}.")
    if stamp.kind != kind:
        raise InputError(f"not a {kind}", where=str(path), why=f"it is a {reprlib.repr(stamp.kind)[1:-1]}.")
    found = parse_header(schema, text, str(path), what=DAMAGE)
    return found, _arrays(path, found, payload)


def _arrays(path: pathlib.Path, found: EnvelopeHeader, payload: memoryview) -> list[np.ndarray]:
    """The arrays of a file, whose sizes must be exactly what there is."""
    sizes = [math.prod(shape) * np.dtype(dtype).itemsize for dtype, shape in found.leaves]
    if sum(sizes) != len(payload):
        why = f"`leaves`: {sum(sizes)} bytes of arrays, but there are {len(payload)}."
        raise IntegrityError(DAMAGE, where=str(path), why=why)
    arrays, offset = [], 0
    for (dtype, shape), size in zip(found.leaves, sizes, strict=True):
        arrays.append(np.frombuffer(payload[offset : offset + size], dtype).reshape(shape))
        offset += size
    return arrays


def check_envelope(path: pathlib.Path) -> str:
    """Check the checksum and the sizes of the arrays, whatever the file is.

    Returns:
        Its kind; nothing if it is of another format version, of which only the checksum is known.

    Raises:
        InputError: There is no such file, or it is none of ours.
        IntegrityError: The file is damaged.
    """
    text, payload = _open(path)
    stamp = parse_header(_Stamp, text, str(path), what=DAMAGE)
    if stamp.format_version != FORMAT_VERSION:
        return ""
    _arrays(path, parse_header(_AnyHeader, text, str(path), what=DAMAGE), payload)
    return stamp.kind


def fill(skeleton: Any, arrays: Sequence[np.ndarray], path: pathlib.Path) -> Any:
    """A pytree with these arrays as its leaves.

    Args:
        skeleton: The same with abstract leaves.
        arrays: In order.
        path: Of the file, for the message.

    Raises:
        IntegrityError: They do not fit.
    """
    leaves, treedef = jax.tree.flatten(skeleton)
    if [(a.dtype, a.shape) for a in arrays] != [(np.dtype(leaf.dtype), leaf.shape) for leaf in leaves]:
        raise IntegrityError(DAMAGE, where=str(path), why="its arrays do not fit its configuration.")
    return jax.tree.unflatten(treedef, [jnp.asarray(array) for array in arrays])


def refuse_not_finite(tree: Any, path: pathlib.Path) -> None:
    """Weights are numbers.

    Raises:
        IntegrityError: One of them is not.
    """
    for leaf in map(np.asarray, jax.tree.leaves(tree)):
        if leaf.dtype.kind in "fc" and not np.all(np.isfinite(leaf)):
            raise IntegrityError(DAMAGE, where=str(path), why=f"a weight of its {leaf.shape} is not finite.")


def _open(path: pathlib.Path) -> tuple[bytes, memoryview]:
    """The text of the header and the bytes of the arrays."""
    content = memoryview(read_input(path, largest=LARGEST_OWN_FILE))
    agreeing = sum(a == b for a, b in zip(content[: len(MAGIC)], MAGIC, strict=False))
    if agreeing < len(MAGIC) // 2:
        raise InputError("not a diffeliash checkpoint", where=str(path))
    body, digest = content[:-32], content[-32:]
    if agreeing < len(MAGIC) or hashlib.sha256(body).digest() != digest:
        raise IntegrityError(DAMAGE, where=str(path), why="its checksum does not match.")
    start = len(MAGIC) + 8
    length = int.from_bytes(body[len(MAGIC) : start], "little")
    if length > min(len(body) - start, LARGEST_INPUT):
        why = f"its header is said to have {length} bytes, of {len(body)} in all."
        raise IntegrityError(DAMAGE, where=str(path), why=why)
    return bytes(body[start : start + length]), body[start + length :]
