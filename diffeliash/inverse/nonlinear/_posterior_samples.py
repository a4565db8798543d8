r"""Samples of the posterior and of the prior distribution of the spectral function.

The problem is linearized at the most probable spectral function, and the priors are sampled with probabilities
proportional to their evidence. For each prior the posterior without the condition $u \ge 0$ is the normal distribution
$p(u) \propto e^{-|Wu - t|^2/2\sigma^2}$, of which the solutions of $Wu = t + \sigma\xi$ with standard normal $\xi$ are
exact samples: $\xi$ perturbs the data and the prior. With the condition the samples are

$$ u = \arg\min_{u \ge 0} |Wu - t - \sigma\xi|^2 $$

(J. M. Bardsley and C. Fox, Inverse Probl. Sci. Eng. 20, 477 (2012), doi:10.1080/17415977.2011.637208), of which a
finite fraction is zero at each point where the condition matters. The samples of the truncated normal distribution are
never zero; over the wide ranges in which a2F of a material vanishes they add up to a coupling constant that is too
large (`experiments/self-energy`).
"""

import numpy as np
from jaxtyping import Float, Int

from ._non_negative_solutions import non_negative_solutions
from ._smoothness_prior import LinearProblem, TruncatedNormal, second_derivative_operator
from ._truncated_normal import sample_truncated_normal

PRIOR_STRENGTH = 1.5e-4
"""Strength of the prior that is sampled without data, the same for long and short waves: values of a2F up to about
twelve in the middle are likely."""

LEAST_WEIGHT = 0.02
"""Cases with less than this fraction of the largest probability are not sampled."""


def sample_posterior(
    rng: np.random.Generator,
    problem: LinearProblem,
    n_samples: int,
    changes: Float[np.ndarray, "sample row"] | None = None,
) -> Float[np.ndarray, "sample unknown"]:
    """Sample the posterior distribution of the unknowns.

    Args:
        rng: Random number generator.
        problem: The linearized problem at the most probable unknowns.
        n_samples: Number of samples.
        changes: Changes of the projected data $Q^Tb$ besides their errors, one row for each sample; none if `None`.

    Returns:
        The samples, one a row, grouped by prior.
    """
    counts = draw_counts(rng, problem.evidence.logarithm, n_samples)
    if changes is None:
        changes = np.zeros((n_samples, problem.projected.size))
    groups = np.split(changes, np.cumsum(counts)[:-1])
    parts = [
        sample_perturbed(rng, problem.with_prior(problem.evidence.prior(int(i))), int(counts[i]), groups[i])
        for i in np.flatnonzero(counts)
    ]
    return np.concatenate(parts)


def draw_counts(
    rng: np.random.Generator, logarithms: Float[np.ndarray, " case"], n_samples: int
) -> Int[np.ndarray, " case"]:
    """Draw the number of samples of each case from its probability, given by its logarithm up to a constant."""
    weights = np.exp(logarithms - np.max(logarithms))
    weights = np.where(weights >= LEAST_WEIGHT, weights, 0.0)
    return rng.multinomial(n_samples, weights / np.sum(weights))


def sample_perturbed(
    rng: np.random.Generator,
    one: TruncatedNormal,
    n_samples: int,
    changes: Float[np.ndarray, "sample row"] | None = None,
) -> Float[np.ndarray, "sample unknown"]:
    """Sample the unknowns under one prior: most probable unknowns for perturbed data and a perturbed prior."""
    errors = np.sqrt(one.variance) * rng.standard_normal((n_samples, one.target.size))
    if changes is not None:
        errors += changes @ one.of_data
    return non_negative_solutions(one.root, one.target[None, :] + errors)


def sample_prior(rng: np.random.Generator, n: int, n_samples: int) -> Float[np.ndarray, "sample boson"]:
    """Sample smooth non-negative functions at `n` points from the prior, each scaled by a random factor in [0, 1)."""
    root = np.linalg.qr(np.sqrt(PRIOR_STRENGTH) * second_derivative_operator(n))[1]
    one = TruncatedNormal(root=root, target=np.zeros(n), variance=1.0)
    shapes = sample_truncated_normal(rng, one.center, one.spread, start=one.most_probable, n_samples=n_samples)
    return rng.uniform(size=(n_samples, 1)) * shapes
