"""Reading a data set back, whole, and splitting it."""

import dataclasses
import json
import pathlib
from typing import Any

import numpy as np
from jaxtyping import Complex, Float

from .._errors import InputError, IntegrityError
from ._generate import content_digest, dataset_digest
from ._schema import FORMAT_VERSION, MANIFEST, STORED, shard_name
from ._storage import read_hdf5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Dataset:
    """All stored samples of a data set, in memory.

    Args:
        config: The configuration it was generated with.
        digest: Of the content.
        omega: Grid of the spectral functions [meV].
        omega_real: Energies of the gap functions [meV].
        a2f: Spectral functions.
        Delta: Gap functions on the line omega + i broadening [meV].
        Delta_iw: Gap functions at the Matsubara frequencies [meV].
    """

    config: dict[str, Any]
    digest: str
    omega: Float[np.ndarray, " freq"]
    omega_real: Float[np.ndarray, " real"]
    a2f: Float[np.ndarray, "sample freq"]
    Delta: Complex[np.ndarray, "sample real"]
    Delta_iw: Float[np.ndarray, "sample matsubara"]

    def __len__(self) -> int:
        return self.a2f.shape[0]


def read_dataset(folder: pathlib.Path) -> Dataset:
    """Load a data set, checking its digests.

    Raises:
        InputError: The folder is no data set, or of another format version.
        IntegrityError: A shard is damaged, missing or foreign.
    """
    manifest = _read_manifest(folder)
    shards = [_read_shard(folder, number, digest) for number, digest in enumerate(manifest["shards"])]
    if dataset_digest(manifest["config"], manifest["shards"]) != manifest["digest"]:
        raise IntegrityError("damaged data set", where=str(folder / MANIFEST), why="its digest does not match.")
    rows = {name: np.concatenate([shard[name] for shard in shards]) for name in STORED}
    return Dataset(
        config=manifest["config"],
        digest=manifest["digest"],
        omega=shards[0]["omega_meV"],
        omega_real=shards[0]["omega_real_meV"],
        a2f=rows["a2f"],
        Delta=rows["Delta_meV"],
        Delta_iw=rows["Delta_iw_meV"],
    )


def verify_dataset(folder: pathlib.Path) -> list[str]:
    """Every problem of a data set, one line each; empty if it is whole.

    Raises:
        InputError: The folder is no data set, or of another format version.
    """
    manifest = _read_manifest(folder)
    problems = []
    for number, digest in enumerate(manifest["shards"]):
        try:
            _read_shard(folder, number, digest)
        except (InputError, IntegrityError) as error:
            problems.append(str(error))
    if dataset_digest(manifest["config"], manifest["shards"]) != manifest["digest"]:
        problems.append(f"{folder / MANIFEST}: its digest does not match.")
    return problems


def _read_manifest(folder: pathlib.Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.is_file():
        hint = "Give a folder that `diffeliash generate` wrote."
        raise InputError("not a data set", where=str(folder), why=f"there is no {MANIFEST} in it.", hint=hint)
    try:
        manifest = json.loads(path.read_text())
        version, _ = manifest["format_version"], (manifest["config"], manifest["shards"], manifest["digest"])
    except (ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise IntegrityError("damaged data set", where=str(path), why="it is not a manifest.") from error
    if version != FORMAT_VERSION:
        raise InputError("unknown format", where=str(path), why=f"version {version}, this reads {FORMAT_VERSION}.")
    return manifest


def _read_shard(folder: pathlib.Path, number: int, digest: str) -> dict[str, np.ndarray]:
    path = folder / shard_name(number)
    arrays, _ = read_hdf5(path)
    missing = {"omega_meV", "omega_real_meV", "status", *STORED} - set(arrays)
    if missing:
        raise IntegrityError("damaged data set", where=str(path), why=f"{', '.join(sorted(missing))} missing.")
    if content_digest({name: arrays[name] for name in (*STORED, "status")}) != digest:
        raise IntegrityError("damaged data set", where=str(path), why="its content has another digest.")
    return arrays


@dataclasses.dataclass(frozen=True)
class Split:
    """Row numbers of the three parts of a data set."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def split_rows(n: int, seed: int) -> Split:
    """A random split into 81 % training, 9 % validation and 10 % test rows.

    Raises:
        InputError: Fewer than 12 rows: a part would be empty.
    """
    n_test, n_validation = round(0.10 * n), round(0.09 * n)
    if min(n_test, n_validation) < 1:
        raise InputError(f"{n} samples are too few to split 81/9/10.", hint="Generate at least 12 that are kept.")
    order = np.random.default_rng(seed).permutation(n)
    return Split(
        train=np.sort(order[n_test + n_validation :]),
        validation=np.sort(order[n_test : n_test + n_validation]),
        test=np.sort(order[:n_test]),
    )
