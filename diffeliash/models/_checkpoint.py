"""A predictor in one file: verified before it is used, and nothing in it is executed."""

import dataclasses
import hashlib
import json
import pathlib
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._errors import InputError, IntegrityError
from ..data import software_versions, write_file
from ._predictor import Predictor, PredictorConfig, Standardization
from ._setting import Setting

MAGIC = b"diffeliash checkpoint\n"
FORMAT_VERSION = 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A trained predictor with everything needed to use it.

    Args:
        model: The predictor.
        config: Its shape.
        setting: What it was trained for.
        origin: How it came about: training configuration, digest of the data, metrics.
    """

    model: Predictor
    config: PredictorConfig
    setting: Setting
    origin: dict[str, Any]


def write_checkpoint(path: pathlib.Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint: magic line, length of the header, JSON header, arrays, SHA-256 of all before.

    Raises:
        StorageError: The file cannot be written.
    """
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(checkpoint.model)]
    header = {
        "format_version": FORMAT_VERSION,
        "config": dataclasses.asdict(checkpoint.config),
        "setting": dataclasses.asdict(checkpoint.setting),
        "origin": checkpoint.origin,
        "versions": software_versions(),
        "leaves": [[leaf.dtype.str, leaf.shape] for leaf in leaves],
    }
    text = json.dumps(header).encode()
    content = b"".join([MAGIC, len(text).to_bytes(8, "little"), text, *(leaf.tobytes() for leaf in leaves)])
    write_file(path, content + hashlib.sha256(content).digest())


def read_checkpoint(path: str | pathlib.Path) -> Checkpoint:
    """Read a checkpoint back.

    Raises:
        InputError: There is no such file, it is no checkpoint, or of another format version.
        IntegrityError: The file is damaged.
    """
    path = pathlib.Path(path)
    header, payload = _open_envelope(path)
    if header.get("format_version") != FORMAT_VERSION:
        raise InputError("unknown format version", where=str(path), why=f"{header.get('format_version')}.")
    config = PredictorConfig(**header["config"] | {"hidden_sizes": tuple(header["config"]["hidden_sizes"])})
    skeleton = eqx.filter_eval_shape(_untrained, config)
    leaves, treedef = jax.tree.flatten(skeleton)
    stated = [(np.dtype(dtype), tuple(shape)) for dtype, shape in header["leaves"]]
    if stated != [(leaf.dtype, leaf.shape) for leaf in leaves]:
        raise IntegrityError("damaged checkpoint", where=str(path), why="its arrays do not fit its configuration.")
    arrays, offset = [], 0
    for dtype, shape in stated:
        count = int(np.prod(shape))
        arrays.append(jnp.asarray(np.frombuffer(payload, dtype, count, offset).reshape(shape)))
        offset += count * dtype.itemsize
    model = jax.tree.unflatten(treedef, arrays)
    return Checkpoint(model=model, config=config, setting=Setting(**header["setting"]), origin=header["origin"])


def _open_envelope(path: pathlib.Path) -> tuple[dict[str, Any], bytes]:
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


def _untrained(config: PredictorConfig) -> Predictor:
    inputs, outputs = jnp.zeros(config.input_size, jnp.float32), jnp.zeros(config.output_size, jnp.float32)
    scaling = Standardization(inputs, inputs, outputs, jnp.zeros((), jnp.float32))
    return Predictor(config, scaling, jax.random.key(0))
