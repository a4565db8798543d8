"""Linear problems with a smooth function, against the same with dense covariances."""

import dataclasses

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from diffeliash.inverse.nonlinear._smoothness_prior import (
    CORRELATIONS,
    N_LONG_WAVES,
    ONSETS,
    SHAPES,
    STRENGTHS,
    Prior,
    linear_problem,
    most_likely_prior,
    smoothness_operator,
)

RNG = np.random.default_rng(0)
N, M = 12, 30
A = RNG.normal(size=(M, N))
B = RNG.normal(size=M) + A @ np.linspace(0, 2, N)


def problem_of(matrix, right, **options):
    return linear_problem(tuple(np.linalg.qr(matrix)), right, **options)


def envelope(onset, n=N):
    """By which an acoustic onset makes functions smaller at low energies."""
    x = np.arange(1, n + 1) / (n + 1)
    return x**2 / (x**2 + onset**2)


def of_measure(prior):
    """Of how rough functions of size one are, and of all amplitudes of the broadest waves being as likely."""
    waves = np.sin(np.pi * np.outer(np.arange(1, N + 1), np.arange(1, N_LONG_WAVES + 1)) / (N + 1))
    numbers = np.linalg.norm(smoothness_operator(N, prior.correlation) @ waves, axis=0)
    strength = prior.strength / prior.variance
    return norm(-3, 1).logpdf(np.log10(strength)) - np.log(strength) * N_LONG_WAVES / 2 - np.sum(np.log(numbers))


def covariance(prior):
    """Of a smooth function times the envelope."""
    C, g = smoothness_operator(N, prior.correlation), envelope(prior.onset)
    return g[:, None] * np.linalg.inv(prior.strength * C.T @ C) * g[None, :]


def test_smoothness_operator_is_a_second_derivative():
    """Of a wave that the prior has an opinion on: its integral is known."""
    n, waves, kappa = 400, 7, 20.0
    x = np.sin(np.pi * waves * np.arange(1, n + 1) / (n + 1))
    found = np.sum((smoothness_operator(n, kappa) @ x) ** 2)
    np.testing.assert_allclose(found, 0.5 * ((np.pi * waves) ** 2 + kappa**2) ** 2, rtol=1e-3)


def test_next_to_nothing_is_expected_of_the_broadest_waves():
    n = 400
    x = np.sin(np.pi * 2 * np.arange(1, n + 1) / (n + 1))
    assert np.sum((smoothness_operator(n, 20.0) @ x) ** 2) < 1e-3 * 0.5 * ((2 * np.pi) ** 2 + 20.0**2) ** 2


@pytest.mark.parametrize("onset", ONSETS)
def test_functions_with_an_onset_are_smooth_functions_times_an_envelope(onset):
    prior = Prior(strength=0.02, correlation=20.0, onset=onset, variance=1.0)
    root = prior.root(N)
    np.testing.assert_allclose(np.linalg.inv(root.T @ root), covariance(prior), rtol=1e-6)
    std = np.sqrt(np.diag(covariance(prior)) / np.diag(covariance(prior._replace(onset=0.0))))
    np.testing.assert_allclose(std, envelope(onset), rtol=1e-9)


def test_unseen_low_energies_may_have_more_weight_and_the_evidence_does_not_choose_the_envelope():
    seen = problem_of(A, B, n_free=0, known=True)
    unseen = dataclasses.replace(seen, unseen=0.3).evidence
    kinds = {(0.0, 0.0), (0.25, 0.0), (0.3, 5.0)}
    assert set(zip(unseen.onsets, unseen.excesses, strict=True)) == kinds
    for onset, excess in kinds:
        members = (unseen.onsets == onset) & (unseen.excesses == excess)
        assert np.sum(unseen.weights[members]) == pytest.approx(1 / 3)
        same = seen.evidence.onsets == onset
        if not excess:
            ratio = unseen.logarithm[members] - seen.evidence.logarithm[same]
            np.testing.assert_allclose(ratio, ratio[0], atol=1e-9)
    prior = unseen.prior(int(np.argmax(unseen.excesses)))
    inverse = np.linalg.inv(prior.root(N).T @ prior.root(N))
    plain = np.linalg.inv(prior._replace(onset=0.0).root(N).T @ prior._replace(onset=0.0).root(N))
    x = np.arange(1, N + 1) / (N + 1)
    np.testing.assert_allclose(np.sqrt(np.diag(inverse) / np.diag(plain)), (x**2 + 0.45) / (x**2 + 0.09), rtol=1e-9)


