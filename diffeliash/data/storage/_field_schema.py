"""Format of data sets: version, names of files and fields, units."""

from typing import Any, Final

FORMAT_VERSION = 3
"""Version of the format; readers refuse other versions."""

MANIFEST = "manifest.json"
"""Name of the file with the configuration, which is written first."""

DONE = "DONE"
"""Name of the file with the digests of all shards, which is written last: without it a data set is unfinished."""

LOCK = ".lock"
"""Name of the lock file: the lock on byte s is the right to write shard s."""

STATUS_NAMES: Final[tuple[str, ...]] = ("kept", "normal", "not converged", "inaccurate", "inconsistent")
"""Outcome of a sample, by its code in the field `status`.

The sample is stored (`kept`); its gap function is zero (`normal`); the equations on the imaginary axis have no
converged solution; the estimated error is too large, or the continuation did not converge (`inaccurate`); the solutions
on the real and the imaginary axis disagree by the Cauchy test (`inconsistent`).
"""

UNITS = {
    "omega_meV": "meV",
    "omega_real_meV": "meV",
    "a2f": "1",
    "Delta_meV": "meV",
    "Z": "1",
    "dos": "1",
    "Delta_iw_meV": "meV",
    "Z_iw": "1",
    "lambda_ep": "1",
    "omega_log_meV": "meV",
    "omega_2_meV": "meV",
    "T_c_K": "K",
    "error": "1",
    "cauchy": "1",
    "sample": "1",
    "status": "1",
}
"""Units of the fields of a shard. `Delta_meV`, `Z` and `dos` are given at omega + i broadening; `status` has a row for
every sample drawn, all other fields one for every sample stored; `sample` is its number j within the shard."""

COMPLEX_FIELDS = ("Delta_meV", "Z")
"""Fields of complex numbers."""

GRID_FIELDS = ("omega_meV", "omega_real_meV")
"""Fields with the energy grids, which all samples share."""


def stored_fields(config: dict[str, Any]) -> tuple[str, ...]:
    """Return the names of the fields that have one row for each stored sample, for a given configuration."""
    return tuple(
        name for name in UNITS if name not in (*GRID_FIELDS, "status") and (name != "T_c_K" or config["with_T_c"])
    )


def count_shards(num_samples: int, shard_size: int) -> int:
    """Return the number of shards of a data set."""
    return -(-num_samples // shard_size)


def samples_in_shard(shard: int, num_samples: int, shard_size: int) -> int:
    """Return the number of samples drawn for a shard; the last shard may have fewer than the others."""
    return min(shard_size, num_samples - shard * shard_size)


SHARD_PATTERN = "shard-*.h5"
"""Pattern of the file names of shards."""


def shard_name(shard: int) -> str:
    """Return the file name of a shard."""
    return f"shard-{shard:05d}.h5"
