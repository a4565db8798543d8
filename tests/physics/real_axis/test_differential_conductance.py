"""The differential conductance against the current of the junction, of which a lock-in measures the first harmonic."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import (
    MSC,
    FullMatsubara,
    InputError,
    RealAxisGap,
    continue_gap,
    differential_conductance,
    solve_gap,
)
from diffeliash.physics.material import IsotropicAverage
from diffeliash.physics.real_axis._differential_conductance import MOST_MODULATION_POINTS, n_modulation_points
from diffeliash.units import BOLTZMANN

from ...cases import central_difference, gaussian_peak
from ..test_other_theories import DWave

SPECTRUM = gaussian_peak(1.3, n=100)
T, BROADENING = 3.0, 0.3
ENERGIES = np.linspace(0.0, 35.0, 141)
DENSE = np.linspace(0.0, 40.0, 4001)


@pytest.fixture(scope="module")
def sol():
    return solve_gap(SPECTRUM, T)


@pytest.fixture(scope="module")
def real(sol):
    return continue_gap(sol, SPECTRUM, ENERGIES, broadening=BROADENING)


@pytest.fixture(scope="module")
def dense(sol):
    return continue_gap(sol, SPECTRUM, DENSE, broadening=BROADENING)


def at_energies(dense, chosen):
    """The gap function at some of the dense energies."""
    return jax.tree.map(lambda x: x[chosen] if x.ndim else x, dense)


def fermi(x, T):
    return 0.5 - 0.5 * np.tanh(x / (2 * BOLTZMANN * T))


def current(dense, V, T):
    """The current at voltages, relative to the conductance of the normal state, by a sum over dense energies."""
    E = np.concatenate([-dense.omega[:0:-1], dense.omega])
    N = np.concatenate([dense.dos[:0:-1], dense.dos])
    return (fermi(E - V[..., None], T) - fermi(E, T)) @ N * (E[1] - E[0])


def lock_in(dense, V, T, rms):
    """What a lock-in measures: the first harmonic of the current, over the amplitude of the modulation."""
    phase = (np.arange(100) + 0.5) * 2 * np.pi / 100
    amplitude = np.sqrt(2) * rms
    return 2 * np.mean(current(dense, V[:, None] + amplitude * np.sin(phase), T) * np.sin(phase), axis=1) / amplitude


@pytest.mark.parametrize(("T_junction", "rms"), [(3.0, 0.4), (1.0, 0.3), (0.5, 0.4), (5.0, 1e-3)])
def test_first_harmonic_of_the_current(real, dense, T_junction, rms):
    some = np.arange(0, 110, 4)  # up to 27 meV: what lies beyond 35 meV does not matter there
    expected = lock_in(dense, ENERGIES[some], T_junction, rms)
    found = differential_conductance(real, T_junction, rms)[some]
    assert np.ptp(expected) > 0.5
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_derivative_of_the_current(real, dense):
    """Without modulation, and at its definition: the slope of the current."""
    V, h = ENERGIES[2:110:8], 2e-3
    near, far = (current(dense, V + s, T) - current(dense, V - s, T) for s in (h, 2 * h))
    expected = (8 * near - far) / (12 * h)
    np.testing.assert_allclose(differential_conductance(real, T)[2:110:8], expected, rtol=0, atol=1e-6)


def test_up_to_the_last_energy_the_gap_function_beyond_hardly_matters(real, dense):
    expected = lock_in(dense, ENERGIES[-3:], T, 0.4)
    np.testing.assert_allclose(differential_conductance(real, T, 0.4)[-3:], expected, rtol=0, atol=1e-5)


def test_at_low_temperature_it_is_the_density_of_states(dense):
    """Up to the second order in the temperature, with the second derivative of the density of states."""
    part = at_energies(dense, slice(None, None, 10))
    cold = 0.1
    second = np.gradient(np.gradient(dense.dos, DENSE), DENSE)[::10]
    correction = (np.pi * BOLTZMANN * cold) ** 2 / 6 * second
    found = np.asarray(differential_conductance(part, cold) - part.dos)
    inside = slice(5, 300)
    assert np.max(np.abs(correction[inside])) > 1e-4
    np.testing.assert_allclose(
        found[inside], correction[inside], rtol=0, atol=0.01 * np.max(np.abs(correction[inside]))
    )
    assert np.max(np.abs(differential_conductance(part, 3.0) - part.dos)) > 0.1


@pytest.mark.parametrize(("T_junction", "rms"), [(0.5, 0.0), (20.0, 3.0)])
def test_normal_metal(real, T_junction, rms):
    normal = eqx.tree_at(lambda real: real.Delta, real, 0 * real.Delta)
    np.testing.assert_allclose(differential_conductance(normal, T_junction, rms), 1.0, rtol=1e-9)


def test_no_state_is_lost(real, dense):
    """The integral of G - 1 over the bias is that of N - 1 over the energy, but for what crosses the last energy."""
    smeared, dos = np.asarray(differential_conductance(real, T, 0.5)), np.asarray(dense.dos)[:3501]
    assert np.trapezoid(np.abs(smeared - dos[::25]), ENERGIES) > 0.4
    variance = (np.pi * BOLTZMANN * T) ** 2 / 3 + 0.5**2
    crossing = variance / 2 * float(dos[-1] - dos[-2]) / 0.01
    lost = np.trapezoid(smeared - 1, ENERGIES) - np.trapezoid(dos - 1, DENSE[:3501])
    assert abs(lost) < 3 * abs(crossing) < 1e-5


def test_coarse_energies_give_the_same_as_fine_ones(real, dense):
    fine = at_energies(dense, slice(3501))
    found, expected = differential_conductance(real, T, 0.2), differential_conductance(fine, T, 0.2)
    np.testing.assert_allclose(found, expected[::25], rtol=0, atol=2e-7)


def test_energies_that_begin_above_zero_and_are_not_uniform(dense):
    """Each of the dense energies was continued by itself."""
    chosen = np.unique(np.concatenate([np.arange(7, 1500, 17), np.arange(1500, 3501, 31)]))
    uneven = at_energies(dense, chosen)
    found = differential_conductance(uneven, T, 0.2)
    assert uneven.omega[0] == 0.07
    np.testing.assert_allclose(found[:100:3], lock_in(dense, DENSE[chosen[:100:3]], T, 0.2), rtol=0, atol=1e-6)


@pytest.mark.slow
def test_derivatives_match_central_differences(sol, real):
    """With respect to a2F, temperature, modulation and broadening, for the gap function that follows from a2F."""
    energies = np.linspace(0.0, 20.0, 61)

    @jax.jit
    def conductance(scale, T_junction, rms, broadening):
        spectrum = eqx.tree_at(lambda spectrum: spectrum.a2f, SPECTRUM, scale * SPECTRUM.a2f)
        gap = continue_gap(solve_gap(spectrum, T), spectrum, energies, broadening=BROADENING, method=MSC(n=512))
        gap = eqx.tree_at(lambda gap: gap.broadening, gap, broadening)
        return differential_conductance(gap, T_junction, rms)[jnp.array([0, 4, 17])]

    at = [jnp.array(x) for x in (1.0, 3.0, 0.3, BROADENING)]
    found = jax.jacrev(conductance, argnums=(0, 1, 2, 3))(*at)
    for n, each in enumerate(found):
        expected = central_difference(lambda x, n=n: conductance(*at[:n], x, *at[n + 1 :]), at[n], 2e-3)
        assert np.max(np.abs(expected)) > 0.02
        np.testing.assert_allclose(each, expected, rtol=0, atol=1e-6 * np.max(np.abs(expected)))


@pytest.mark.slow
def test_batches_of_materials_temperatures_and_modulations(real):
    other = eqx.tree_at(lambda real: real.Delta, real, 0.7 * real.Delta)
    materials = jax.tree.map(lambda *x: jnp.stack(x), real, other)
    temperatures, sizes = jnp.array([1.0, 4.0]), jnp.array([0.0, 0.3])
    found = jax.vmap(differential_conductance)(materials, temperatures, sizes)
    for n, one in enumerate((real, other)):
        expected = differential_conductance(one, float(temperatures[n]), float(sizes[n]))
        np.testing.assert_allclose(found[n], expected, rtol=0, atol=1e-7)
    assert np.max(np.abs(found[0] - found[1])) > 0.1
    of_temperature = jax.vmap(differential_conductance, in_axes=(None, 0, None))(real, temperatures, 0.1)
    np.testing.assert_allclose(of_temperature[1], differential_conductance(real, 4.0, 0.1), rtol=0, atol=1e-7)


def test_compiled_with_a_gap_function_that_is_known(real):
    found = jax.jit(lambda T: differential_conductance(real, T, 0.2))(jnp.array(2.0))
    np.testing.assert_allclose(found, differential_conductance(real, 2.0, 0.2), rtol=0, atol=1e-7)


def test_a_d_wave_material_is_averaged_over_its_fermi_surface():
    spectrum = gaussian_peak(1.3, n=50)
    material = DWave(spectrum.omega, spectrum.a2f, 1.2 * spectrum.a2f)
    options = {"mu_star": 0.0, "omega_c": 60.0, "matsubara_cutoff": 60.0, "frequencies": FullMatsubara()}
    sol = solve_gap(material, T, **options)
    assert float(sol.Delta[0]) > 0.5
    dense = continue_gap(sol, material, np.linspace(0.0, 25.0, 2501), broadening=BROADENING)
    real, V = at_energies(dense, slice(None, None, 25)), dense.omega[:1500:100]
    found, expected = differential_conductance(real, T, 0.2)[:60:4], lock_in(dense, np.asarray(V), T, 0.2)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    isotropic = eqx.tree_at(lambda real: real.average, real, IsotropicAverage())
    assert np.max(np.abs(differential_conductance(isotropic, T, 0.2)[:60:4] - found)) > 0.1


@pytest.mark.parametrize(
    ("T_junction", "rms", "message"),
    [
        (0.0, 0.0, "`T` must be one positive temperature"),
        (-1.0, 0.0, "`T` must be"),
        (float("nan"), 0.0, "`T` must be"),
        (np.array([1.0, 2.0]), 0.0, "`T` must be one"),
        (3.0, -0.1, "`modulation` must be one rms amplitude"),
        (3.0, float("inf"), "`modulation` must be"),
        (3.0, 1e3, "modulation of 1000 meV is too large for 3 K.*unit of the modulation"),
    ],
)
def test_bad_numbers(real, T_junction, rms, message):
    with pytest.raises(InputError, match=message.replace("(", r"\(")):
        differential_conductance(real, T_junction, rms)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda omega: omega - 1, "not negative"),
        (lambda omega: omega[::-1], "ascending"),
        (lambda omega: omega.at[5].set(omega[4]), "ascending"),
        (lambda omega: omega[:6], "more than 6 energies"),
        (lambda omega: omega[None], "batch with jax.vmap"),
    ],
)
def test_bad_energies(real, change, message):
    with pytest.raises(InputError, match=message):
        differential_conductance(_with_energies(real, change(real.omega)), T)


def _with_energies(real: RealAxisGap, omega) -> RealAxisGap:
    return eqx.tree_at(lambda real: real.omega, real, omega)


def test_number_of_points_for_the_modulation():
    assert n_modulation_points(3.0, 0.0) == 1
    few, many = n_modulation_points(3.0, 0.1), n_modulation_points(0.3, 0.5)
    assert 1 < few < 20 < many < MOST_MODULATION_POINTS


@pytest.mark.slow
def test_what_is_traced_is_exact_or_not_a_number(real, dense):
    """Where the rules are too coarse for the temperature or the modulation there is no answer."""
    traced = eqx.filter_jit(differential_conductance)
    for T_junction, rms in ((0.2, 0.0), (0.3, 0.1)):
        np.testing.assert_allclose(traced(real, jnp.asarray(T_junction), jnp.asarray(rms)),
            differential_conductance(real, T_junction, rms), rtol=1e-6)  # fmt: skip
    assert np.all(np.isnan(traced(real, jnp.asarray(0.02), jnp.asarray(0.0))))
    assert np.all(np.isnan(traced(real, jnp.asarray(0.2), jnp.asarray(2.0))))
    fine = differential_conductance(at_energies(dense, slice(None)), 0.02)[::100]
    np.testing.assert_allclose(differential_conductance(real, 0.02)[::4], fine[: len(ENERGIES[::4])], rtol=1e-5)
    with pytest.raises(InputError, match=r"energies up to 0.25 meV apart are too coarse for a conductance at 0.005 K"):
        differential_conductance(real, 0.005)