@pytest.mark.parametrize("m", [M, N - 4])
def test_evidence_of_known_errors(m):
    """The probability of the data, integrated over all functions: a normal distribution; also of few data."""
    found = problem_of(A[:m], B[:m], n_free=0, known=True).evidence
    chosen = [30, 36, len(STRENGTHS) + 32, 3 * len(STRENGTHS) + 30, 4 * len(STRENGTHS) + 34]
    assert {found.prior(i)[1:3] for i in chosen} == {(0.0, 0.0), (0.0, 0.25), (10.0, 0.25), (20.0, 0.0)}
    expected = [
        multivariate_normal(cov=np.eye(m) + A[:m] @ covariance(found.prior(i)) @ A[:m].T).logpdf(B[:m])
        + of_measure(found.prior(i))
        for i in chosen
    ]
    np.testing.assert_allclose(np.diff(found.logarithm[chosen]), np.diff(expected), rtol=1e-6)
    assert np.ptp(expected) > 1


def test_evidence_with_an_unknown_that_nothing_is_known_of():
    """The limit of a wide normal distribution for it."""
    free = RNG.normal(size=(M, 1))
    found = problem_of(np.concatenate([free, A], axis=1), B, n_free=1, known=True).evidence
    chosen = [20, 30, len(STRENGTHS) + 25]
    wide = 1e8 * free @ free.T
    expected = [
        multivariate_normal(cov=np.eye(M) + wide + A @ covariance(found.prior(i)) @ A.T).logpdf(B)
        + of_measure(found.prior(i))
        for i in chosen
    ]
    np.testing.assert_allclose(np.diff(found.logarithm[chosen]), np.diff(expected), rtol=1e-4)


