"""The shards of a data set: immutable files with the samples that were kept."""

import hashlib
import json
import pathlib
from typing import Any

import h5py
import numpy as np

from .._errors import InputError, IntegrityError
from ..physics import count_frequencies
from ._features import feature_grid, spectrum_grid
from ._files import refuse_special
from ._hdf5 import hdf5_bytes, read_attributes, read_hdf5
from ._manifest import Done, Manifest, ShardSummary
from ._schema import AXES, DONE, FORMAT_VERSION, STATUS, UNITS, samples_in_shard, shard_name, stored_fields


def shard_bytes(manifest: Manifest, shard: int, records: dict[str, np.ndarray]) -> tuple[ShardSummary, bytes]:
    """The file of a shard.

    Args:
        manifest: Of the data set.
        shard: Its number.
        records: All samples drawn for it, in order.

    Returns:
        What it holds, and the file.
    """
    status = records["status"].astype(np.int8)
    kept = status == STATUS.index("kept")
    fields = {name: values[kept] for name, values in records.items() if name != "status"}
    fields |= {"sample": np.flatnonzero(kept), "status": status}
    counts = count_statuses(status)
    summary = ShardSummary(content_digest(fields), counts)
    arrays = axes_of(manifest.config) | {name: fields[name] for name in UNITS if name in fields}
    attributes = {
        "format_version": FORMAT_VERSION,
        "shard": shard,
        "digest": summary.digest,
        "counts": json.dumps(counts),
        "manifest": manifest.text,
    }
    return summary, hdf5_bytes({name: (values, UNITS[name]) for name, values in arrays.items()}, attributes)


def count_statuses(status: np.ndarray) -> dict[str, int]:
    """Samples of each status, from their codes."""
    return {name: int(np.sum(status == code)) for code, name in enumerate(STATUS)}


def axes_of(config: dict[str, Any]) -> dict[str, np.ndarray]:
    """The energies of spectral and gap functions [meV] in the data set of a configuration."""
    family = config["family"]
    return {
        "omega_meV": spectrum_grid(family["omega_max"], family["n_points"]),
        "omega_real_meV": feature_grid(family["omega_max"], config["n_energies"]),
    }


def widths_of(config: dict[str, Any]) -> dict[str, Any]:
    """Numbers in a row of the fields that have more than one, in the data set of a configuration."""
    n_matsubara = count_frequencies(config["T"], config["matsubara_cutoff"])
    widths = {"a2f": config["family"]["n_points"]} | dict.fromkeys(("Delta_meV", "Z", "dos"), config["n_energies"])
    return widths | dict.fromkeys(("Delta_iw_meV", "Z_iw"), n_matsubara)


def read_shard(
    folder: pathlib.Path, manifest: Manifest, shard: int, done: Done | None = None
) -> tuple[dict[str, np.ndarray], ShardSummary]:
    """The arrays of a shard, and what it holds.

    Args:
        folder: Of the data set.
        manifest: Of the data set.
        shard: Its number.
        done: What the data set held when it was finished, if it was: the shard must be the one of then.

    Raises:
        InputError: It is missing or cannot be read.
        IntegrityError: It is damaged, another shard, of another data set, or not the one of then.
    """
    path = folder / shard_name(shard)
    arrays, attributes = read_hdf5(path)
    if attributes.get("manifest") != manifest.text:
        raise IntegrityError("foreign file", where=str(path), why="it belongs to another data set.")
    if attributes.get("shard") != shard:
        raise IntegrityError("swapped file", where=str(path), why=f"it is shard {attributes.get('shard')}.")
    _check_schema(path, manifest.config, arrays, shard)
    summary = _summary(path, attributes)
    if content_digest({name: values for name, values in arrays.items() if name not in AXES}) != summary.digest:
        raise IntegrityError("damaged file", where=str(path), why="its content has another digest.")
    if done and done.shards[shard] != summary:
        why = f"its content is not that of the finished data set, not what {DONE} says."
        raise IntegrityError("foreign file", where=str(path), why=why)
    return arrays, summary


def read_summary(folder: pathlib.Path, manifest: Manifest, shard: int) -> ShardSummary:
    """What a shard says that it holds, unchecked but for where it belongs; for errors see `read_shard`."""
    path = folder / shard_name(shard)
    refuse_special(path)
    try:
        with h5py.File(path, "r") as file:
            attributes = read_attributes(path, file)
    except FileNotFoundError as error:
        raise InputError("no such file", where=str(path)) from error
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        raise IntegrityError("damaged file", where=str(path), why=f"{error}.") from error
    if attributes.get("manifest") != manifest.text or attributes.get("shard") != shard:
        raise IntegrityError("foreign file", where=str(path), why="it is not this shard of this data set.")
    return _summary(path, attributes)


def _summary(path: pathlib.Path, attributes: dict[str, Any]) -> ShardSummary:
    try:
        counts = json.loads(attributes["counts"])
        return ShardSummary(attributes["digest"], {name: int(counts[name]) for name in STATUS})
    except (KeyError, ValueError, TypeError) as error:
        raise IntegrityError("damaged file", where=str(path), why="it has no summary.") from error


def _check_schema(path: pathlib.Path, config: dict[str, Any], arrays: dict[str, np.ndarray], shard: int) -> None:
    expected = {*AXES, "status", *stored_fields(config)}
    if set(arrays) != expected:
        odd = ", ".join(sorted(expected ^ set(arrays)))
        raise IntegrityError("damaged file", where=str(path), why=f"missing or not of a data set: {odd}.")
    kept = arrays["sample"].shape[:1]
    drawn = samples_in_shard(shard, config["num_samples"], config["shard_size"])
    widths = widths_of(config)
    for name in stored_fields(config):
        shape = arrays[name].shape
        if shape[:1] != kept or shape[1:] != ((widths[name],) if name in widths else ()):
            raise IntegrityError("damaged file", where=f"{path}:{name}", why=f"its shape is {shape}.")
    if arrays["status"].shape != (drawn,) or np.sum(arrays["status"] == STATUS.index("kept")) != kept[0]:
        raise IntegrityError("damaged file", where=f"{path}:status", why="it does not fit the samples.")


def content_digest(arrays: dict[str, np.ndarray]) -> str:
    """SHA-256 of named arrays: names, types, shapes and values."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {values.dtype.str} {values.shape};".encode())
        digest.update(values.data if values.size else b"")
    return digest.hexdigest()
