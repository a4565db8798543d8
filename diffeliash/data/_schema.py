"""The names, units and version of everything in a data set."""

from typing import Final

FORMAT_VERSION = 2
"""Readers refuse any other."""

MANIFEST = "manifest.json"
"""Written last: a folder without it is not a data set."""

STATUS: Final[tuple[str, ...]] = ("kept", "normal", "not converged", "inaccurate")
"""What became of a sample, by its code in `status`: stored; Delta = 0; solver failed; continuation not exact enough."""

UNITS = {
    "omega_meV": "meV",
    "omega_real_meV": "meV",
    "a2f": "1",
    "Delta_meV": "meV",
    "Z": "1",
    "dos": "1",
    "Delta_iw_meV": "meV",
    "Z_iw": "1",
    "error": "1",
    "sample": "1",
    "status": "1",
}
"""Fields of a shard. Gap functions are on the line omega + i broadening; `status` has a row for every sample drawn,
`sample` the numbers of those stored."""

STORED = ("a2f", "Delta_meV", "Z", "dos", "Delta_iw_meV", "Z_iw", "error", "sample")
"""Fields with one row a stored sample."""


def shard_name(shard: int) -> str:
    """File name of a shard."""
    return f"shard-{shard:05d}.h5"
