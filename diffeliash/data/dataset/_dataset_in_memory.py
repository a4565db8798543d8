"""A finished data set in memory: the fast way to read one."""

import dataclasses
import pathlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from jaxtyping import Complex, Float

from ..._errors import InputError, IntegrityError
from ..storage import COMPLEX_FIELDS, stored_fields
from ._manifest import CompletionRecord, Manifest, read_completion_record, read_manifest, repair_hint
from ._shard_files import axes_of, read_shard, widths_of

TRAINING_FIELDS = ("a2f", "Delta_meV", "Delta_iw_meV")
"""Fields that training needs."""

N_READERS = 4
"""Shards that are read and checked at once."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Dataset:
    """Stored samples of a data set, in memory.

    Args:
        config: The configuration it was generated with.
        digest: Of the content.
        omega: Grid of the spectral functions [meV].
        omega_real: Energies of the gap functions [meV].
        fields: Arrays with one row a sample, by their names; `number` is that of the sample among all drawn.
    """

    config: dict[str, Any]
    digest: str
    omega: Float[np.ndarray, " freq"]
    omega_real: Float[np.ndarray, " real"]
    fields: dict[str, np.ndarray]

    @property
    def a2f(self) -> Float[np.ndarray, "sample freq"]:
        """Spectral functions."""
        return self.fields["a2f"]

    @property
    def Delta(self) -> Complex[np.ndarray, "sample real"]:
        """Gap functions on the line omega + i broadening [meV]."""
        return self.fields["Delta_meV"]

    @property
    def Delta_iw(self) -> Float[np.ndarray, "sample matsubara"]:
        """Gap functions at the Matsubara frequencies [meV]."""
        return self.fields["Delta_iw_meV"]

    def __len__(self) -> int:
        return self.fields["number"].size


def read_dataset(folder: pathlib.Path, fields: Sequence[str] = TRAINING_FIELDS) -> Dataset:
    """Load a data set, checking all checksums; `DataSource` reads what does not fit into memory.

    Args:
        folder: Of `generate`.
        fields: Which ones; by default `a2f`, `Delta_meV` and `Delta_iw_meV`. There are also `Z`, `dos`, `Z_iw`,
            `lambda_ep`, `omega_log_meV`, `omega_2_meV`, `error`, `cauchy`, `sample`, and `T_c_K` if it was asked for.

    Raises:
        InputError: The folder is no data set, unfinished, of another format version, without such a field, or larger
            than the memory.
        IntegrityError: A shard is damaged, missing or foreign.
    """
    folder = pathlib.Path(folder)
    manifest = read_manifest(folder)
    done = read_completion_record(folder, manifest)
    fields = check_fields(manifest, fields)
    _refuse_too_large(folder, manifest.config, done.counts["kept"], fields)

    def load(shard: int) -> dict[str, np.ndarray]:
        arrays = read_finished_shard(folder, manifest, shard, done)
        number = shard * manifest.config["shard_size"] + arrays["sample"]
        return {name: arrays[name] for name in fields} | {"number": number}

    with ThreadPoolExecutor(N_READERS) as pool:
        shards = list(pool.map(load, range(manifest.n_shards)))
    omega, omega_real = axes_of(manifest.config).values()
    return Dataset(
        config=manifest.config,
        digest=done.digest,
        omega=omega,
        omega_real=omega_real,
        fields={name: np.concatenate([shard.pop(name) for shard in shards]) for name in ("number", *fields)},
    )


def check_fields(manifest: Manifest, fields: Sequence[str]) -> tuple[str, ...]:
    """The fields asked for.

    Raises:
        InputError: The data set does not have one of them.
    """
    fields = (fields,) if isinstance(fields, str) else fields
    there = stored_fields(manifest.config)
    unknown = [name for name in fields if name not in there]
    if unknown:
        raise InputError(f"no field {', '.join(unknown)}", why=f"the data set has {', '.join(there)}.")
    return tuple(dict.fromkeys(fields))


def read_finished_shard(
    folder: pathlib.Path, manifest: Manifest, shard: int, done: CompletionRecord
) -> dict[str, np.ndarray]:
    """A shard of a finished data set, with the content that it was finished with.

    Raises:
        IntegrityError: It is damaged, missing or foreign.
    """
    try:
        return read_shard(folder, manifest, shard, done)[0]
    except (InputError, IntegrityError) as error:
        raise IntegrityError(error.what, where=error.where, why=error.why, hint=repair_hint(folder)) from error


def _refuse_too_large(folder: pathlib.Path, config: dict[str, Any], n: int, fields: Sequence[str]) -> None:
    """Refuse more than fits, parts and whole together."""
    widths = widths_of(config)
    needed = 2 * n * 8 * sum(widths.get(name, 1) * (2 if name in COMPLEX_FIELDS else 1) for name in (*fields, "number"))
    available = available_memory()
    if available is not None and needed > available:
        raise InputError(
            "the data set does not fit into memory", where=str(folder),
            why=f"{needed / 2**30:.1f} GiB are needed, {available / 2**30:.1f} GiB are free.",
            hint="Ask for fewer fields, or read samples one by one with diffeliash.DataSource.",
        )  # fmt: skip


def available_memory() -> int | None:
    """Bytes that a process can still have, where the system says so."""
    try:
        lines = pathlib.Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration, ValueError):
        return None
