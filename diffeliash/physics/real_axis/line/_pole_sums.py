r"""Functions that are smooth on a line on the scale of $|z|$, such as Matsubara sums, at all of its points.

They are computed at the points next to zero, and beyond at the Chebyshev points of intervals that double in length;
the others follow by interpolation.
"""

from functools import lru_cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ._line import Line

DIRECT = 16
"""Points of the line that are nodes themselves."""

NODES = 20
r"""Points of an interval $[a, 2a]$: with poles no nearer than its start the error is $5.8^{-20} = 5 \cdot 10^{-16}$."""


def interpolation_nodes(line: Line) -> Complex[Array, " node"]:
    """Where to compute a smooth function [meV]."""
    positions, _ = _layout(line.n // 2 + 1)
    return line.step * positions + 1j * line.broadening


def interpolate_from_nodes(values: Complex[Array, "function node"], line: Line) -> Complex[Array, "function line"]:
    """Smooth functions at all points of a line from those at the nodes."""
    parts, start = [values[:, :DIRECT]], DIRECT
    for rows in _layout(line.n // 2 + 1)[1]:
        parts.append(values[:, start : start + NODES] @ rows.T)
        start += NODES
    return jnp.concatenate(parts, axis=1)


@lru_cache(maxsize=32)
def _layout(n: int) -> tuple[Float[np.ndarray, " node"], list[Float[np.ndarray, "point 20"]]]:
    """Nodes in steps of the line, and for each interval the matrix from its nodes to its points."""
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
