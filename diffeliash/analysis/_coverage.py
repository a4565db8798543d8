r"""How much of a set of functions another one covers (App. D of the paper).

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
"""Functions whose distances to all others are in memory together, for each thread."""

THREADS = 4
"""Blocks at once."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Coverage:
    """How a set of functions covers another.

    Args:
        characteristic: $l_n$, the largest distance of a member of the covering set from its nearest neighbor.
        nearest: Distance of every function of the other set from its nearest member.
    """

    characteristic: float
    nearest: Float[np.ndarray, " _"]

    @property
    def portion(self) -> float:
        """The part of the other set that is covered."""
        return float(np.mean(self.nearest <= self.characteristic))


def coverage(covering: Functions, covered: Functions) -> Coverage:
    """Which part of a set of functions is as near to another set as its own members are to each other.

    Args:
        covering: $g_n$, one a row; two or more.
        covered: $g_o$.
    """
    if len(covering) < 2:
        raise ValueError(f"`covering` must have two functions or more, got {len(covering)}.")
    own = nearest_distances(covering, covering, others=True)
    return Coverage(characteristic=float(np.max(own)), nearest=nearest_distances(covered, covering, others=False))


def nearest_distances(functions: Functions, members: Functions, *, others: bool) -> Float[np.ndarray, " _"]:
    r"""$\min_j d(a_i, b_j)$ for every function $a_i$.

    Args:
        functions: $a_i$, one a row.
        members: $b_j$.
        others: Whether both sets are the same and $j \ne i$ is meant.
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
