"""How much can be asked for: checked by the library, and by the command line before JAX is loaded (this loads none)."""

import itertools
import math
from collections.abc import Mapping
from typing import Any

MOST_WHOLE = 2**63 - 1
"""The largest seed, and the largest of other whole numbers that have no limit of their own."""

LARGEST_FIRST_SEED = 2**62
"""Where the seeds that follow are used too."""

LARGEST_ENERGY = 1e5
"""Electrons, phonons and gaps of superconductors lie far below this energy [meV]."""

LARGEST_DOS = 1e6
"""No density of states is measured, or computed on a line above the real axis, that is larger, in units of the normal
metal's."""

LARGEST_CONFIG = 2**20
"""Bytes of the configuration of a run."""

MOST_EPOCHS = 10**6

LARGEST_NOISE = 1e3
"""In units of the largest value of what it is added to, which is long gone by then."""

WORST_PREDICTION = 2.0
"""1 - PCC of a function and its negative."""

ALL_VARIANCE = 1.0
"""Who may lose all of it has nothing to find."""

LARGEST_BATCH = 2**20
"""Rows per update."""

MOST_NEURONS = 2**16
"""In a layer of a network, bottlenecks included."""

MOST_WEIGHTS = 2**28
"""Between the layers of a network, of which training needs several copies: 1 GiB each."""

MOST_LAYERS = 100

MOST_FEATURES = 10**6
"""Numbers that go into a network or come out of it."""

MOST_LABELS = 10**9
"""More than any data set has."""

LARGEST_SHARD = 2**18
"""Samples in a file of a data set, which takes some GiB of memory to build."""

MOST_SHARDS = 10**6
"""Files in a folder."""

FEWEST_A2F_POINTS, MOST_A2F_POINTS = 8, 2048
"""Points of an a2F that is looked for: every step of an inversion factorizes matrices of this size."""

MOST_ENERGIES = 10**5
"""Energies of a measured function."""

FEWEST_SAMPLES, MOST_SAMPLES = 2, 10**5
"""Spectral functions drawn for error bars."""

MOST_NUMBERS = 4 * 10**7
"""In a matrix of an inversion: points by energies, or points by samples. A third of a GiB."""


def beyond_any_metal(values: Any, *, is_dos: bool) -> str:
    """What is wrong with the size of a density of states or a gap function, an array, if anything is."""
    limit, unit = (LARGEST_DOS, "") if is_dos else (LARGEST_ENERGY, " meV")
    largest = max(abs(values.real).max(), abs(values.imag).max()) if values.size else 0.0
    largest = abs(values).max() if 0 < largest <= limit else largest  # which may not be representable if they are large
    return "" if largest <= limit else f"reaches {largest:.3g}{unit}, more than {limit:g}{unit}"


def too_large(config: Any, largest: Mapping[str, float | int]) -> list[str]:
    """Which fields of a configuration are larger than they may be."""
    return [
        f"`{name}` must be at most {limit:g}, got {getattr(config, name)}"
        for name, limit in largest.items()
        if getattr(config, name) > limit
    ]


def too_wide(name: str, sizes: tuple[int, ...]) -> list[str]:
    """What is wrong with the sizes of the layers of a network, if anything is."""
    if len(sizes) > MOST_LAYERS or not all(type(size) is int and 1 <= size <= MOST_NEURONS for size in sizes):
        shown = f"{sizes}" if len(sizes) <= MOST_LAYERS else f"{len(sizes)} of them"
        return [f"`{name}` must be at most {MOST_LAYERS} whole numbers from 1 to {MOST_NEURONS}, got {shown}"]
    weights = sum(map(math.prod, itertools.pairwise(sizes)))
    return [f"`{name}` must not need more than {MOST_WEIGHTS} weights, got {weights}"] if weights > MOST_WEIGHTS else []


def too_much_for_inversion(n_points: int, *, n_samples: int = 0, n_energies: int = 0) -> list[str]:
    """Which matrices of an inversion would be too large."""
    return [
        f"{n_points} points with {n} {what} are more than {MOST_NUMBERS:g} numbers"
        for n, what in ((n_samples, "samples"), (n_energies, "energies"))
        if n_points * n > MOST_NUMBERS
    ]
