"""The linear equations around the solution for an approximate a2F, against exact solutions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import Spectrum, continue_gap, solve_gap
from diffeliash.inverse import gap_gradient, linear_equations, linear_equations_at_solution, pose_inverse_problem

from ...cases import gaussian_peak

KNOWN = {"T": 2.0, "mu_star": 0.1, "omega_c": 30.0, "matsubara_cutoff": 40.0, "broadening": 0.2, "omega_max": 10.0}
OMEGA = np.linspace(0, 30, 76)
PROBLEM = pose_inverse_problem(OMEGA, **KNOWN)
at_solution = jax.jit(lambda Delta, a2f: linear_equations_at_solution(PROBLEM, Delta, a2f))


def at_bosons(spectrum):
    return jnp.asarray(np.interp(PROBLEM.omega, spectrum.omega, spectrum.a2f))


def gap_of(spectrum):
    numbers = {name: KNOWN[name] for name in ("mu_star", "omega_c", "matsubara_cutoff")}
    sol = solve_gap(spectrum, KNOWN["T"], **numbers)
    return continue_gap(sol, spectrum, OMEGA, broadening=KNOWN["broadening"]).Delta


def residual_of(equations, a2f, Delta):
    return float(np.max(np.abs(equations.residual(a2f))) / np.max(np.abs(Delta)))


@pytest.fixture(scope="module")
def true():
    spectrum = gaussian_peak(1.3, n=2000)
    return at_bosons(spectrum), gap_of(spectrum)


def test_the_true_spectrum_solves_them_better_than_with_interpolation(true):
    a2f, Delta = true
    found = at_solution(Delta, a2f)
    assert bool(found.usable)
    assert found.misfit < 1e-8
    around = residual_of(found.equations, a2f, Delta)
    assert around < 2e-4  # the tolerance of the continuation, 1e-4, times Z
    assert residual_of(found.equations, 1.01 * a2f, Delta) > 20 * around
    assert residual_of(linear_equations(PROBLEM, Delta), a2f, Delta) > 10 * around


def test_from_an_approximate_spectrum_the_error_is_a_part_of_the_misfit(true):
    a2f, Delta = true
    other = at_bosons(gaussian_peak(1.25, center=5.1))
    found = at_solution(Delta, other)
    assert bool(found.usable)
    difference = residual_of(found.equations, a2f, Delta)
    assert difference < 0.35 * residual_of(found.equations, other, Delta)


def test_noise_enters_as_it_is(true):
    """The integrals contain no noise: it changes the offset by Z times itself and nothing else."""
    a2f, Delta = true
    rng = np.random.default_rng(0)
    noise = 1e-3 * (rng.normal(size=OMEGA.size) + 1j * rng.normal(size=OMEGA.size))
    noise = noise - np.sum(np.real(np.conj(Delta) * noise)) / np.sum(np.abs(Delta) ** 2) * Delta  # leaves beta as it is
    clean, noisy = (at_solution(values, a2f).equations for values in (Delta, Delta + noise))
    Z = 1 + clean.normal @ a2f
    change = noisy.residual(a2f) - clean.residual(a2f)
    np.testing.assert_allclose(change, Z * noise, atol=1e-3 * np.max(np.abs(Z * noise)))
    assert np.max(np.abs(noisy.matrix - clean.matrix)) < 1e-4 * np.max(np.abs(clean.matrix))


def test_near_the_critical_temperature_the_size_of_the_gap_does_not_matter():
    weak, weaker = gaussian_peak(0.662), gaussian_peak(0.66)
    Delta, other = gap_of(weak), gap_of(weaker)
    assert np.max(np.abs(Delta)) > 1.1 * np.max(np.abs(other))  # T_c is near
    found = at_solution(Delta, at_bosons(weaker))
    assert bool(found.usable)
    assert found.misfit < 1e-3


def test_without_a_superconducting_solution_they_are_finite_and_not_usable(true):
    _, Delta = true
    found = at_solution(Delta, at_bosons(gaussian_peak(0.2)))
    assert not found.usable
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(found.equations))


def test_batch_and_gradient(true):
    a2f, Delta = true
    other = at_bosons(gaussian_peak(1.2))
    many = jax.vmap(at_solution)(jnp.stack([Delta, Delta]), jnp.stack([a2f, other]))
    np.testing.assert_allclose(many.equations.offset[1], at_solution(Delta, other).equations.offset, rtol=1e-8)

    def loss(scale):
        found = at_solution(Delta, scale * a2f)
        return jnp.sum(jnp.abs(found.equations.residual(a2f)) ** 2) + found.misfit

    # far enough from the true a2F that rounding and the tolerance of the continuation do not matter
    expected = (loss(1.1 + 1e-4) - loss(1.1 - 1e-4)) / 2e-4
    assert abs(expected) > 1e-3
    np.testing.assert_allclose(jax.grad(loss)(1.1), expected, rtol=1e-3)


def test_the_growth_of_the_gap_is_that_of_finite_differences(true):
    a2f, _ = true
    direction = np.random.default_rng(0).normal(size=a2f.size)
    gradient = jax.jit(lambda x: gap_gradient(PROBLEM, x))

    def size(a2f):
        step = float(PROBLEM.omega[0])
        spectrum = Spectrum(np.append(PROBLEM.omega, PROBLEM.omega[-1] + step), np.append(a2f, 0.0))
        numbers = {name: KNOWN[name] for name in ("mu_star", "omega_c", "matsubara_cutoff")}
        return np.log(float(solve_gap(spectrum, KNOWN["T"], **numbers).Delta[0]))

    h = 1e-4
    expected = (size(a2f + h * direction) - size(a2f - h * direction)) / (2 * h)
    assert abs(expected) > 0.01
    np.testing.assert_allclose(gradient(a2f) @ direction, expected, rtol=1e-4)
    np.testing.assert_array_equal(gradient(0 * a2f), 1.0)  # the normal state
