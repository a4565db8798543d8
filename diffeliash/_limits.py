"""Upper limits of arguments, shared by the library and the command line. This module does not import JAX."""

import itertools
import math
from collections.abc import Mapping
from typing import Any

LARGEST_INTEGER = 2**63 - 1
"""Largest seed, and limit of integers that have no limit of their own."""

LARGEST_BASE_SEED = 2**62
"""Largest seed of a run that also uses the seeds that follow it."""

LARGEST_ENERGY = 1e5
"""Upper limit of energies and gap functions [meV], far above those of any superconductor."""

LARGEST_DOS = 1e6
"""Upper limit of a density of states, in units of the normal-state one."""

LARGEST_CONFIG = 2**20
"""Size limit of configuration files [bytes]."""

MOST_EPOCHS = 10**6

LARGEST_NOISE = 1e3
"""Upper limit of the noise added to inputs, relative to the largest value of each input."""

LARGEST_PCC_LOSS = 2.0
"""Largest possible 1 - PCC (Pearson correlation coefficient), that of a function and its negative."""

TOTAL_VARIANCE = 1.0
"""Exclusive upper limit of the fraction of the variance that an autoencoder may lose."""

LARGEST_BATCH = 2**20
"""Largest number of rows in a training batch."""

MOST_NEURONS = 2**16
"""Largest number of neurons in a layer of a network, bottlenecks included."""

MOST_WEIGHTS = 2**28
"""Largest number of weights of a network (1 GiB in float32); training keeps several copies of them."""

MOST_LAYERS = 100

MOST_FEATURES = 10**6
"""Largest number of inputs or outputs of a network."""

MOST_LABELS = 10**9
"""Largest number of labeled samples that can be asked for."""

LARGEST_SHARD = 2**18
"""Largest number of samples drawn for one shard; building it takes some GiB of memory."""

MOST_SHARDS = 10**6
"""Largest number of shards in a data set."""

FEWEST_A2F_POINTS, MOST_A2F_POINTS = 8, 2048
"""Range of the number of grid points of a2F in an inversion, whose steps factorize matrices of this size."""

MOST_ENERGIES = 10**5
"""Largest number of energies of the data of an inversion."""

FEWEST_SAMPLES, MOST_SAMPLES = 2, 10**5
"""Range of the number of posterior samples of a2F drawn for error bars."""

MOST_NUMBERS = 4 * 10**7
"""Largest number of elements of a matrix in an inversion: grid points times energies or samples (0.3 GiB)."""


def unphysical_magnitude(values: Any, *, is_dos: bool) -> str:
    """Return a message if gap functions [meV] or densities of states are impossibly large, else an empty string."""
    limit, unit = (LARGEST_DOS, "") if is_dos else (LARGEST_ENERGY, " meV")
    largest = max(abs(values.real).max(), abs(values.imag).max()) if values.size else 0.0
    largest = abs(values).max() if 0 < largest <= limit else largest  # the modulus of very large numbers would overflow
    return "" if largest <= limit else f"reaches {largest:.3g}{unit}, more than {limit:g}{unit}"


def too_large(config: Any, largest: Mapping[str, float | int]) -> list[str]:
    """Return one message for each field of a configuration that exceeds its limit."""
    return [
        f"`{name}` must be at most {limit:g}, got {getattr(config, name)}"
        for name, limit in largest.items()
        if getattr(config, name) > limit
    ]


def too_wide(name: str, sizes: tuple[int, ...]) -> list[str]:
    """Return messages if the layer sizes of a network are not allowed: too many, out of range, or too many weights."""
    if len(sizes) > MOST_LAYERS or not all(type(size) is int and 1 <= size <= MOST_NEURONS for size in sizes):
        shown = f"{sizes}" if len(sizes) <= MOST_LAYERS else f"{len(sizes)} of them"
        return [f"`{name}` must be at most {MOST_LAYERS} integers from 1 to {MOST_NEURONS}, got {shown}"]
    weights = sum(map(math.prod, itertools.pairwise(sizes)))
    return [f"`{name}` must not need more than {MOST_WEIGHTS} weights, got {weights}"] if weights > MOST_WEIGHTS else []


def too_much_for_inversion(n_points: int, *, n_samples: int = 0, n_energies: int = 0) -> list[str]:
    """Return one message for each matrix of an inversion that would be too large."""
    return [
        f"{n_points} points with {n} {what} need a matrix of more than {MOST_NUMBERS:g} numbers"
        for n, what in ((n_samples, "samples"), (n_energies, "energies"))
        if n_points * n > MOST_NUMBERS
    ]
