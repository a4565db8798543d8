r"""Samples of the posterior and of the prior distribution of the spectral function.

The problem is linearized at the most probable spectral function. For each prior the posterior is then a normal
distribution truncated to non-negative values, and the priors are sampled with probabilities proportional to their
evidence.
"""

import numpy as np
from jaxtyping import Float

from ._smoothness_prior import LinearProblem, TruncatedNormal, second_derivative_operator

PRIOR_STRENGTH = 1.5e-4
"""Strength of the prior that is sampled without data, the same for long and short waves: values of a2F up to about
twelve in the middle are likely."""

LEAST_WEIGHT = 0.02
"""Priors with less than this fraction of the largest probability are not sampled."""


def sample_posterior(
    rng: np.random.Generator, problem: LinearProblem, n_samples: int
) -> Float[np.ndarray, "sample unknown"]:
    """Sample the posterior distribution of the unknowns.

    Args:
        rng: Random number generator.
        problem: The linearized problem at the most probable unknowns.
        n_samples: Number of samples.

    Returns:
        The samples, one a row, grouped by prior.
    """
    weights = problem.evidence.weights
    weights = np.where(weights >= LEAST_WEIGHT * np.max(weights), weights, 0.0)
    counts = rng.multinomial(n_samples, weights / np.sum(weights))
    parts = [
        _sample(rng, problem.with_prior(problem.evidence.prior(int(i))), int(counts[i])) for i in np.flatnonzero(counts)
    ]
    return np.concatenate(parts)


def sample_prior(rng: np.random.Generator, n: int, n_samples: int) -> Float[np.ndarray, "sample boson"]:
    """Sample smooth non-negative functions at `n` points from the prior, each scaled by a random factor in [0, 1)."""
    root = np.linalg.qr(np.sqrt(PRIOR_STRENGTH) * second_derivative_operator(n))[1]
    shapes = _sample(rng, TruncatedNormal(root=root, target=np.zeros(n), variance=1.0), n_samples)
    return rng.uniform(size=(n_samples, 1)) * shapes


def _sample(rng: np.random.Generator, one: TruncatedNormal, n_samples: int) -> Float[np.ndarray, "sample unknown"]:
    return np.stack([one.perturbed(rng.standard_normal(one.target.size)) for _ in range(n_samples)])
