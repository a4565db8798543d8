"""The shards of a data set: files with the stored samples, which never change."""

import dataclasses
import hashlib
import json
import os
import pathlib
from typing import Any

import numpy as np
from pydantic import Json

from ..._errors import IntegrityError
from ..._headers import Count, Digest, header, parse_header
from ..._inputs import open_input
from ...physics import count_frequencies
from .._features import feature_grid, spectrum_grid
from ..storage import (
    COMPLEX_FIELDS,
    DONE,
    FORMAT_VERSION,
    GRID_FIELDS,
    STATUS_NAMES,
    UNITS,
    hdf5_bytes,
    open_hdf5,
    read_attributes,
    read_hdf5,
    samples_in_shard,
    shard_name,
    stored_fields,
)
from ._manifest import CompletionRecord, Manifest, SampleCounts, ShardSummary


@header
@dataclasses.dataclass(frozen=True, kw_only=True)
class _ShardHeader:
    format_version: int
    shard: Count
    digest: Digest
    counts: Json[SampleCounts]
    manifest: str


def shard_bytes(manifest: Manifest, shard: int, records: dict[str, np.ndarray]) -> tuple[ShardSummary, bytes]:
    """Make the content of a shard.

    Args:
        manifest: Manifest of the data set.
        shard: Number of the shard, from 0.
        records: Arrays with one row for each sample drawn, in order, by field name.

    Returns:
        Digest and counts of the shard, and the content of its file.
    """
    status = records["status"].astype(np.int8)
    kept = status == STATUS_NAMES.index("kept")
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
    """Return the number of samples of each status from an array of status codes."""
    return {name: int(np.sum(status == code)) for code, name in enumerate(STATUS_NAMES)}


def axes_of(config: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return the energy grids of spectral and gap functions [meV] of a data set from its configuration."""
    family = config["family"]
    return {
        "omega_meV": spectrum_grid(family["omega_max"], family["n_points"]),
        "omega_real_meV": feature_grid(family["omega_max"], config["n_energies"]),
    }


def widths_of(config: dict[str, Any]) -> dict[str, Any]:
    """Return the row lengths of the fields with more than one number per sample, from the configuration."""
    n_matsubara = count_frequencies(config["T"], config["matsubara_cutoff"])
    widths = {"a2f": config["family"]["n_points"]} | dict.fromkeys(("Delta_meV", "Z", "dos"), config["n_energies"])
    return widths | dict.fromkeys(("Delta_iw_meV", "Z_iw"), n_matsubara)


def read_shard(
    folder: pathlib.Path, manifest: Manifest, shard: int, done: CompletionRecord | None = None
) -> tuple[dict[str, np.ndarray], ShardSummary]:
    """Read and check a shard.

    Args:
        folder: Folder of the data set.
        manifest: Manifest of the data set.
        shard: Number of the shard, from 0.
        done: Completion record, if the data set is finished; the shard must have the digest given there.

    Returns:
        Arrays by field name, and digest and counts of the shard.

    Raises:
        InputError: The file is missing or cannot be read.
        IntegrityError: The file is damaged, is another shard or one of another data set, or does not have the digest of
            the completion record.
    """
    path = folder / shard_name(shard)
    arrays, attributes = read_hdf5(path)
    summary = _summary(path, manifest, shard, attributes)
    _check_schema(path, manifest.config, arrays, shard)
    if count_statuses(arrays["status"]) != summary.counts:
        raise IntegrityError("damaged file", where=f"{path}:counts", why="they do not agree with `status`.")
    if content_digest({name: values for name, values in arrays.items() if name not in GRID_FIELDS}) != summary.digest:
        raise IntegrityError("damaged file", where=str(path), why="its content has another digest.")
    if done and done.shards[shard] != summary:
        why = f"its content is not that of the finished data set, not what {DONE} says."
        raise IntegrityError("foreign file", where=str(path), why=why)
    return arrays, summary


def read_summary(folder: pathlib.Path, manifest: Manifest, shard: int) -> ShardSummary:
    """Read digest and counts from the header of a shard, without reading its arrays; for errors see `read_shard`."""
    path = folder / shard_name(shard)
    with open_input(path) as file, open_hdf5(path, file) as opened:
        attributes = read_attributes(path, opened, file.seek(0, os.SEEK_END))
    return _summary(path, manifest, shard, attributes)


def _summary(path: pathlib.Path, manifest: Manifest, shard: int, attributes: dict[str, Any]) -> ShardSummary:
    """Return digest and counts from the attributes of a shard, which must be this shard of this data set."""
    if attributes.get("manifest") != manifest.text:
        raise IntegrityError("foreign file", where=str(path), why="it belongs to another data set.")
    found = parse_header(_ShardHeader, json.dumps(attributes), str(path))
    if found.shard != shard:
        raise IntegrityError("misplaced file", where=str(path), why=f"it is shard {found.shard}.")
    drawn = samples_in_shard(shard, manifest.config["num_samples"], manifest.config["shard_size"])
    if found.format_version != FORMAT_VERSION or sum(found.counts.values()) != drawn:
        why = f"`format_version` or `counts` do not fit a shard of {drawn} samples."
        raise IntegrityError("damaged file", where=str(path), why=why)
    return ShardSummary(found.digest, found.counts)


def _check_schema(path: pathlib.Path, config: dict[str, Any], arrays: dict[str, np.ndarray], shard: int) -> None:
    expected = {*GRID_FIELDS, "status", *stored_fields(config)}
    if set(arrays) != expected:
        odd = ", ".join(sorted(expected ^ set(arrays)))
        raise IntegrityError("damaged file", where=str(path), why=f"missing or not of a data set: {odd}.")
    drawn = samples_in_shard(shard, config["num_samples"], config["shard_size"])
    kept = arrays["sample"].shape[:1]
    widths = widths_of(config) | {name: axis.size for name, axis in axes_of(config).items()}
    for name, values in arrays.items():
        rows = {"status": (drawn,)}.get(name, () if name in GRID_FIELDS else kept)
        shape = (*rows, widths[name]) if name in widths else rows
        kind = {"status": "i", "sample": "i"}.get(name, "c" if name in COMPLEX_FIELDS else "f")
        if values.shape != shape or values.dtype.kind != kind:
            raise IntegrityError("damaged file", where=f"{path}:{name}", why=f"it is {values.dtype}{values.shape}.")
        if name != "T_c_K" and not np.all(np.isfinite(values)):
            raise IntegrityError("damaged file", where=f"{path}:{name}", why="a value is not finite.")
    there = np.flatnonzero(arrays["status"] == STATUS_NAMES.index("kept"))
    if not np.array_equal(arrays["sample"], there):
        raise IntegrityError("damaged file", where=f"{path}:status", why="it does not fit the samples.")


def content_digest(arrays: dict[str, np.ndarray]) -> str:
    """Return the SHA-256 digest of named arrays: names, types, shapes and values."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {values.dtype.str} {values.shape};".encode())
        digest.update(values.data if values.size else b"")
    return digest.hexdigest()
