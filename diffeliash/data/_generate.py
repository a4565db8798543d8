"""Random data sets: draw, solve, continue, accept, store."""

import dataclasses
import hashlib
import json
import pathlib
import shutil
import tempfile
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from .._errors import StorageError
from ..physics import MSC, FullMatsubara, batched, continue_gap, count_frequencies, map_materials, solve_gap
from ._families import ComplexFamily
from ._features import N_ENERGIES, feature_grid
from ._schema import FORMAT_VERSION, MANIFEST, STATUS, UNITS, shard_name
from ._storage import hdf5_bytes, software_versions, write_file

FAMILIES = {"complex": ComplexFamily}
"""The families by their names on the command line."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class GenerateConfig:
    r"""What decides the content of a data set.

    Args:
        family: Where the spectral functions come from.
        num_samples: Samples drawn; those that are accepted are stored.
        seed: Of the random numbers.
        T: Temperature [K].
        mu_star: Coulomb pseudopotential at `omega_c`.
        omega_c: Coulomb cutoff [meV].
        matsubara_cutoff: Cutoff of the Matsubara sums [meV].
        broadening: Distance $\Gamma$ of the line $\omega + i\Gamma$ from the real axis [meV].
        n_energies: Energies of the gap function, from 0 to 3.5 times the end of the spectral function.
        max_error: A sample is rejected if the estimated error of the continuation is larger, relative to the largest
            $|\Delta|$.
        shard_size: Samples drawn per file.
    """

    family: ComplexFamily = dataclasses.field(default_factory=ComplexFamily)
    num_samples: int = 1000
    seed: int = 0
    T: float = 1.16
    mu_star: float = 0.1
    omega_c: float = 100.0
    matsubara_cutoff: float = 220.0
    broadening: float = 0.1
    n_energies: int = N_ENERGIES
    max_error: float = 1e-6
    shard_size: int = 1024

    def __post_init__(self):
        names = ("num_samples", "T", "omega_c", "matsubara_cutoff", "broadening", "shard_size", "max_error")
        bad = [f"`{name}` must be positive, got {getattr(self, name)}" for name in names if not getattr(self, name) > 0]
        if self.n_energies < 2:
            bad.append(f"`n_energies` must be at least 2, got {self.n_energies}")
        if not 0 <= self.mu_star <= 1:
            bad.append(f"`mu_star` must lie in [0, 1], got {self.mu_star}")
        if self.matsubara_cutoff < self.family.omega_max:
            bad.append(f"`matsubara_cutoff` must not lie below the spectrum, got {self.matsubara_cutoff} meV")
        if self.seed < 0:
            bad.append(f"`seed` must not be negative, got {self.seed}")
        if bad:
            raise ValueError("; ".join(bad) + ".")

    def as_dict(self) -> dict[str, Any]:
        """The configuration as JSON can hold it, the family with its name."""
        return dataclasses.asdict(self) | {
            "family": {"name": _family_name(self.family)} | dataclasses.asdict(self.family)
        }


def _family_name(family: ComplexFamily) -> str:
    return next(name for name, kind in FAMILIES.items() if type(family) is kind)


@dataclasses.dataclass(frozen=True, kw_only=True)
class GenerateReport:
    """What became of the samples of one data set."""

    n_requested: int
    n_kept: int
    n_normal: int
    n_rejected: int
    seconds: float
    digest: str


def sample_record(config: GenerateConfig, key: PRNGKeyArray) -> dict[str, Any]:
    """One sample from its key: spectrum, solution on both axes, status. A pure function of its arguments."""
    frequencies = FullMatsubara(count_frequencies(config.T, config.matsubara_cutoff))
    spectrum = config.family.sample_spectrum(key)
    sol = solve_gap(
        spectrum,
        config.T,
        mu_star=config.mu_star,
        omega_c=config.omega_c,
        matsubara_cutoff=config.matsubara_cutoff,
        frequencies=frequencies,
    )
    grid = feature_grid(config.family.omega_max, config.n_energies)
    real = continue_gap(sol, spectrum, grid, broadening=config.broadening, method=MSC(rtol=config.max_error))
    status = jnp.where(real.error <= config.max_error, STATUS.index("kept"), STATUS.index("inaccurate"))
    status = jnp.where(real.converged | (real.error > config.max_error), status, STATUS.index("not converged"))
    status = jnp.where(sol.superconducting, status, STATUS.index("normal"))
    return {
        "a2f": spectrum.a2f,
        "Delta_meV": real.Delta,
        "Z": real.Z,
        "dos": real.dos,
        "Delta_iw_meV": sol.Delta,
        "Z_iw": sol.Z,
        "error": real.error,
        "status": status,
    }


def generate(
    config: GenerateConfig, folder: pathlib.Path, *, progress: Callable[[dict[str, int]], None] = lambda counts: None
) -> GenerateReport:
    """Fill a new folder with a data set; an interrupted run leaves nothing.

    Sample j of shard i depends on the configuration, the seed, i and j only.

    Args:
        config: What to generate.
        folder: Does not exist yet, or is empty.
        progress: Told the number of samples of each status so far, after every chunk.

    Raises:
        StorageError: The folder is not empty or cannot be written.
    """
    _refuse_occupied(folder)
    started = time.perf_counter()
    partial = _partial_folder(folder)
    counts: dict[str, int] = dict.fromkeys(STATUS, 0)
    record = batched(lambda key: sample_record(config, key))
    digests = []
    try:
        for shard in range(-(-config.num_samples // config.shard_size)):
            records = _generate_shard(config, shard, record, counts, progress)
            digests.append(content_digest(records))
            write_file(partial / shard_name(shard), _shard_bytes(config, shard, records, digests[-1]))
        report = _report(config, counts, digests, time.perf_counter() - started)
        manifest = {
            "format_version": FORMAT_VERSION,
            "config": config.as_dict(),
            "versions": software_versions(),
            "shards": digests,
            "counts": counts,
            "digest": report.digest,
        }
        write_file(partial / MANIFEST, json.dumps(manifest, indent=2).encode())
        _move_into_place(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return report


def _refuse_occupied(folder: pathlib.Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StorageError("will not overwrite", where=str(folder), why="it exists and is not empty.",
                           hint="Choose another name or remove it.")  # fmt: skip


def _partial_folder(folder: pathlib.Path) -> pathlib.Path:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        return pathlib.Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.partial-"))
    except OSError as error:
        raise StorageError("cannot write", where=str(folder), why=f"{error.strerror}.") from error


def _move_into_place(partial: pathlib.Path, folder: pathlib.Path) -> None:
    try:
        partial.chmod(0o755)
        partial.replace(folder)
    except OSError as error:
        raise StorageError("cannot write", where=str(folder), why=f"{error.strerror}.") from error


def _generate_shard(
    config: GenerateConfig,
    shard: int,
    record: Callable[[Any], dict[str, Any]],
    counts: dict[str, int],
    progress: Callable[[dict[str, int]], None],
) -> dict[str, np.ndarray]:
    """The accepted samples of one shard, and the status of all."""
    n = min(config.shard_size, config.num_samples - shard * config.shard_size)
    shard_key = jax.random.fold_in(jax.random.key(config.seed), shard)
    keys = jax.vmap(lambda j: jax.random.fold_in(shard_key, j))(jnp.arange(n))
    parts = []
    for part, records in map_materials(record, keys, chunks_per_call=1):  # a chunk takes a while: show how it goes
        kept = records["status"] == STATUS.index("kept")
        index = np.arange(part.start, part.stop)[kept]
        parts.append({name: values[kept] for name, values in records.items()} | {"sample": index})
        parts[-1]["status"] = records["status"].astype(np.int8)
        for code, name in enumerate(STATUS):
            counts[name] += int(np.sum(records["status"] == code))
        progress(counts)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _shard_bytes(config: GenerateConfig, shard: int, records: dict[str, np.ndarray], digest: str) -> bytes:
    axes = {
        "omega_meV": config.family.omega,
        "omega_real_meV": feature_grid(config.family.omega_max, config.n_energies),
    }
    attributes = {
        "format_version": FORMAT_VERSION,
        "config": json.dumps(config.as_dict()),
        "versions": json.dumps(software_versions()),
        "status_names": json.dumps(STATUS),
        "shard": shard,
        "digest": digest,
    }
    return hdf5_bytes({name: (values, UNITS[name]) for name, values in (axes | records).items()}, attributes)


def content_digest(arrays: dict[str, np.ndarray]) -> str:
    """SHA-256 of named arrays: names, types, shapes and values."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {values.dtype.str} {values.shape};".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def dataset_digest(config: dict[str, Any], shards: list[str]) -> str:
    """SHA-256 of a whole data set from its configuration and the digests of its shards."""
    return hashlib.sha256(json.dumps([config, shards], sort_keys=True).encode()).hexdigest()


def _report(config: GenerateConfig, counts: dict[str, int], digests: list[str], seconds: float) -> GenerateReport:
    return GenerateReport(
        n_requested=config.num_samples,
        n_kept=counts["kept"],
        n_normal=counts["normal"],
        n_rejected=counts["not converged"] + counts["inaccurate"],
        seconds=seconds,
        digest=dataset_digest(config.as_dict(), digests),
    )
