"""The energy at which a2F ends, where it is not known: the one with the largest evidence.

The linearized problem of a fit with a long grid contains those of all shorter grids: a2F that ends at a lower energy has
fewer unknowns, and its evidence (see `inverse.nonlinear`) is larger if the data do not need the others.
"""

import numpy as np
from jaxtyping import Float

from .nonlinear import LinearProblem

SMALLEST_FRACTION = 0.1
"""Smallest end that is compared, in units of the largest."""

N_ENDS = 24
"""Number of ends that are compared."""


def evidence_of_ends(problem: LinearProblem) -> tuple[Float[np.ndarray, " end"], Float[np.ndarray, " end"]]:
    """The logarithm of the evidence of several ends.

    Args:
        problem: The linearized problem with the longest grid.

    Returns:
        The ends in units of the longest grid, ascending, and the logarithms of their evidence.
    """
    n = problem.triangle.shape[1] - problem.n_free + 1
    counts = np.unique(np.geomspace(max(8, SMALLEST_FRACTION * n), n, N_ENDS).round().astype(int))
    found = [float(np.max(problem.with_first(int(count) - 1).evidence.logarithm)) for count in counts]
    return counts / n, np.array(found)
