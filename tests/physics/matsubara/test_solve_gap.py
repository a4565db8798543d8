import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import (
    MSC,
    Anderson,
    Broyden,
    CompressedMatsubara,
    FullMatsubara,
    InputError,
    Newton,
    Spectrum,
    continue_gap,
    converge_cutoff,
    lambda_kernel,
    leading_eigenvalue,
    solve_gap,
    solve_gap_many,
    solve_tc,
)
from diffeliash.units import BOLTZMANN

from ...cases import central_difference, compiled_text, gaussian_peak
from ...conftest import rest_slow, shared

NAMES = ("G1", "G2", "G3", "G6", "P2")
SETTING = {"omega_c": 50.0, "matsubara_cutoff": 100.0}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("cutoff", "omega_c"), [("wc50", 50.0), ("wcall", 221.0)])
@pytest.mark.parametrize("solver", [Anderson(), Newton(), Broyden()])
def test_matches_50_digit_solutions(name, cutoff, omega_c, solver):
    reference = np.load(shared("references", f"{name}_{cutoff}.npz"))
    sol = solve_gap(
        Spectrum(reference["w"], reference["a2f"]), 1.16,
        mu_star=0.1, omega_c=omega_c, matsubara_cutoff=220.2,
        frequencies=FullMatsubara(), solver=solver,
    )  # fmt: skip
    assert sol.omega_n.size == 351
    assert bool(sol.converged)
    assert bool(sol.superconducting)
    # Newton's last step is squared away; the others stop when a step is below 1e-13 of numbers that reach 3 meV
    atol = 1e-14 if isinstance(solver, Newton) else 5e-13
    np.testing.assert_allclose(sol.omega_n, reference["wn"], rtol=1e-14)
    np.testing.assert_allclose(sol.Delta, reference["Delta_iw"], rtol=0, atol=atol)
    np.testing.assert_allclose(sol.Z, reference["Z_iw"], rtol=0, atol=atol)
    assert float(sol.residual) < 1e-13
    assert float(sol.error) == 0


@pytest.mark.parametrize(
    ("name", "omega_max", "T", "n", "Delta", "Z"),
    [
        pytest.param("Al_Elk", 45.67, 0.843, 1001, 0.427111278, 1.421228605, marks=pytest.mark.slow),
        ("Nb_IsoME_s15", 29.41, 3.435, 158, 1.918563794, 1.896667789),
        ("Pb_EPW60_Elphgap", 9.83, 1.579, 115, 0.920409370, 2.061835582),
        ("Pb_EPW2016_SOC_fig", 9.00, 2.385, 70, 1.541671168, 2.482208440),
        ("MgB2_Elk", 98.93, 10.197, 179, 5.436675223, 1.734454618),
    ],
)
def test_matches_other_codes_on_real_materials(name, omega_max, T, n, Delta, Z):
    data = np.loadtxt(shared("materials", "grid", f"{name}.dat"))
    cutoff = 10 * omega_max
    sol = solve_gap(Spectrum(data[:, 0], data[:, 1]), T, mu_star=0.1, omega_c=cutoff, matsubara_cutoff=cutoff)
    assert sol.frequencies.n == n
    assert bool(sol.converged)
    assert float(sol.Delta[0]) == pytest.approx(Delta, rel=1e-8)
    assert float(sol.Z[0]) == pytest.approx(Z, rel=1e-8)


