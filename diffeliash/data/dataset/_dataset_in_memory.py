"""Reading of a whole data set into memory."""

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
"""Fields that are read by default, those that training needs."""

N_READERS = 4
"""Number of threads that read and check shards."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Dataset:
    """Stored samples of a data set, in memory.

    Args:
        config: The configuration it was generated with.
        digest: SHA-256 digest of configuration and content.
        omega: Energy grid of the spectral functions, shape (n_points,) [meV].
        omega_real: Energies of the gap functions, shape (n_energies,) [meV].
        fields: Arrays with one row for each stored sample, by field name. The extra field `number` counts all samples
            drawn, stored or not, over all shards.
    """

    config: dict[str, Any]
    digest: str
    omega: Float[np.ndarray, " freq"]
    omega_real: Float[np.ndarray, " real"]
    fields: dict[str, np.ndarray]

    @property
    def a2f(self) -> Float[np.ndarray, "sample freq"]:
        """Spectral functions a2F, dimensionless."""
        return self.fields["a2f"]

    @property
    def Delta(self) -> Complex[np.ndarray, "sample real"]:
        """Gap functions at omega_real + i broadening [meV]."""
        return self.fields["Delta_meV"]

    @property
    def Delta_iw(self) -> Float[np.ndarray, "sample matsubara"]:
        """Gap functions at the positive Matsubara frequencies [meV]."""
        return self.fields["Delta_iw_meV"]

    def __len__(self) -> int:
        return self.fields["number"].size


def read_dataset(folder: pathlib.Path, fields: Sequence[str] = TRAINING_FIELDS) -> Dataset:
    """Read a finished data set into memory and verify all of its checksums.

    `DataSource` reads data sets that do not fit into memory.

    Args:
        folder: Folder of the data set, made by `generate`.
        fields: Names of the fields to read; by default `a2f`, `Delta_meV` and `Delta_iw_meV`. There are also `Z`,
            `dos`, `Z_iw`, `lambda_ep`, `omega_log_meV`, `omega_2_meV`, `error`, `cauchy`, `sample`, and `T_c_K` if the
            data set was generated with `with_T_c`.

    Returns:
        The stored samples, in the order in which they were drawn, with one row each: a2F, shape (sample, n_points),
        dimensionless; `Delta_meV`, complex, and `Z`, complex, and `dos`, shape (sample, n_energies), on the line above
        the real axis; `Delta_iw_meV` and `Z_iw`, shape (sample, matsubara); the others of shape (sample,). Names end in
        the unit; fields without one are dimensionless. All values are in double precision (64-bit numbers, complex ones
        as two of these), `sample` and `number` are integers.

    Raises:
        InputError: The folder is not a data set, is unfinished, has another format version or no such field, or the
            fields do not fit into memory.
        IntegrityError: A shard is damaged, missing, or belongs to another data set.
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
    """Return the names of the requested fields, without duplicates.

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
    """Read a shard of a finished data set.

    Raises:
        IntegrityError: The shard is damaged, missing, or not the one that the completion record describes.
    """
    try:
        return read_shard(folder, manifest, shard, done)[0]
    except (InputError, IntegrityError) as error:
        raise IntegrityError(error.what, where=error.where, why=error.why, hint=repair_hint(folder)) from error


def _refuse_too_large(folder: pathlib.Path, config: dict[str, Any], n: int, fields: Sequence[str]) -> None:
    """Refuse fields that do not fit into memory: the arrays of the shards together with the concatenated ones."""
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
    """Return the available memory [bytes], or `None` on systems that do not report it."""
    try:
        lines = pathlib.Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration, ValueError):
        return None
