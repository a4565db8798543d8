"""The names, units and version of everything in a data set."""

from typing import Any, Final

FORMAT_VERSION = 3
"""Readers refuse any other."""

MANIFEST = "manifest.json"
"""Written first: what the data set is to be."""

DONE = "DONE"
"""Written last: a folder without it is not a finished data set."""

LOCK = ".lock"
"""What writers lock, byte by byte: the right to write each shard."""

STATUS_NAMES: Final[tuple[str, ...]] = ("kept", "normal", "not converged", "inaccurate", "inconsistent")
"""What became of a sample, by its code in `status`: stored; gap function zero; no solution on the imaginary axis; error
too large (of a continuation that is not converged, too); real and imaginary axis disagree (Cauchy test)."""

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
"""Fields of a shard. Gap functions are on the line omega + i broadening; `status` has a row for every sample drawn,
`sample` the numbers j of those stored within their shard."""

COMPLEX_FIELDS = ("Delta_meV", "Z")
"""Fields with complex numbers."""

GRID_FIELDS = ("omega_meV", "omega_real_meV")
"""Fields that all samples share."""


def stored_fields(config: dict[str, Any]) -> tuple[str, ...]:
    """Fields with one row a stored sample, in the data set of a configuration."""
    return tuple(
        name for name in UNITS if name not in (*GRID_FIELDS, "status") and (name != "T_c_K" or config["with_T_c"])
    )


def count_shards(num_samples: int, shard_size: int) -> int:
    """Number of shards of a data set."""
    return -(-num_samples // shard_size)


def samples_in_shard(shard: int, num_samples: int, shard_size: int) -> int:
    """Samples drawn for a shard: the last one may have fewer."""
    return min(shard_size, num_samples - shard * shard_size)


SHARD_PATTERN = "shard-*.h5"
"""Pattern of the names of shards."""


def shard_name(shard: int) -> str:
    """File name of a shard."""
    return f"shard-{shard:05d}.h5"
