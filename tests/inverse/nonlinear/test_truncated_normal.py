"""Samples of a normal distribution with walls, against one dimension, rejection, and a chain that can be summed."""

import itertools

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


def chain_with_walls(mean, rho, grid):
    """Means and deviations for walls at zero, and the covariance rho^|i-j| without: sums over one after another."""
    weights = np.full(grid.size, grid[1] - grid[0])
    weights[[0, -1]] /= 2
    links = [
        np.exp(-(((grid[None, :] - after) - rho * (grid[:, None] - before)) ** 2) / (2 * (1 - rho**2)))
        for before, after in itertools.pairwise(mean)
    ]
    from_left, from_right = [np.exp(-((grid - mean[0]) ** 2) / 2)], [np.ones(grid.size)]
    for link in links:
        from_left.append((weights * from_left[-1]) @ link)
    for link in reversed(links):
        from_right.append(link @ (weights * from_right[-1]))
    density = weights * np.array(from_left) * np.array(from_right[::-1])
    density /= np.sum(density, axis=1, keepdims=True)
    center = density @ grid
    return center, np.sqrt(density @ grid**2 - center**2)


def test_many_walls_against_a_chain():
    n, rho, n_samples = 30, 0.9, 5_000
    rng = np.random.default_rng(2)
    mean = rng.uniform(-1.0, 0.5, n)
    spread = np.linalg.cholesky(rho ** np.abs(np.subtract.outer(np.arange(n), np.arange(n))))
    center, deviation = chain_with_walls(mean, rho, np.linspace(0.0, 7.0, 701))
    found = sample_truncated_normal(rng, mean, spread, start=np.maximum(mean, 0.0), n_samples=n_samples)
    assert np.min(found) >= 0
    assert np.min(center - mean) > deviation[0]  # without walls it would be another distribution
    off = (np.mean(found, axis=0) - center) / (deviation / np.sqrt(0.8 * n_samples))
    assert np.max(np.abs(off)) < 4
    np.testing.assert_allclose(np.std(found, axis=0), deviation, rtol=0.05)
