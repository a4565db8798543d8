"""Arrays with a header in one file: verified before it is used, and nothing in it is executed."""

import hashlib
import json
import pathlib
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .._errors import InputError, IntegrityError
from ..data import software_versions, write_file

MAGIC = b"diffeliash checkpoint\n"
FORMAT_VERSION = 2


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


def read_envelope(path: pathlib.Path, kind: str) -> tuple[dict[str, Any], list[np.ndarray]]:
    """The header and the arrays.

    Raises:
        InputError: There is no such file, it is something else, or of another format version.
        IntegrityError: The file is damaged.
    """
    header, payload = _open(path)
    if header.get("format_version") != FORMAT_VERSION:
        raise InputError("unknown format version", where=str(path), why=f"{header.get('format_version')}.")
    if header.get("kind") != kind:
        raise InputError(f"not a {kind}", where=str(path), why=f"it is a {header.get('kind')}.")
    arrays, offset = [], 0
    for dtype, shape in ((np.dtype(dtype), tuple(shape)) for dtype, shape in header["leaves"]):
        count = int(np.prod(shape))
        arrays.append(np.frombuffer(payload, dtype, count, offset).reshape(shape))
        offset += count * dtype.itemsize
    return header, arrays


def check_envelope(path: pathlib.Path) -> None:
    """Check the checksum, whatever the file is.

    Raises:
        InputError: There is no such file, or it is none of ours.
        IntegrityError: The file is damaged.
    """
    _open(path)


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
        raise IntegrityError("damaged checkpoint", where=str(path), why="its arrays do not fit its configuration.")
    return jax.tree.unflatten(treedef, [jnp.asarray(array) for array in arrays])


def _open(path: pathlib.Path) -> tuple[dict[str, Any], bytes]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError("cannot read checkpoint", where=str(path), why=f"{error.strerror}.") from error
    agreeing = sum(a == b for a, b in zip(content, MAGIC, strict=False))
    if agreeing < len(MAGIC) // 2:
        raise InputError("not a diffeliash checkpoint", where=str(path))
    body, digest = content[:-32], content[-32:]
    if agreeing < len(MAGIC) or hashlib.sha256(body).digest() != digest:
        raise IntegrityError("damaged checkpoint", where=str(path), why="its checksum does not match.")
    start = len(MAGIC) + 8
    end = start + int.from_bytes(body[len(MAGIC) : start], "little")
    return json.loads(body[start:end]), body[end:]
