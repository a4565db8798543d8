r"""Least squares with non-negative unknowns, for many right-hand sides, by block pivoting.

The unknowns that are negative are set to zero, and those of which the gradient is negative are freed, until there are
none (J. Kim and H. Park, SIAM J. Sci. Comput. 33, 3261 (2011), doi:10.1137/110821172). Those that are free are found
from the normal equations, with one step of refinement by the residuals, which makes up for most of their rounding.
"""

import numpy as np
from jaxtyping import Bool, Float
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.optimize import nnls

ROUNDING = 1e-9
"""Unknowns and gradients above minus this number are not negative, in units of the largest of each, for columns of W of
norm one."""

BLOCK_TRIES, MAX_PIVOTS = 3, 500
"""Exchanges of all wrong unknowns that may be made without progress, and the largest number of exchanges."""

MAX_ITERATIONS_PER_UNKNOWN = 20
"""Largest number of iterations of SciPy's `nnls`, for each unknown."""

Triangle = Float[np.ndarray, "unknown unknown"]

Vector = Float[np.ndarray, " unknown"]


def non_negative_solution(root: Triangle, target: Vector) -> Vector:
    r"""Minimize $|Wu - t|^2$ over $u \ge 0$ by an active-set method, which changes one unknown at a time.

    Args:
        root: $W$.
        target: $t$.
    """
    return nnls(root, target, maxiter=MAX_ITERATIONS_PER_UNKNOWN * target.size)[0]


def non_negative_solutions(
    root: Triangle, targets: Float[np.ndarray, "sample unknown"]
) -> Float[np.ndarray, "sample unknown"]:
    r"""Minimize $|Wu - t|^2$ over $u \ge 0$ for many similar $t$, each from the zeros of the solution before.

    Args:
        root: $W$.
        targets: One $t$ a row.
    """
    size = np.linalg.norm(root, axis=0)
    W = root / size[None, :]
    H, free = W.T @ W, np.ones(len(root), dtype=bool)
    solutions = np.empty_like(targets)
    for number, target in enumerate(targets):
        try:
            solutions[number], free = _pivot(H, W, target, free)
        except LinAlgError:  # the normal equations are singular, or the exchanges go round in a circle
            solutions[number] = non_negative_solution(W, target)
            free = solutions[number] > 0
    return solutions / size[None, :]


def _pivot(
    H: Triangle, W: Triangle, target: Vector, free: Bool[np.ndarray, " unknown"]
) -> tuple[Vector, Bool[np.ndarray, " unknown"]]:
    """The solution for one target, and which unknowns are not zero in it, from those that may not be.

    Raises:
        LinAlgError: It was not found.
    """
    free, fewest, tries = free.copy(), len(H) + 1, BLOCK_TRIES
    for _ in range(MAX_PIVOTS):
        found, gradient = _free_solution(H, W, target, free)
        negative = found < -ROUNDING * np.max(np.abs(found))
        wrong = np.where(free, negative, gradient < -ROUNDING * np.max(np.abs(W.T @ target)))
        n_wrong = int(np.sum(wrong))
        if n_wrong == 0:
            return np.maximum(found, 0.0), free
        fewest, tries = (n_wrong, BLOCK_TRIES) if n_wrong < fewest else (fewest, tries - 1)
        if tries >= 0:
            free ^= wrong
        else:  # one at a time, which always ends
            last = np.flatnonzero(wrong)[-1]
            free[last] = not free[last]
    raise LinAlgError


def _free_solution(
    H: Triangle, W: Triangle, target: Vector, free: Bool[np.ndarray, " unknown"]
) -> tuple[Vector, Vector]:
    """The least-squares solution in which only some unknowns are not zero, and half the gradient there."""
    found, factor = np.zeros(len(H)), cho_factor(H[np.ix_(free, free)])
    for _ in range(2):  # the second step is the refinement
        found[free] += cho_solve(factor, (W.T @ (target - W @ found))[free])
    return found, W.T @ (W @ found - target)
