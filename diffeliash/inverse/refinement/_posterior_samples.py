r"""Spectral functions that the data leave possible.

Near the most probable one the problem is linear, so that for each strength of the preference for smooth functions the
others are distributed normally, and cut off where a value would be negative. Strengths are drawn by their evidence.
"""

import numpy as np
from jaxtyping import Float

from ._smoothness_prior import LinearProblem, Regularized, bending
from ._truncated_normal import sample_truncated_normal

WIDE = 1.5e-4
"""The strength where nothing is known, for the broadest waves as for all: an a2F of twelve in the middle is as likely
as much less."""

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
    """Samples of smooth functions at `n` points of which nothing else is known: of any size, from nothing on."""
    root = np.linalg.qr(np.sqrt(WIDE) * bending(n))[1]
    shapes = _draw(rng, Regularized(root=root, target=np.zeros(n), variance=1.0), n_samples)
    return rng.uniform(size=(n_samples, 1)) * shapes


def _draw(rng: np.random.Generator, one: Regularized, n_samples: int) -> Float[np.ndarray, "sample unknown"]:
    return sample_truncated_normal(rng, one.center, one.spread, start=one.most_probable, n_samples=n_samples)
