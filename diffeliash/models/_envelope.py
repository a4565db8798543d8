"""The file format of checkpoints: arrays with a JSON header and a checksum, checked before use, nothing executed.

It is called envelope, because it is the same around whatever is stored: networks, training states, the results of the
stages of `diffeliash reproduce`. What the arrays mean is known to the modules that write and read these. Unlike a
pickle, a file contains no code. A file consists of a line that identifies the format (`MAGIC`), the length of the
header, the header as JSON, the bytes of the arrays, and the SHA-256 of everything before.
"""

import dataclasses
import hashlib
import json
import math
import pathlib
import reprlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar

import equinox as eqx
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

MAX_LEAVES = 10_000
"""Largest number of arrays in a file."""

DType = Literal["|b1", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8", "<c8", "<c16"]
"""The types of arrays that a header may name, as NumPy spells them."""

Shape = Annotated[tuple[Annotated[int, Field(ge=0, le=2**40)], ...], Field(max_length=32)]
"""The shapes of arrays that a header may have."""


@header
@dataclasses.dataclass(frozen=True, kw_only=True)
class EnvelopeHeader:
    """The fields that the headers of all kinds of files have; each kind derives its header from this one.

    Args:
        kind: Kind of the file, for example "predictor".
        format_version: Version of the file format.
        versions: Versions of the software that wrote the file.
        leaves: Types and shapes of the arrays, in order.
    """

    kind: ShortText
    format_version: int
    versions: dict[ShortText, ShortText]
    leaves: Annotated[tuple[tuple[DType, Shape], ...], Field(max_length=MAX_LEAVES)]


@part_of_header
@dataclasses.dataclass(frozen=True, kw_only=True)
class _KindAndVersion:
    """The fields that decide how the rest of the header is read."""

    kind: ShortText
    format_version: int


@part_of_header
@dataclasses.dataclass(frozen=True, kw_only=True)
class _AnyHeader(EnvelopeHeader):
    """A header of any kind, of which only the common fields are read."""


_Header = TypeVar("_Header", bound=EnvelopeHeader)


def write_envelope(path: pathlib.Path, kind: str, header: dict[str, Any], tree: Any) -> None:
    """Write the leaves of a pytree to a file, with a header.

    Args:
        path: The file.
        kind: Kind of the file, which the reader checks.
        header: Fields of the header besides the common ones.
        tree: A pytree of arrays.

    Raises:
        StorageError: The file cannot be written.
    """
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(tree) if _is_array(leaf)]
    common = {
        "kind": kind,
        "format_version": FORMAT_VERSION,
        "versions": software_versions(),
        "leaves": [[leaf.dtype.str, leaf.shape] for leaf in leaves],
    }
    text = json.dumps(header | common).encode()
    content = b"".join([MAGIC, len(text).to_bytes(8, "little"), text, *(leaf.tobytes() for leaf in leaves)])
    write_file(path, content + hashlib.sha256(content).digest())


def read_envelope(path: pathlib.Path, kind: str, schema: type[_Header]) -> tuple[_Header, list[np.ndarray]]:
    """Read the header and the arrays of a file.

    Args:
        path: The file.
        kind: The kind that it must have.
        schema: The class of its header.

    Raises:
        InputError: There is no such file, it is of another kind, or it has an unknown format version.
        IntegrityError: The file is damaged, or a field of the header is invalid.
    """
    return read_one_of(path, {kind: schema})


def read_one_of(path: pathlib.Path, schemas: Mapping[str, type[_Header]]) -> tuple[_Header, list[np.ndarray]]:
    """Read the header and the arrays of a file of one of several kinds.

    Args:
        path: The file.
        schemas: The kinds that it may have, the first one for messages, and the class of the header of each.

    Raises:
        InputError: There is no such file, it is of another kind, or it has an unknown format version.
        IntegrityError: The file is damaged, or a field of the header is invalid.
    """
    text, payload = _open(path)
    stamp = parse_header(_KindAndVersion, text, str(path), what=DAMAGE)
    if stamp.format_version != FORMAT_VERSION:
        raise InputError(
            "unknown format version",
            where=str(path),
            why=f"the file has version {stamp.format_version}, this program reads version {FORMAT_VERSION}.",
            hint="Use the version of diffeliash that wrote it, or write it again.",
        )
    if stamp.kind not in schemas:
        why = f"it is a file of the kind {reprlib.repr(stamp.kind)}."
        raise InputError(f"not a file of the kind '{next(iter(schemas))}'", where=str(path), why=why)
    found = parse_header(schemas[stamp.kind], text, str(path), what=DAMAGE)
    return found, _arrays(path, found, payload)