@pytest.mark.parametrize("lambda_ep", rest_slow([1.3, 0.6, 4.0, 20.0]))
@pytest.mark.parametrize("fraction", rest_slow([0.999, 1.001, 0.15, 0.9, 2.0], fast=2))
def test_finds_the_branch_on_either_side_of_tc(lambda_ep, fraction):
    # the cutoffs hold exactly the same frequencies at every temperature tried, as solve_tc counts in part
    spectrum = gaussian_peak(lambda_ep)
    count = FullMatsubara(256)
    T_c = float(solve_tc(spectrum, omega_c=100.0, matsubara_cutoff=100.0, frequencies=count))
    for _ in range(3):
        cutoff = 2 * np.pi * BOLTZMANN * T_c * 40
        T_c = float(solve_tc(spectrum, omega_c=cutoff, matsubara_cutoff=cutoff, frequencies=FullMatsubara(64)))
    T = fraction * T_c
    cutoff = 2 * np.pi * BOLTZMANN * T * 40
    if fraction < 0.9:
        cutoff = 2 * np.pi * BOLTZMANN * T_c * 40
    sol = solve_gap(spectrum, T, omega_c=cutoff, matsubara_cutoff=max(cutoff, 10.0))
    assert bool(sol.converged)
    assert bool(sol.superconducting) == (fraction < 1)
    assert (float(sol.Delta[0]) > 1e-3 * BOLTZMANN * T) == (fraction < 1)
    assert float(sol.residual) <= 1e-11 * max(float(jnp.max(sol.Delta)), 1e-300)


