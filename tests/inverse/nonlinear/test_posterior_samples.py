"""Samples of the posterior where they are known: one unknown, no active condition, and the numbers of all priors."""

import numpy as np
from scipy.stats import norm

from diffeliash.inverse.nonlinear._posterior_samples import (
    LEAST_WEIGHT,
    draw_counts,
    sample_perturbed,
    sample_posterior,
    sample_prior,
)
from diffeliash.inverse.nonlinear._smoothness_prior import TruncatedNormal, linear_problem

N = 12


def test_one_unknown_is_zero_as_often_as_a_normal_number_is_negative():
    n, mean, std = 20_000, 0.5, 2.0
    one = TruncatedNormal(root=np.array([[3.0]]), target=np.array([3.0 * mean]), variance=(3.0 * std) ** 2)
    found = sample_perturbed(np.random.default_rng(0), one, n)[:, 0]
    assert np.min(found) == 0
    below = float(norm.cdf(-mean / std))
    assert abs(np.mean(found == 0) - below) < 4 * np.sqrt(below * (1 - below) / n)
    quantiles = np.array([0.5, 0.8, 0.95])
    error = 5 * std * np.sqrt(quantiles * (1 - quantiles) / n) / norm.pdf(norm.ppf(quantiles))
    assert np.all(np.abs(np.quantile(found, quantiles) - norm.ppf(quantiles, mean, std)) < error)


def test_without_an_active_condition_the_samples_are_normal():
    rng, n = np.random.default_rng(1), 20_000
    root = np.triu(rng.normal(size=(N, N))) + 4 * np.eye(N)
    one = TruncatedNormal(root=root, target=root @ np.linspace(20, 30, N), variance=4.0)
    found = sample_perturbed(rng, one, n)
    covariance = 4.0 * np.linalg.inv(root.T @ root)
    deviation = np.sqrt(np.diag(covariance))
    assert np.max(np.abs(np.mean(found, axis=0) - one.center) / deviation) < 5 / np.sqrt(n)
    np.testing.assert_allclose(np.cov(found.T), covariance, atol=6 * np.max(deviation) ** 2 / np.sqrt(n))


def test_each_prior_has_its_share():
    rng = np.random.default_rng(2)
    A, b = rng.normal(size=(30, N)), rng.normal(size=30)
    problem = linear_problem(tuple(np.linalg.qr(A)), A @ np.linspace(0, 2, N) + b, n_free=0, known=True)
    assert sample_posterior(rng, problem, 40).shape == (40, N)
    counts = draw_counts(rng, np.log([0.6, 0.3, 0.1, 0.9 * LEAST_WEIGHT * 0.6]) + 1000, 10_000)
    np.testing.assert_allclose(counts / 10_000, [0.6, 0.3, 0.1, 0.0], atol=0.02)
    assert counts[3] == 0


def test_changes_of_the_data_move_the_samples_as_they_move_the_solution():
    rng = np.random.default_rng(4)
    Q, R = np.linalg.qr(rng.normal(size=(30, N)))
    right = Q @ R @ np.linspace(20, 30, N) + rng.normal(size=30)
    problem = linear_problem((Q, R), right, n_free=0, known=True)
    change = rng.normal(size=30)
    shifted = linear_problem((Q, R), right + 5 * change, n_free=0, known=True)
    changes = np.tile(5 * change @ Q, (40, 1))
    plain, moved = (sample_posterior(np.random.default_rng(5), problem, 40, each) for each in (None, changes))
    prior = problem.evidence.best
    expected = shifted.with_prior(prior).center - problem.with_prior(prior).center
    np.testing.assert_allclose(np.mean(moved - plain, axis=0), expected, atol=0.05 * np.max(np.abs(expected)))


def test_functions_of_the_prior_are_positive_and_not_zero():
    found = sample_prior(np.random.default_rng(3), N, 200)
    assert np.min(found) > 0
    assert np.std(np.max(found, axis=1)) > 1
