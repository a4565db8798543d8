r"""The portion of a set of functions that another set covers (App. D and Table II of arXiv:2007.07512).

With the distance $d(a, b) = \sum_\omega |a - b| / \sum_\omega |a|$, a set $\{g_n\}$ has the characteristic distance

$$ l_n = \max_i \min_{j \ne i} d(g_{n,i}, g_{n,j}), $$

and covers a function $g_o$ if $\min_j d(g_o, g_{n,j}) \le l_n$.
"""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Float
from scipy.spatial.distance import cdist

Functions = Float[np.ndarray, "_ _"]

BLOCK = 128
"""Number of functions whose distances from all others each thread has in memory."""

THREADS = 4
"""Number of threads, each with one block."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Coverage:
    """The coverage of a set of functions by another one; the result of `coverage`.

    Args:
        characteristic: Characteristic distance $l_n$ of the covering set.
        nearest: Distance of every function of the other set from its nearest neighbor in the covering set.
    """

    characteristic: float
    nearest: Float[np.ndarray, " _"]

    @property
    def portion(self) -> float:
        """The fraction of the other set that is covered."""
        return float(np.mean(self.nearest <= self.characteristic))


def coverage(covering: Functions, covered: Functions) -> Coverage:
    """Compute which functions of a set another set covers.

    Args:
        covering: The covering set $g_n$, one function a row, at least two.
        covered: The other set $g_o$, one function a row.

    Raises:
        ValueError: The covering set has fewer than two functions.
    """
    if len(covering) < 2:
        raise ValueError(f"`covering` must have at least two functions, got {len(covering)}.")
    own = nearest_distances(covering, covering, others=True)
    return Coverage(characteristic=float(np.max(own)), nearest=nearest_distances(covered, covering, others=False))


def nearest_distances(functions: Functions, members: Functions, *, others: bool) -> Float[np.ndarray, " _"]:
    r"""Compute the distance from the nearest neighbor, $\min_j d(a_i, b_j)$, of every function $a_i$.

    Args:
        functions: $a_i$, one a row.
        members: $b_j$, one a row.
        others: Whether both sets are the same and $j = i$ is excluded.
    """

    def of_block(start: int) -> Float[np.ndarray, " _"]:
        block = functions[start : start + BLOCK]
        distances = cdist(block, members, "cityblock")
        if others:
            rows = np.arange(len(block))
            distances[rows, start + rows] = np.inf
        return np.min(distances, axis=1) / np.sum(np.abs(block), axis=1)

    with ThreadPoolExecutor(THREADS) as pool:
        return np.concatenate(list(pool.map(of_block, range(0, len(functions), BLOCK))))
