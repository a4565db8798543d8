"""Samples of a normal distribution with walls, against rejection and against the closed form of one dimension."""

import numpy as np
import pytest
from scipy.stats import truncnorm

from diffeliash.inverse.nonlinear._truncated_normal import sample_truncated_normal


@pytest.mark.parametrize("mean", [-1.0, 0.5, 20.0])
def test_one_dimension(mean):
    n = 5_000
    found = sample_truncated_normal(
        np.random.default_rng(0), np.array([mean]), np.eye(1), start=np.array([max(mean, 0.0)]), n_samples=n
    )
    exact = truncnorm(-mean, np.inf, loc=mean)
    assert np.min(found) >= 0
    # a tenth of the samples repeats what the last one says
    np.testing.assert_allclose(np.mean(found), exact.mean(), atol=4 * exact.std() / np.sqrt(0.8 * n))
    np.testing.assert_allclose(np.std(found), exact.std(), rtol=0.05)


def test_correlated_walls_against_rejection():
    rng = np.random.default_rng(1)
    spread = np.array([[1.0, 0.0, 0.0], [0.9, 0.3, 0.0], [-0.5, 0.2, 0.4]])
    mean = np.array([0.2, -0.1, 0.4])
    free = mean[None, :] + rng.standard_normal((400_000, 3)) @ spread.T
    accepted = free[np.all(free >= 0, axis=1)]
    assert 0.02 < len(accepted) / len(free) < 0.5
    found = sample_truncated_normal(rng, mean, spread, start=np.array([0.3, 0.2, 0.3]), n_samples=10_000)
    deviation = np.std(accepted, axis=0)
    np.testing.assert_allclose(np.mean(found, axis=0), np.mean(accepted, axis=0), atol=0.06 * np.min(deviation))
    np.testing.assert_allclose(np.cov(found.T), np.cov(accepted.T), atol=0.08 * np.min(deviation) ** 2)
    assert np.max(np.abs(np.mean(free, axis=0) - np.mean(accepted, axis=0))) > np.min(deviation)