def test_evidence_of_unknown_errors():
    """The largest over all sizes of the errors, at the size that it names."""
    found = problem_of(A, B, n_free=0, known=False).evidence
    moderate = (found.strengths > 0.1) & (found.strengths < 100)
    possible = np.flatnonzero(np.isfinite(found.logarithm) & moderate)
    chosen = possible[[len(possible) // 4, len(possible) // 2, 3 * len(possible) // 4]]
    best = []
    for i in chosen:
        variance = found.prior(int(i)).variance
        shape = np.eye(M) + A @ covariance(found.prior(int(i))) @ A.T
        sizes = variance * np.array([0.9, 1.0, 1.1])
        logs = [multivariate_normal(cov=size * shape).logpdf(B) for size in sizes]
        assert np.argmax(logs) == 1
        best.append(logs[1] + of_measure(found.prior(int(i))))
    np.testing.assert_allclose(np.diff(found.logarithm[chosen]), np.diff(best), rtol=1e-6)
    weights = found.weights
    assert abs(np.sum(weights) - 1) < 1e-12
    assert weights[np.argmax(found.logarithm)] == np.max(weights)


def test_errors_that_are_not_known_are_not_taken_to_be_too_small():
    """Below the limit the evidence is that of errors of this size, above as if there were none."""
    free = problem_of(A, B, n_free=0, known=False).evidence
    limit = 2.0
    found = problem_of(A, B, n_free=0, known=False, least_variance=limit).evidence
    np.testing.assert_array_equal(found.variance, np.maximum(free.variance, limit))
    possible = np.isfinite(found.logarithm) & np.isfinite(free.logarithm) & (free.strengths > 1e-3)
    chosen = np.flatnonzero(possible & (free.variance < limit))[::25]
    expected = []
    for i in chosen:
        shape = np.eye(M) + A @ covariance(found.prior(int(i))) @ A.T
        expected.append(multivariate_normal(cov=limit * shape).logpdf(B) + of_measure(found.prior(int(i))))
    np.testing.assert_allclose(np.diff(found.logarithm[chosen]), np.diff(expected), rtol=1e-5, atol=1e-6)
    assert np.ptp(expected) > 1
    larger = np.flatnonzero(possible & (free.variance > limit))
    np.testing.assert_allclose(np.diff(found.logarithm[larger]), np.diff(free.logarithm[larger]), atol=1e-9)
    assert larger.size > 10


def test_a_function_of_another_size_is_as_rough():
    """In other units of the function the same prior is chosen, with the strength in these units."""
    one, other = (problem_of(A / x, B, n_free=0, known=True, size=x).evidence for x in (1.0, 100.0))
    shift = 16  # quarters of a decade
    for k in range(len(SHAPES)):
        rows = slice(k * len(STRENGTHS), (k + 1) * len(STRENGTHS))
        difference = one.logarithm[rows][shift:] - other.logarithm[rows][:-shift]
        np.testing.assert_allclose(difference, difference[0], atol=1e-6)


def test_of_two_priors_that_are_nearly_as_likely_the_last_one_is_kept():
    found = problem_of(A, B, n_free=0, known=True).evidence
    best = int(np.argmax(found.logarithm))
    behind = found.logarithm[best] - found.logarithm
    beside, far = (int(np.flatnonzero(x)[0]) for x in ((behind > 0) & (behind < 0.4), (behind > 1) & (behind < 3)))
    assert found.best_or_previous(found.prior(beside)) == found.prior(beside) != found.best
    assert found.best_or_previous(found.prior(far)) == found.best
    assert found.best_or_previous(None) == found.best
    assert found.best_or_previous(found.prior(far), always=True) == found.prior(far)
    assert found.best_or_previous(found.prior(far)._replace(onset=0.1), always=True) == found.best


@pytest.mark.parametrize("onset", ONSETS)
@pytest.mark.parametrize("m", [M, N - 4])
def test_distribution_of_the_unknowns(m, onset):
    prior = Prior(strength=0.01, correlation=10.0, onset=onset, variance=4.0)
    problem = problem_of(A[:m], B[:m], n_free=0, known=False)
    found = problem.with_prior(prior)
    C = smoothness_operator(N, prior.correlation) / envelope(onset)[None, :]
    H = A[:m].T @ A[:m] + prior.strength * C.T @ C
    np.testing.assert_allclose(found.center, np.linalg.solve(H, A[:m].T @ B[:m]), rtol=1e-7)
    np.testing.assert_allclose(found.spread @ found.spread.T, 4.0 * np.linalg.inv(H), rtol=1e-6)
    step = np.linspace(-1, 1, N)
    np.testing.assert_allclose(found.length(step), np.sqrt(step @ H @ step / 4.0), rtol=1e-9)
    values = np.linalg.svd(A[:m] @ np.linalg.inv(C), compute_uv=False)
    between = prior._replace(strength=float(np.median(values**2) * 1.001))
    assert problem.n_resolved(between) == np.sum(values**2 > between.strength) == (len(values) + 1) // 2


def test_most_probable_unknowns_that_are_not_negative():
    """The conditions of a minimum with walls: no slope where free, and one into the wall where not."""
    prior = Prior(strength=0.01, correlation=0.0, onset=0.0, variance=1.0)
    b = B - A @ np.linspace(1, 2.5, N)
    found = problem_of(A, b, n_free=0, known=True).with_prior(prior)
    x, C = found.most_probable, smoothness_operator(N, 0.0)
    slope = A.T @ (A @ x - b) + prior.strength * C.T @ C @ x
    assert np.min(x) == 0 < np.max(x)
    assert np.max(np.abs(slope[x > 0])) < 1e-9 * np.max(np.abs(slope))
    assert np.min(slope[x == 0]) > 0
    assert np.min(found.center) < 0


@pytest.mark.parametrize("n", [5, N])
def test_a_function_that_ends_earlier_has_fewer_unknowns(n):
    free = RNG.normal(size=(M, 1))
    longest = problem_of(np.concatenate([free, A], axis=1), B, n_free=1, known=True)
    found, expected = (
        longest.with_first(n),
        problem_of(np.concatenate([free, A[:, :n]], axis=1), B, n_free=1, known=True),
    )
    np.testing.assert_allclose(found.evidence.logarithm, expected.evidence.logarithm, rtol=1e-9)
    prior = found.evidence.best
    np.testing.assert_allclose(found.with_prior(prior).center, expected.with_prior(prior).center, rtol=1e-7)


def test_evidence_does_not_depend_on_the_number_of_points():
    """Of one function between the same ends, on grids that are fine enough for it."""
    energies = np.linspace(0, 1.2, M)
    data = np.exp(-(((energies - 0.5) / 0.2) ** 2)) + 1e-2 * RNG.normal(size=M)

    def log_evidence(n):
        x = np.arange(1, n + 1) / (n + 1)
        kernel = np.exp(-(((energies[:, None] - x[None, :]) / 0.1) ** 2)) / (n + 1)
        return problem_of(kernel / 1e-2, data / 1e-2, n_free=0, known=True).log_evidence

    np.testing.assert_allclose(log_evidence(60), log_evidence(120), atol=0.1)


@pytest.mark.parametrize("onset", ONSETS)
@pytest.mark.parametrize("correlation", CORRELATIONS[::3])  # those between are found in about half of the cases
def test_a_function_tells_where_it_comes_from(correlation, onset):
    n, strength = 200, 1e-3
    smooth = np.linalg.solve(np.sqrt(strength) * smoothness_operator(n, correlation), RNG.standard_normal((n, 20)))
    draws = envelope(onset, n)[:, None] * smooth
    found = [most_likely_prior(sample) for sample in draws.T]
    assert np.median([prior.correlation for prior in found]) == correlation
    assert np.median([prior.onset for prior in found]) == onset
    assert 0.8 < np.median([prior.strength for prior in found]) / strength < 1.25


def test_the_most_likely_prior_ignores_the_waves_of_longest_wavelength():
    """Each wave of a function is normally distributed, with a width that `smoothness_operator` determines."""
    n = 40
    waves = np.sqrt(2 / (n + 1)) * np.sin(np.pi * np.outer(np.arange(1, n + 1), np.arange(1, n + 1)) / (n + 1))
    numbers = {
        kappa: np.linalg.norm(smoothness_operator(n, kappa) @ waves, axis=0)[N_LONG_WAVES:] for kappa in CORRELATIONS
    }
    for kappa in CORRELATIONS:
        x = waves[:, N_LONG_WAVES:] @ (RNG.standard_normal(n - N_LONG_WAVES) / numbers[kappa])
        amplitudes = waves[:, N_LONG_WAVES:].T @ x
        best = {}
        for other, c in numbers.items():
            strength = (n - N_LONG_WAVES) / np.sum((c * amplitudes) ** 2)
            best[other] = np.sum(np.log(c)) + (n - N_LONG_WAVES) / 2 * np.log(strength)
        found = most_likely_prior(x)
        assert found.correlation == max(best, key=best.__getitem__)
        np.testing.assert_allclose(
            found.strength, (n - N_LONG_WAVES) / np.sum((numbers[found.correlation] * amplitudes) ** 2), rtol=1e-9
        )
