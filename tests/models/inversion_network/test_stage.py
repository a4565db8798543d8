"""The closed-form parts: prior, posterior mean, expected errors."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash.inverse import LinearEquations
from diffeliash.models.inversion_network._expected_errors import LEVELS, fit_expected_errors, log_noise
from diffeliash.models.inversion_network._prior import Prior, fit_prior
from diffeliash.models.inversion_network._stage import Stage, StageInputs, relative_residual

N, BOSONS, MODES = 12, 8, 5


def random_equations(rng):
    def numbers(*shape):
        return jnp.asarray(rng.normal(size=shape) + 1j * rng.normal(size=shape))

    return LinearEquations(matrix=numbers(N, BOSONS), offset=numbers(N), normal=0.1 * numbers(N, BOSONS))


def random_stage(rng):
    directions = np.linalg.qr(rng.normal(size=(2 * N, 2 * N)))[0]
    prior = Prior(jnp.asarray(rng.normal(size=BOSONS)), jnp.asarray(rng.normal(size=(BOSONS, MODES))))
    return Stage(prior, jnp.asarray(directions), jnp.asarray(rng.uniform(0.01, 1.0, 2 * N)))


def test_the_result_is_the_mean_of_the_posterior_distribution():
    """From the definition, by dense matrices in the space of the data."""
    rng = np.random.default_rng(0)
    equations, stage = random_equations(rng), random_stage(rng)
    given = StageInputs(jnp.asarray(rng.normal(size=BOSONS)), jnp.array(1.7), jnp.array(0.3), jnp.array(0.6))
    scale = 1.4
    unit = 1.7 * (1 + np.asarray(equations.normal) @ np.asarray(given.approximate))
    A = np.asarray(equations.matrix) / unit[:, None]
    b = np.asarray(equations.offset) / unit
    A, b = np.concatenate([A.real, A.imag]), np.concatenate([b.real, b.imag])
    U = np.asarray(stage.directions)
    errors = 0.3**2 * np.eye(2 * N) + 0.6**2 * (U * np.asarray(stage.variances)) @ U.T
    mean, modes = scale * np.asarray(stage.prior.mean), scale * np.asarray(stage.prior.modes)
    covariance = modes @ modes.T
    gain = covariance @ A.T @ np.linalg.inv(A @ covariance @ A.T + errors)
    np.testing.assert_allclose(stage(equations, given, scale), mean - gain @ (A @ mean + b), rtol=1e-9)
    np.testing.assert_allclose(relative_residual(equations, given)[0], A, rtol=1e-12)


def test_strong_noise_leaves_the_prior_and_exact_data_determine_the_result():
    rng = np.random.default_rng(1)
    equations, stage = random_equations(rng), random_stage(rng)
    true = stage.prior.mean + stage.prior.modes @ jnp.asarray(rng.normal(size=MODES))
    equations = LinearEquations(equations.matrix, -equations.matrix @ true, equations.normal)

    def found(noise):
        return stage(equations, StageInputs(true, jnp.array(1.0), jnp.array(noise), jnp.array(1e-6)))

    np.testing.assert_allclose(found(1e6), stage.prior.mean, atol=1e-9)
    np.testing.assert_allclose(found(1e-7), true, atol=1e-8)


def test_a_prior_has_the_moments_of_its_samples():
    rng = np.random.default_rng(2)
    samples = rng.normal(size=(4000, 3)) @ rng.normal(size=(3, BOSONS)) + np.arange(BOSONS)
    prior = fit_prior(samples)
    assert prior.modes.shape == (BOSONS, 3)
    np.testing.assert_allclose(prior.mean, samples.mean(axis=0))
    np.testing.assert_allclose(prior.modes @ prior.modes.T, np.cov(samples.T, bias=True), atol=1e-9)


def test_expected_errors_follow_the_noise_and_are_not_ruled_by_one_bad_sample():
    rng = np.random.default_rng(3)
    noise = 10 ** rng.uniform(-4, -1, 6000)
    errors = 3 * noise[:, None] * rng.normal(size=(6000, BOSONS))
    errors[17] = 1e3
    expected = fit_expected_errors(noise, errors)
    for level in (1e-3, 1e-2):
        np.testing.assert_allclose(expected(jnp.array(level)), 3 * level, rtol=0.25)
    # beyond the levels with samples the last one holds
    np.testing.assert_allclose(expected(jnp.array(1.0)), expected.errors[-1], rtol=1e-5)
    assert np.all(np.isfinite(expected(jnp.array(0.0))))
    assert jax.grad(lambda noise: expected(noise)[0])(0.02) == pytest.approx(3, rel=0.4)
    assert float(log_noise(jnp.array(0.0))) == LEVELS[0]
