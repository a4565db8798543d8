"""A gap function back to its a2F by the linear equations, against exact solutions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import FullMatsubara, InputError, continue_gap, solve_gap
from diffeliash.inverse import (
    choose_strength,
    invert_linearly,
    linear_equations,
    matsubara_averages,
    pose_inverse_problem,
)
from diffeliash.inverse.linear._linear_inversion import invert_one_linearly

from ...cases import gaussian_peak
from ...conftest import rest_slow, shared

KNOWN = {"T": 2.0, "mu_star": 0.1, "omega_c": 30.0, "matsubara_cutoff": 40.0, "broadening": 0.1, "omega_max": 10.0}
OMEGA = np.linspace(0, 30, 301)
PROBLEM = pose_inverse_problem(OMEGA, **KNOWN)


@pytest.fixture(scope="module")
def solved():
    """A spectrum at the bosons of the problem, its solution, and its gap function."""
    spectrum = gaussian_peak(1.3)
    numbers = {name: KNOWN[name] for name in ("mu_star", "omega_c", "matsubara_cutoff")}
    sol = solve_gap(spectrum, 2.0, **numbers, frequencies=FullMatsubara())
    real = continue_gap(sol, spectrum, OMEGA, broadening=0.1)
    at_bosons = np.interp(PROBLEM.omega, spectrum.omega, spectrum.a2f)
    return at_bosons, sol, np.asarray(real.Delta), np.asarray(real.Z)


def true_averages(sol):
    R = np.hypot(sol.omega_n, sol.Delta)
    return jnp.asarray(1 - sol.omega_n / R), jnp.asarray(sol.Delta / R)


def test_grid_of_the_problem():
    assert (PROBLEM.stride, PROBLEM.n_energies) == (2, 301)
    np.testing.assert_allclose(PROBLEM.omega, 0.05 * np.arange(1, 200), rtol=1e-12)
    assert PROBLEM.line.n % 8 == 0
    assert PROBLEM.line.n // 2 >= 600 + 199


def test_splines_reproduce_smooth_functions():
    x = 0.05 * np.arange(601)
    z, fine = OMEGA + 2j, x + 2j
    np.testing.assert_allclose(PROBLEM.on_line(jnp.asarray(1 / (1 + z**2))), 1 / (1 + fine**2), atol=1e-7)
    values = np.sin(np.pi * PROBLEM.omega / 10)
    found = PROBLEM.spline_to(np.array([0.01, 3.33, 9.99, 11.0])) @ values
    np.testing.assert_allclose(found, [*np.sin(np.pi * np.array([0.01, 3.33, 9.99]) / 10), 0.0], atol=1e-6)


def test_averages_around_the_bosons():
    omega = np.sort(np.random.default_rng(0).uniform(0.01, 9.0, 700))
    values = np.sin(omega)
    fine = np.linspace(0, 10, 2_000_001)
    curve = np.interp(fine, np.append(0, omega), np.append(0, values), right=0)
    found = PROBLEM.averages_from(omega) @ values
    for i in (0, 77, 150):
        hat = np.maximum(0, 1 - np.abs(fine - PROBLEM.omega[i]) / 0.05)
        assert found[i] == pytest.approx(np.sum(hat * curve) * 5e-6 / 0.05, rel=1e-6)
    bound = np.max(np.diff(omega)) ** 2 / 8 + 0.05**2 / 12  # of the straight lines, and of the averages
    np.testing.assert_allclose(found[:150], np.sin(PROBLEM.omega[:150]), atol=bound)


def test_the_true_spectrum_solves_the_equations(solved):
    a2f, sol, Delta, Z = solved
    equations = linear_equations(PROBLEM, jnp.asarray(Delta), true_averages(sol))
    scale = np.max(np.abs(Delta))
    # the spline through points one broadening apart is good to 1e-4
    assert np.max(np.abs(equations.residual(jnp.asarray(a2f)))) < 3e-4 * scale
    assert np.max(np.abs(equations.residual(jnp.asarray(1.01 * a2f)))) > 3e-3 * scale
    np.testing.assert_allclose(1 + equations.normal @ jnp.asarray(a2f), Z, atol=1e-3)


def test_averages_from_the_gap_function_alone(solved):
    _, sol, Delta, _ = solved
    found = matsubara_averages(PROBLEM, PROBLEM.on_line(jnp.asarray(Delta)))
    expected = true_averages(sol)
    low = np.asarray(sol.omega_n) < 2 * np.max(np.abs(Delta))
    assert np.sum(low) > 3
    for mine, true in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine[low], true[low], atol=1e-4)
        np.testing.assert_allclose(mine, true, atol=6e-3)  # what the end of the energies leaves open


@pytest.mark.parametrize(("noise", "worst"), rest_slow([(1e-3, 1e-3), (0.0, 1e-4), (1e-2, 1e-2)]))
def test_inversion_finds_the_spectrum(solved, noise, worst):
    a2f, _, Delta, _ = solved
    size = noise * np.max(np.abs(Delta))
    rng = np.random.default_rng(0)
    measured = (Delta + size * (rng.normal(size=Delta.shape) + 1j * rng.normal(size=Delta.shape)))[None, :]
    strength = choose_strength(PROBLEM, measured)
    found = invert_linearly(PROBLEM, measured, strength=strength)[0]
    assert 1 - np.corrcoef(found, a2f)[0, 1] < worst
    np.testing.assert_allclose(invert_one_linearly(PROBLEM, measured[0]), found, atol=1e-9)


@pytest.mark.slow
def test_more_noise_asks_for_more_smoothness(solved):
    Delta = solved[2]
    rng, size = np.random.default_rng(0), np.max(np.abs(Delta))
    noise = rng.normal(size=Delta.shape) + 1j * rng.normal(size=Delta.shape)
    strengths = [choose_strength(PROBLEM, (Delta + part * size * noise)[None, :]) for part in (0.0, 1e-2, 1e-1)]
    assert strengths[0] < strengths[1] < strengths[2]


def test_it_is_the_minimum_that_it_is_said_to_be(solved):
    """From the definition, with the integral of the second derivative as a sum."""
    _, _, Delta, _ = solved
    strength, step = 1e-4, PROBLEM.omega[0]
    equations = linear_equations(PROBLEM, jnp.asarray(Delta))

    def loss(x):
        second = jnp.diff(jnp.pad(x, 1), n=2) / step**2
        return jnp.sum(jnp.abs(equations.residual(x)) ** 2) + strength * step * jnp.sum(second**2)

    found = invert_linearly(PROBLEM, Delta[None, :], strength=strength)[0]
    slope = jax.grad(loss)(jnp.asarray(found))
    assert np.max(np.abs(slope)) < 1e-8 * np.max(np.abs(jax.grad(loss)(jnp.zeros(found.size))))


@pytest.mark.parametrize("name", rest_slow(["G1", "G2", "G3", "G6", "P2"]))
def test_reference_solutions(name):
    ref = np.load(shared("references", f"{name}_wc50.npz"))
    known = {"T": float(ref["T"]), "mu_star": float(ref["mu"]), "omega_c": 50.0, "matsubara_cutoff": 220.2}
    Delta = ref["msc_Delta"][list(ref["Gamma"]).index(0.1)]
    problem = pose_inverse_problem(ref["x"], **known, broadening=0.1, omega_max=10.0)
    found = invert_linearly(problem, Delta[None, :], strength=choose_strength(problem, Delta[None, :]))[0]
    expected = np.interp(problem.omega, ref["w"], ref["a2f"])
    # the peaks of P2 are as narrow as the line is far from the axis
    assert 1 - np.corrcoef(found, expected)[0, 1] < (1e-2 if name == "P2" else 1e-4)


def test_what_cannot_be_inverted_is_refused():
    with pytest.raises(InputError, match="lowest Matsubara frequency"):
        pose_inverse_problem(OMEGA, **KNOWN | {"broadening": 0.6})
    for grid, message in (
        (OMEGA**2, "evenly"),
        (OMEGA[:90], "extends to"),
        (OMEGA[:4], "4 energies"),
        (OMEGA + 1, "zero"),
    ):
        with pytest.raises(InputError, match=message):
            pose_inverse_problem(grid, **KNOWN)
