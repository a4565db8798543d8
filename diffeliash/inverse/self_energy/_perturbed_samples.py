r"""Samples of the unknowns by the most probable solution of randomly perturbed equations.

A normal distribution $p(u) \propto e^{-|Wu - t|^2/2\sigma^2}$ is sampled exactly by the solutions of
$Wu = t + \sigma\xi$ with standard normal $\xi$. With $u \ge 0$ the samples are

$$ u = \arg\min_{u \ge 0} |Wu - t - \sigma\xi|^2 , $$

(J. M. Bardsley and C. Fox, Inverse Probl. Sci. Eng. 20, 477 (2012), doi:10.1080/17415977.2011.637208), of which a
finite fraction is zero at each point where the constraint is active. The samples of a truncated normal distribution are
never zero; over the wide ranges in which a2F of a material vanishes they add up to a coupling constant that is too
large by two and a half of its standard deviations (`experiments/self-energy`), and a trajectory between that many walls
takes thousands of reflections.
"""

import numpy as np
from jaxtyping import Float
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import nnls

from ..nonlinear import LinearProblem

LEAST_WEIGHT = 0.02
"""Priors with less than this fraction of the largest probability are not sampled."""

ROUNDING = 1e-9
"""Unknowns and gradients above minus this number are not negative, in units in which the columns of W have norm one."""

BLOCK_TRIES, MAX_PIVOTS = 3, 500
"""Exchanges of all wrong unknowns that may be made without progress, and the largest number of exchanges."""

Vector = Float[np.ndarray, " unknown"]


def draw_counts(
    rng: np.random.Generator, logarithms: Float[np.ndarray, " case"], n_samples: int
) -> Float[np.ndarray, " case"]:
    """Draw the number of samples of each case from its probability, given by its logarithm up to a constant."""
    weights = np.exp(logarithms - np.max(logarithms))
    weights = np.where(weights >= LEAST_WEIGHT, weights, 0.0)
    return rng.multinomial(n_samples, weights / np.sum(weights)).astype(float)


def sample_perturbed(
    rng: np.random.Generator, problem: LinearProblem, n_samples: int
) -> Float[np.ndarray, "sample unknown"]:
    """Sample the unknowns of a linear problem, over all its priors.

    Args:
        rng: Random number generator.
        problem: The linear problem.
        n_samples: Number of samples.

    Returns:
        The samples, one a row, grouped by prior.
    """
    counts = draw_counts(rng, problem.evidence.logarithm, n_samples)
    parts = []
    for i in np.flatnonzero(counts):
        one = problem.with_prior(problem.evidence.prior(int(i)))
        noise = np.sqrt(one.variance) * rng.standard_normal((int(counts[i]), one.target.size))
        parts.append(non_negative_solutions(one.root, one.target[None, :] + noise))
    return np.concatenate(parts)


def non_negative_solutions(
    root: Float[np.ndarray, "unknown unknown"], targets: Float[np.ndarray, "sample unknown"]
) -> Float[np.ndarray, "sample unknown"]:
    r"""Minimize $|Wu - t|^2$ over $u \ge 0$ for many $t$, each from the zeros of the solution before.

    By block pivoting (J. Kim and H. Park, SIAM J. Sci. Comput. 33, 3261 (2011), doi:10.1137/110821172): the unknowns
    that are negative are set to zero, and those of which the gradient is negative are freed, until there are none.

    Args:
        root: $W$.
        targets: One $t$ a row.
    """
    size = np.linalg.norm(root, axis=0)
    W = root / size[None, :]
    H, free = W.T @ W, np.ones(len(root), dtype=bool)
    solutions = np.empty_like(targets)
    for number, target in enumerate(targets):
        solutions[number], free = _pivot(H, W, target, free)
    return solutions / size[None, :]


def _pivot(
    H: Float[np.ndarray, "unknown unknown"], W: Float[np.ndarray, "unknown unknown"], target: Vector, free: np.ndarray
) -> tuple[Vector, np.ndarray]:
    """The solution for one target, and which unknowns are not zero in it, from those that may not be."""
    right, free, fewest, tries = W.T @ target, free.copy(), len(H) + 1, BLOCK_TRIES
    for _ in range(MAX_PIVOTS):
        found = np.zeros(len(H))
        found[free] = cho_solve(cho_factor(H[np.ix_(free, free)]), right[free])
        wrong = np.where(free, found < -ROUNDING, H @ found - right < -ROUNDING)
        n_wrong = int(np.sum(wrong))
        if n_wrong == 0:
            return np.maximum(found, 0.0), free
        fewest, tries = (n_wrong, BLOCK_TRIES) if n_wrong < fewest else (fewest, tries - 1)
        if tries >= 0:
            free ^= wrong
        else:  # one at a time, which always ends
            last = np.flatnonzero(wrong)[-1]
            free[last] = not free[last]
    return nnls(W, target, maxiter=20 * len(H))[0], free