def _arrays(path: pathlib.Path, found: EnvelopeHeader, payload: memoryview) -> list[np.ndarray]:
    """Split the bytes of the arrays as the header states; no byte may be missing or left over."""
    sizes = [math.prod(shape) * np.dtype(dtype).itemsize for dtype, shape in found.leaves]
    if sum(sizes) != len(payload):
        why = f"its header (`leaves`) states {sum(sizes)} bytes of arrays, but there are {len(payload)}."
        raise IntegrityError(DAMAGE, where=str(path), why=why)
    arrays, offset = [], 0
    for (dtype, shape), size in zip(found.leaves, sizes, strict=True):
        arrays.append(np.frombuffer(payload[offset : offset + size], dtype).reshape(shape))
        offset += size
    return arrays


def check_envelope(path: pathlib.Path) -> str:
    """Check the checksum, the header and the sizes of the arrays of a file of any kind.

    Returns:
        Its kind, or the empty string if it has an unknown format version, where only the checksum can be checked.

    Raises:
        InputError: There is no such file, or it is not in this format.
        IntegrityError: The file is damaged.
    """
    text, payload = _open(path)
    stamp = parse_header(_KindAndVersion, text, str(path), what=DAMAGE)
    if stamp.format_version != FORMAT_VERSION:
        return ""
    _arrays(path, parse_header(_AnyHeader, text, str(path), what=DAMAGE), payload)
    return stamp.kind


def fill(skeleton: Any, arrays: Sequence[np.ndarray], path: pathlib.Path) -> Any:
    """Build a pytree with the arrays of a file as its leaves.

    A file holds the arrays in order but not how they belong together. This is known from the configuration in its
    header: the reader builds a network from that, whose weights do not matter, and this function replaces them.

    Args:
        skeleton: A pytree of the structure that the result shall have, with leaves of the same types and shapes.
        arrays: The leaves of the result, in the order of `jax.tree.leaves`.
        path: The file they come from, for the message.

    Raises:
        IntegrityError: The types or shapes of the arrays differ from those of the skeleton.
    """
    leaves, treedef = jax.tree.flatten(skeleton)
    if [(a.dtype, a.shape) for a in arrays] != [(np.dtype(leaf.dtype), leaf.shape) for leaf in leaves]:
        raise IntegrityError(DAMAGE, where=str(path), why="its arrays do not fit its configuration.")
    return jax.tree.unflatten(treedef, [jnp.asarray(array) for array in arrays])


def fill_arrays(skeleton: Any, arrays: Sequence[np.ndarray], path: pathlib.Path) -> Any:
    """The same for a pytree with other leaves than arrays, such as functions, which stay as they are."""
    dynamic, static = eqx.partition(skeleton, _is_array)
    return eqx.combine(fill(dynamic, arrays, path), static)


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array | np.ndarray | np.generic | jax.ShapeDtypeStruct)


def check_finite_weights(tree: Any, path: pathlib.Path) -> None:
    """Check that all weights of a network are finite.

    Raises:
        IntegrityError: One of them is not.
    """
    for leaf in map(np.asarray, filter(_is_array, jax.tree.leaves(tree))):
        if leaf.dtype.kind in "fc" and not np.all(np.isfinite(leaf)):
            why = f"an array of shape {leaf.shape} has values that are not finite."
            raise IntegrityError(DAMAGE, where=str(path), why=why)


def _open(path: pathlib.Path) -> tuple[bytes, memoryview]:
    """Check identification and checksum of a file, and return the text of its header and the bytes of its arrays.

    A file of which at least half of the identification agrees counts as a damaged checkpoint, any other as a file of
    another kind.
    """
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
        why = f"the stated length of its header is {length} bytes, but the file has {len(body)}."
        raise IntegrityError(DAMAGE, where=str(path), why=why)
    return bytes(body[start : start + length]), body[start + length :]
