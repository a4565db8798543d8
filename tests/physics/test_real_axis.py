import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import InputError, Pade, Spectrum, continue_gap, gap_edge, solve_gap
from diffeliash.physics import default_broadening, density_of_states

from ..cases import central_difference, gaussian_peak
from ..conftest import shared


def reference_solution(name):
    reference = np.load(shared("references", f"{name}_wc50.npz"))
    spectrum = Spectrum(reference["w"], reference["a2f"])
    return reference, spectrum, solve_gap(spectrum, 1.16, omega_c=50.0, matsubara_cutoff=220.2)


@pytest.mark.parametrize("name", ["G1", "G2", "G3", "G6", "P2"])
def test_gap_edge(name):
    reference, spectrum, sol = reference_solution(name)
    assert float(gap_edge(sol, spectrum)) == pytest.approx(float(reference["gap_edge_msc"]), abs=1e-4)


@pytest.mark.parametrize("name", ["G1", "G3"])
def test_low_energies_agree_with_the_exact_continuation(name):
    # below half the gap the float64 Pade approximant has not lost its digits yet
    reference, spectrum, sol = reference_solution(name)
    omega = reference["x"][:4]
    found = continue_gap(sol, spectrum, omega, broadening=0.1)
    exact = {field: reference[f"msc_{field}"][list(reference["Gamma"]).index(0.1), :4] for field in ("Delta", "Z")}
    np.testing.assert_allclose(found.Delta, exact["Delta"], rtol=1e-5)
    np.testing.assert_allclose(found.Z, exact["Z"], rtol=1e-5)


def test_discrepancy_warns_of_a_wrong_continuation():
    # G1 with all points is off by tens of percent below 35 meV: the acceptance test must see it
    reference, spectrum, sol = reference_solution("G1")
    found = continue_gap(sol, spectrum, reference["x"][:351], broadening=0.1)
    exact = reference["msc_Delta"][list(reference["Gamma"]).index(0.1), :351]
    error = np.max(np.abs(found.Delta - exact)) / np.max(np.abs(exact))
    assert error > 0.01
    assert float(found.discrepancy) > error / 10


def test_bcs_density_of_states():
    # constant gap: N = |w| / sqrt(w^2 - D^2) above it, 0 below it
    omega = jnp.array([0.0, 0.5, 0.999, 1.25, 5.0, -1.25])
    found = density_of_states(omega + 0j, jnp.ones(6) + 0j)
    np.testing.assert_allclose(found[3:], np.abs(omega[3:]) / np.sqrt(np.asarray(omega[3:]) ** 2 - 1), rtol=1e-12)
    np.testing.assert_allclose(found[:3], 0.0, atol=1e-12)
    np.testing.assert_array_equal(density_of_states(omega + 0j, jnp.zeros(6) + 0j), 1.0)


def test_normal_state():
    spectrum = gaussian_peak(0.05)
    sol = solve_gap(spectrum, 2.0)
    real = continue_gap(sol, spectrum, np.linspace(0, 30, 31))
    np.testing.assert_array_equal(real.Delta, 0.0)
    np.testing.assert_array_equal(real.dos, 1.0)
    assert np.isnan(gap_edge(sol, spectrum))
    assert np.isnan(real.discrepancy)


def test_default_broadening():
    assert float(default_broadening(1.16, 10.0)) == pytest.approx(0.1)
    assert float(default_broadening(0.5, 10.0)) == pytest.approx(np.pi * 0.08617333262 * 0.5 / 3)


def test_gradient_of_the_gap_edge():
    spectrum = gaussian_peak(1.3)

    def edge(scale):
        scaled = Spectrum(spectrum.omega, scale * spectrum.a2f)
        sol = solve_gap(scaled, 1.5, omega_c=30.0, matsubara_cutoff=30.0)
        return gap_edge(sol, scaled, method=Pade(12))

    found = float(jax.grad(edge)(1.0))
    assert found > 0.1
    # a continued fraction of 12 points amplifies rounding by about 1e6
    assert found == pytest.approx(float(central_difference(edge, 1.0, 1e-3)), rel=1e-5)


def test_batches_keep_their_members():
    spectrum = gaussian_peak(1.3)
    omega = np.linspace(0, 5, 11)

    def real(scale):
        scaled = Spectrum(spectrum.omega, scale * spectrum.a2f)
        sol = solve_gap(scaled, 1.5, omega_c=30.0, matsubara_cutoff=30.0)
        return continue_gap(sol, scaled, omega, method=Pade(8)).Delta, gap_edge(sol, scaled, method=Pade(8))

    batch, edges = jax.jit(jax.vmap(real))(jnp.array([1.0, 0.05, jnp.nan, 1.5]))
    assert np.all(np.isfinite(batch))
    np.testing.assert_array_equal(np.isfinite(edges), [True, False, False, True])
    np.testing.assert_allclose(batch[3], real(1.5)[0], rtol=1e-8)


def test_bad_lines_are_refused():
    spectrum = gaussian_peak(1.3)
    sol = solve_gap(spectrum, 1.5)
    with pytest.raises(InputError, match="broadening"):
        continue_gap(sol, spectrum, [0.0, 1.0], broadening=-0.1)
    with pytest.raises(InputError, match="omega"):
        continue_gap(sol, spectrum, [0.0, np.nan])
