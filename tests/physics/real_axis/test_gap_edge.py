import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import FullMatsubara, Pade, Spectrum, continue_gap, gap_edge, gap_ratio, solve_gap, solve_tc
from diffeliash.units import BOLTZMANN

from ...cases import central_difference, gaussian_peak
from ...conftest import shared


@pytest.mark.parametrize(("name", "tolerance"), [("G1", 1e-9), ("G2", 1e-9), ("G3", 1e-9), ("G6", 1e-9), ("P2", 1e-7)])
@pytest.mark.parametrize(("cutoff", "omega_c"), [("wc50", 50.0), ("wcall", 220.2)])
def test_reference_edges(name, tolerance, cutoff, omega_c):
    reference = np.load(shared("references", f"{name}_{cutoff}.npz"))
    spectrum = Spectrum(reference["w"], reference["a2f"])
    sol = solve_gap(spectrum, 1.16, omega_c=omega_c, matsubara_cutoff=220.2)
    assert float(gap_edge(sol, spectrum)) == pytest.approx(float(reference["gap_edge_msc"]), abs=tolerance)


def test_reference_edges_by_pade():
    reference = np.load(shared("references", "G3_wc50.npz"))
    spectrum = Spectrum(reference["w"], reference["a2f"])
    sol = solve_gap(spectrum, 1.16, omega_c=50.0, matsubara_cutoff=220.2)
    found = float(gap_edge(sol, spectrum, method=Pade()))
    assert found == pytest.approx(float(reference["gap_edge_msc"]), abs=1e-4)


@pytest.mark.parametrize(("name", "T", "edge"), [("Nb_IsoME_s15", 3.435, 1.945918), ("MgB2_Elk", 10.197, 5.474351)])
def test_real_materials(name, T, edge):
    omega, a2f = np.loadtxt(shared("materials", "grid", f"{name}.dat"), unpack=True)[:2]
    spectrum, cutoff = Spectrum(omega, a2f), 10 * omega[-1]
    sol = solve_gap(spectrum, T, omega_c=cutoff, matsubara_cutoff=cutoff)
    # the table's program works on the axis with the step of the spectrum
    assert float(gap_edge(sol, spectrum)) == pytest.approx(edge, abs=5e-6)


@pytest.mark.slow
def test_close_to_T_c_too_it_is_where_lines_tend_to():
    spectrum = gaussian_peak(1.6)
    sol = solve_gap(spectrum, 0.95 * float(solve_tc(spectrum)))
    edge = float(gap_edge(sol, spectrum))
    # a parabola through three lines; what it leaves is of third order
    lines = [float(np.real(continue_gap(sol, spectrum, [edge], broadening=b).Delta[0])) for b in (0.02, 0.04, 0.08)]
    limit = (8 * lines[0] - 6 * lines[1] + lines[2]) / 3
    assert abs(lines[0] - edge) > 2e-5
    assert limit == pytest.approx(edge, abs=1e-5)


@pytest.mark.slow
def test_no_edge():
    weak, strong = gaussian_peak(0.05), gaussian_peak(12.0)
    assert np.isnan(gap_edge(solve_gap(weak, 2.0), weak))
    sol = solve_gap(strong, 3.0)
    unsolved = dataclasses.replace(sol, converged=jnp.array(False))
    assert np.isnan(gap_edge(unsolved, strong))
    close = 0.995 * float(solve_tc(strong))  # thermal bosons fill the gap: Re Delta < omega everywhere
    sol = solve_gap(strong, close)
    assert float(sol.Delta[0]) > 0.1
    assert np.isnan(gap_edge(sol, strong))


@pytest.mark.slow
def test_weak_coupling_ratio():
    # the BCS limit 3.528 from above, with Marsiglio and Carbotte's correction, which is good to half a percent here
    spectrum = gaussian_peak(0.6)
    T_c = float(solve_tc(spectrum, mu_star=0.1))
    sol = solve_gap(spectrum, T_c / 5)
    small = BOLTZMANN * T_c / float(spectrum.omega_log)
    expected = 3.528 * (1 + 12.5 * small**2 * np.log(1 / (2 * small)))
    assert float(gap_ratio(gap_edge(sol, spectrum), T_c)) == pytest.approx(expected, rel=5e-3)
    assert np.isnan(gap_ratio(1.0, 0.0))


def test_gradient_and_batch():
    peak = gaussian_peak(1.3)

    def edge(scale):
        spectrum = Spectrum(peak.omega, scale * peak.a2f)
        sol = solve_gap(spectrum, 1.5, omega_c=30.0, matsubara_cutoff=30.0)
        return gap_edge(sol, spectrum)

    both = jax.jit(jax.vmap(jax.value_and_grad(edge)))
    values, slopes = both(np.array([1.0, 0.05, np.nan, 1.5]))
    np.testing.assert_array_equal(np.isfinite(values), [True, False, False, True])
    expected = central_difference(lambda x: float(both(np.array([x, x, x, x]))[0][0]), 1.0, 1e-3)
    assert float(slopes[0]) > 0.1
    assert float(slopes[0]) == pytest.approx(expected, rel=1e-6)


def test_compressed_and_full_solutions_have_the_same_edge():
    spectrum = gaussian_peak(1.3)
    edges = [
        float(gap_edge(solve_gap(spectrum, 1.5, **more), spectrum)) for more in ({}, {"frequencies": FullMatsubara()})
    ]
    assert edges[0] == pytest.approx(edges[1], rel=1e-8)
