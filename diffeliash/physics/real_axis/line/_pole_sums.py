r"""Interpolation along a line of functions that vary on the scale of $|z|$, such as sums over Matsubara frequencies.

They are computed at the points of the line next to zero, and further out at the Chebyshev points of intervals whose
length doubles from one to the next; these are the nodes. The values at all other points follow by interpolation.
"""

from functools import lru_cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ._line import Line

DIRECT = 16
"""Number of points of the line, from zero on, that are nodes themselves."""

NODES = 20
r"""Number of nodes in an interval $[a, 2a]$. For poles no closer than $a$ the error is $5.8^{-20} = 5\cdot10^{-16}$."""


def interpolation_nodes(line: Line) -> Complex[Array, " node"]:
    """The nodes at which to compute a function [meV]."""
    positions, _ = _layout(line.n // 2 + 1)
    return line.step * positions + 1j * line.broadening


def interpolate_from_nodes(values: Complex[Array, "function node"], line: Line) -> Complex[Array, "function line"]:
    """Interpolate functions from the nodes to all points of a line."""
    parts, start = [values[:, :DIRECT]], DIRECT
    for rows in _layout(line.n // 2 + 1)[1]:
        parts.append(values[:, start : start + NODES] @ rows.T)
        start += NODES
    return jnp.concatenate(parts, axis=1)


@lru_cache(maxsize=32)
def _layout(n: int) -> tuple[Float[np.ndarray, " node"], list[Float[np.ndarray, "point 20"]]]:
    """Positions of the nodes in steps of the line, and for each interval the matrix from its nodes to its points."""
    angle = np.pi * (np.arange(NODES) + 0.5) / NODES
    order = np.arange(NODES)
    to_coefficients = np.cos(np.outer(order, angle)) * np.where(order == 0, 1, 2)[:, None] / NODES
    positions, interpolation = [np.arange(DIRECT) * 1.0], []
    start = DIRECT
    while start < n:
        positions.append(start * (1.5 + 0.5 * np.cos(angle)))
        points = np.arange(start, min(2 * start, n))
        to_points = np.cos(np.outer(np.arccos(2 * (points / start - 1.5)), order))
        interpolation.append(to_points @ to_coefficients)
        start *= 2
    return np.concatenate(positions), interpolation
