r"""Spectral functions that the data leave possible.

Near the most probable one the problem is linear, so that for each strength of the preference for smooth functions the
others are distributed normally, and cut off where a value would be negative. Strengths are drawn by their evidence.
"""

import numpy as np
from jaxtyping import Float

from ._prior import LinearProblem, Prior, Regularized
from ._truncated_normal import sample_truncated_normal

WIDE = Prior(strength=1e-3, correlation=0.0, variance=1.0)
"""Where nothing is known: an a2F of five in the middle is not unlikely."""

LEAST_WEIGHT = 0.02
"""Strengths less probable than this are not drawn."""


def draw(rng: np.random.Generator, problem: LinearProblem, n_samples: int) -> Float[np.ndarray, "sample unknown"]:
    """Samples of the unknowns.

    Args:
        rng: Random numbers.
        problem: The linear problem at the most probable unknowns.
        n_samples: How many.
    """
    weights = problem.evidence.weights
    weights = np.where(weights >= LEAST_WEIGHT * np.max(weights), weights, 0.0)
    counts = rng.multinomial(n_samples, weights / np.sum(weights))
    parts = [
        _draw(rng, problem.with_prior(problem.evidence.prior(int(i))), int(counts[i])) for i in np.flatnonzero(counts)
    ]
    return np.concatenate(parts)


def draw_without_data(rng: np.random.Generator, n: int, n_samples: int) -> Float[np.ndarray, "sample boson"]:
    """Samples of smooth functions at `n` points of which nothing else is known."""
    root = np.linalg.qr(WIDE.root(n))[1]
    return _draw(rng, Regularized(root=root, target=np.zeros(n), variance=1.0), n_samples)


def _draw(rng: np.random.Generator, one: Regularized, n_samples: int) -> Float[np.ndarray, "sample unknown"]:
    return sample_truncated_normal(rng, one.center, one.spread, start=one.most_probable, n_samples=n_samples)