@pytest.mark.parametrize("solver", rest_slow([Anderson(), Newton(), Broyden()]))
def test_sums_of_two_terms(solver):
    # so few that Z without the thermal term is negative in the normal state; traced, as such cutoffs are refused
    spectrum = gaussian_peak(1.3)

    def solve(T):
        cutoff = 4 * np.pi * BOLTZMANN * T
        return solve_gap(
            spectrum, T, omega_c=cutoff, matsubara_cutoff=cutoff, frequencies=FullMatsubara(2), solver=solver
        )

    sol = jax.jit(jax.vmap(solve))(jnp.array([0.5, 1.0, 3.0]))
    assert np.all(sol.converged & sol.superconducting)
    assert np.all(sol.Delta > 0.1)
    for T, Delta in zip(np.asarray(sol.T), sol.Delta, strict=True):
        # Eqs. (6) and (7) written out for the frequencies -2, -1, 0, 1
        w = np.pi * BOLTZMANN * float(T) * np.array([-3, -1, 1, 3])
        D = np.asarray(Delta)[[1, 0, 0, 1]]
        R, nu = np.hypot(w, D), np.abs(w[:, None] - w).ravel()
        lam = np.asarray(lambda_kernel(spectrum, jnp.asarray(nu))).reshape(4, 4)
        Z = 1 + np.pi * BOLTZMANN * T / w * (lam @ (w / R))
        np.testing.assert_allclose(Z * D, np.pi * BOLTZMANN * T * ((lam - 0.1) @ (D / R)), rtol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("fraction", [0.01, 0.02, 0.03, 0.05])
@pytest.mark.parametrize("lambda_ep", [100.0, 500.0])
def test_of_two_roots_the_positive_one(lambda_ep, fraction):
    """Far below T_c of strong coupling the root finders may end on the other sign: the equations are odd."""
    spectrum = gaussian_peak(lambda_ep)
    T_c = float(solve_tc(spectrum))
    gap, warmer = (solve_gap(spectrum, x * T_c) for x in (fraction, 0.06))
    assert gap.converged
    # nothing but the count of frequencies below the cutoff changes at such temperatures
    np.testing.assert_allclose(gap.Delta[0], warmer.Delta[0], rtol=2e-2)


def test_weak_and_absent_coupling_are_normal():
    for a2f in (0.0, 1e-6):
        spectrum = Spectrum(np.arange(1.0, 11.0), np.full(10, a2f))
        sol = solve_gap(spectrum, 2.0)
        assert bool(sol.converged)
        assert not bool(sol.superconducting)
        np.testing.assert_array_equal(sol.Delta, 0.0)


def test_scaling_law():
    # all energies and the temperature times 5: the gap times 5, Z unchanged
    spectrum = gaussian_peak(1.3)
    small = solve_gap(spectrum, 1.16, **SETTING)
    large = solve_gap(
        Spectrum(5 * spectrum.omega, spectrum.a2f), 5.8, **{name: 5 * value for name, value in SETTING.items()}
    )
    np.testing.assert_allclose(large.Delta, 5 * small.Delta, rtol=1e-11)
    np.testing.assert_allclose(large.Z, small.Z, rtol=1e-12)


def directional(function, spectrum):
    """Derivative along a random direction of the spectrum, by gradient and by difference."""
    direction = jnp.asarray(np.random.default_rng(1).normal(size=spectrum.a2f.size) * np.asarray(spectrum.a2f))

    def along(t):
        return function(Spectrum(spectrum.omega, spectrum.a2f + t * direction))

    return float(jax.grad(along)(0.0)), float(central_difference(along, 0.0, 1e-3))


@pytest.mark.parametrize("output", ["Delta", "Z"])
@pytest.mark.parametrize("T", rest_slow([1.16, 3.0]))
def test_gradient_in_the_spectrum_matches_a_difference(output, T):
    def function(spectrum):
        sol = solve_gap(spectrum, T, frequencies=FullMatsubara(160), **SETTING)
        return jnp.sum(getattr(sol, output)[:20])

    found, expected = directional(function, gaussian_peak(1.3))
    assert abs(found) > 0.01
    assert found == pytest.approx(expected, rel=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("argument", ["T", "mu_star"])
def test_gradient_in_numbers_matches_a_difference(argument):
    spectrum, values = gaussian_peak(1.3), {"T": 3.0, "mu_star": 0.1}

    def function(x):
        arguments = values | {argument: x}
        return solve_gap(spectrum, arguments.pop("T"), frequencies=FullMatsubara(80), **arguments, **SETTING).Delta[0]

    found = jax.grad(function)(values[argument])
    assert abs(found) > 0.01
    assert float(found) == pytest.approx(float(central_difference(function, values[argument], 1e-4)), rel=1e-7)


@pytest.mark.slow
def test_second_derivative_matches_a_difference():
    spectrum = gaussian_peak(1.3)

    def function(scale):
        scaled = Spectrum(spectrum.omega, scale * spectrum.a2f)
        sol = solve_gap(scaled, 2.0, frequencies=FullMatsubara(60), omega_c=30.0, matsubara_cutoff=60.0)
        return sol.Delta[0]

    second = jax.hessian(function)(1.0)
    assert abs(second) > 0.01
    assert float(second) == pytest.approx(float(central_difference(jax.grad(function), 1.0, 1e-3)), rel=1e-7)


GOOD = gaussian_peak(1.3)


def bad_batch():
    """Good, NaN, normal, lambda = 50, negative, good."""
    good = jnp.asarray(GOOD.a2f)
    return jnp.stack([good, good.at[7].set(jnp.nan), 0.05 * good, good * (50 / 1.3), -good, 0.8 * good])


def delta_of(a2f):
    return solve_gap(Spectrum(np.asarray(GOOD.omega), a2f), 1.5, frequencies=FullMatsubara(130), **SETTING)


def test_a_bad_member_leaves_the_batch_as_it_is():
    batch = bad_batch()
    sols = jax.jit(jax.vmap(delta_of))(batch)
    np.testing.assert_array_equal(sols.converged, [True, False, True, True, True, True])
    np.testing.assert_array_equal(sols.superconducting, [True, False, False, True, False, True])
    gradient = jax.jit(jax.grad(lambda x: jnp.sum(jax.vmap(lambda a: delta_of(a).Delta[:5])(x))))(batch)
    assert np.all(np.isfinite(sols.Delta))
    assert np.all(np.isfinite(gradient))
    for member in (0, 3, 5):
        alone = jax.jit(delta_of)(batch[member])
        np.testing.assert_allclose(sols.Delta[member], alone.Delta, rtol=1e-12)
        alone_gradient = jax.grad(lambda a: jnp.sum(delta_of(a).Delta[:5]))(batch[member])
        np.testing.assert_allclose(gradient[member], alone_gradient, rtol=1e-9)
    np.testing.assert_array_equal(gradient[1], 0.0)
    np.testing.assert_array_equal(sols.Delta[2], 0.0)


def test_a_bad_temperature_in_a_batch():
    solve = jax.jit(jax.vmap(lambda T: solve_gap(GOOD, T, frequencies=FullMatsubara(130), **SETTING)))
    sols = solve(jnp.array([1.5, 0.0, -1.0, jnp.nan, jnp.inf]))
    np.testing.assert_array_equal(sols.converged, [True, False, False, False, False])
    assert np.all(np.isfinite(sols.Delta))
    assert float(sols.Delta[0, 0]) == pytest.approx(float(solve_gap(GOOD, 1.5, **SETTING).Delta[0]), rel=1e-8)


def test_running_out_of_steps_is_reported_and_finite():
    spectrum = gaussian_peak(1.3)

    def function(scale):
        return solve_gap(
            Spectrum(spectrum.omega, scale * spectrum.a2f), 1.5, frequencies=FullMatsubara(130),
            solver=Newton(max_steps=1), **SETTING,
        )  # fmt: skip

    sol = function(1.0)
    assert bool(sol.superconducting)
    assert not bool(sol.converged)
    assert np.isfinite(jax.grad(lambda s: function(s).Delta[0])(1.0))


@pytest.mark.slow
def test_compiled_program_can_be_cached():
    batch = bad_batch()
    assert "callback" not in compiled_text(jax.vmap(delta_of), batch)
    assert "callback" not in compiled_text(jax.grad(lambda x: jnp.sum(jax.vmap(delta_of)(x).Delta)), batch)


@pytest.mark.slow
def test_gradient_inside_a_scan():
    spectrum = gaussian_peak(1.3)

    def function(scale):
        def step(total, shift):
            sol = solve_gap(
                Spectrum(spectrum.omega, (scale + shift) * spectrum.a2f), 1.5, frequencies=FullMatsubara(60),
                omega_c=30.0, matsubara_cutoff=40.0,
            )  # fmt: skip
            return total + sol.Delta[0], None

        return jax.lax.scan(step, 0.0, jnp.array([0.0, 0.1]))[0]

    assert float(jax.grad(function)(1.0)) == pytest.approx(float(central_difference(function, 1.0, 1e-3)), rel=1e-8)


@pytest.mark.slow
def test_any_matsubara_index():
    spectrum = gaussian_peak(1.3)
    sol = solve_gap(spectrum, 1.5, omega_c=50.0, matsubara_cutoff=80.0, frequencies=FullMatsubara())
    Delta, Z = sol.at(jnp.arange(sol.omega_n.size))
    np.testing.assert_allclose(Delta, sol.Delta, atol=1e-13)
    np.testing.assert_allclose(Z, sol.Z, rtol=1e-13)
    assert sol.at(-3)[0] == sol.at(2)[0]
    # rows beyond the cutoff of a larger set are the same frequencies
    larger = solve_gap(spectrum, 1.5, omega_c=50.0, matsubara_cutoff=80.0, frequencies=FullMatsubara(120))
    n = larger.omega_n.size - 1
    assert n > sol.omega_n.size
    np.testing.assert_allclose(larger.Delta[: sol.omega_n.size], sol.Delta, atol=1e-13)
    assert float(sol.at(n)[0]) == pytest.approx(float(larger.Delta[n]), abs=1e-13)
    assert float(sol.at(n)[1]) == pytest.approx(float(larger.Z[n]), abs=1e-13)


def test_all_bad_numbers_are_named_at_once():
    with pytest.raises(InputError, match=r"`T`.*`mu_star`.*`omega_c`.*`matsubara_cutoff`"):
        solve_gap(gaussian_peak(1.0), -1.0, mu_star=2.0, omega_c=0.0, matsubara_cutoff=3.0)


def test_size_must_be_known():
    spectrum = gaussian_peak(1.0)
    with pytest.raises(ValueError, match=r"CompressedMatsubara\(n="):
        jax.jit(lambda T: solve_gap(spectrum, T).Delta)(1.0)
    with pytest.raises(InputError, match="too small"):
        solve_gap(spectrum, 1.0, frequencies=FullMatsubara(5))
    with pytest.raises(InputError, match="raise the temperature"):
        solve_gap(spectrum, 1e-4)
    with pytest.raises(InputError, match="no Matsubara frequency lies below the cutoff"):
        solve_gap(spectrum, 1e6, matsubara_cutoff=220.0)


def test_a_set_that_is_too_small_for_a_traced_temperature_is_not_converged():
    spectrum = gaussian_peak(1.0)
    solve = jax.jit(lambda T: solve_gap(spectrum, T, frequencies=FullMatsubara(60), **SETTING).converged)
    assert bool(solve(4.0))
    assert not bool(solve(1.0))


def test_without_64_bit_mode_it_refuses():
    spectrum = gaussian_peak(1.0)
    with jax.enable_x64(False), pytest.raises(RuntimeError, match="jax_enable_x64"):
        solve_gap(spectrum, 1.0)


@pytest.mark.parametrize("value", rest_slow([1e300, 1e308]))
def test_values_that_nobody_has_are_refused_or_not_converged(value):
    spectrum = Spectrum(np.arange(1.0, 11.0), np.where(np.arange(10) == 5, value, 0.1))
    for solve in (lambda s: solve_gap(s, 3.0), lambda s: solve_gap_many([s], 3.0), solve_tc, converge):
        with pytest.raises(InputError, match=r"values of `a2f` up to .* check the column and the units"):
            solve(spectrum)

    def both(a2f):
        traced = Spectrum(spectrum.omega, a2f)
        sol = solve_gap(traced, 3.0, **SETTING)
        real = continue_gap(sol, traced, np.linspace(0, 30, 4), broadening=1.0, method=MSC(n=256))
        T_c = solve_tc(traced, frequencies=CompressedMatsubara(n=4096), **SETTING)
        return sol.converged, sol.Delta, real.converged, real.Delta, T_c

    converged, Delta, on_the_line, Delta_real, T_c = jax.jit(both)(spectrum.a2f)
    assert not converged
    assert not on_the_line
    np.testing.assert_array_equal(Delta, 0.0)
    np.testing.assert_array_equal(Delta_real, 0.0)
    assert np.isnan(T_c)


def converge(spectrum):
    return converge_cutoff(spectrum, 3.0)


@pytest.mark.slow
def test_above_every_frequency_of_the_default_cutoff():
    # the default cutoff is lifted; the same as with that cutoff given, and as the thermal bosons alone
    spectrum, T = gaussian_peak(1.0), 1000.0
    sol = solve_gap(spectrum, T)
    assert (bool(sol.converged), bool(sol.superconducting)) == (True, False)
    np.testing.assert_array_equal(sol.Delta, 0.0)
    cutoff = float(sol.matsubara_cutoff)
    assert float(sol.omega_n[-1]) < cutoff
    assert cutoff > 220
    assert sol.omega_n.size == 8
    np.testing.assert_allclose(solve_gap(spectrum, T, matsubara_cutoff=cutoff).Z, sol.Z, rtol=1e-12)
    np.testing.assert_allclose(sol.Z, 1 + 1.0 * np.pi * BOLTZMANN * T / sol.omega_n, rtol=1e-3)
    assert float(solve_gap_many([spectrum], T)[0].matsubara_cutoff) == cutoff
    # below, nothing changes, and T_c and the eigenvalue keep their cutoff
    assert float(solve_gap(spectrum, 800.0).matsubara_cutoff) == 220.0
    with pytest.raises(InputError, match="no Matsubara frequency"):
        leading_eigenvalue(spectrum, T)


@pytest.mark.slow
def test_so_strong_a_coupling_that_it_superconducts_there():
    spectrum = gaussian_peak(1e6)
    T_c = float(solve_tc(spectrum, omega_c=1e5, matsubara_cutoff=1e5))
    assert T_c > 2000
    assert solve_gap(spectrum, 2000.0).superconducting
