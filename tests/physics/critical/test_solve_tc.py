import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import (
    CompressedMatsubara,
    FullMatsubara,
    InfiniteSum,
    InputError,
    SharpCutoff,
    Spectrum,
    SplitCutoff,
    TruncatedSum,
    solve_gap,
    solve_tc,
    solve_tc_many,
)
from diffeliash.physics.critical._pairing_eigenvalue import pairing_eigenvalue
from diffeliash.physics.matsubara._folded_coupling import SumLimits, frequency_set
from diffeliash.physics.matsubara._gap_equations import folded_kernels
from diffeliash.units import BOLTZMANN

from ...cases import central_difference, compiled_text, einstein, gaussian_peak
from ...conftest import rest_slow, shared


def count_cutoff(n, T):
    """The energy below which n frequencies lie, wholly."""
    return 2 * np.pi * BOLTZMANN * T * n


def einstein_tc(lambda_ep, T_c, n):
    """T_c in units of omega_E, mu* = 0, the sum in Z infinite and the other over n frequencies near T_c."""
    size = n + n // 4 + 2
    found = solve_tc(
        einstein(lambda_ep, omega_E=1.0), mu_star=0.0, matsubara_cutoff=count_cutoff(n, T_c / BOLTZMANN),
        z_sum=InfiniteSum(), frequencies=CompressedMatsubara(n=size),
    )  # fmt: skip
    return BOLTZMANN * float(found)


# mu* = 0 and infinite sums, 10 digits, in units of omega_E: the shared references/TRUTH.md
EINSTEIN = {
    0.25: 0.0050237543, 0.3: 0.0099233249, 0.4: 0.0234161213, 0.5: 0.0394288766, 0.7: 0.0720857005, 1.0: 0.1146195120,
    1.5: 0.1691473812, 2.0: 0.2117412420, 3.0: 0.2789841722, 5.0: 0.3799286104, 10.0: 0.5577778666, 20.0: 0.8030721179,
    50.0: 1.2831777831, 1000.0: 5.7763270641,
}  # fmt: skip


@pytest.mark.parametrize(("lambda_ep", "T_c"), EINSTEIN.items())
def test_einstein_table(lambda_ep, T_c):
    assert abs(einstein_tc(lambda_ep, T_c, 1280) / T_c - 1) < (3e-7 if lambda_ep < 0.5 else 3e-8)


@pytest.mark.parametrize(("lambda_ep", "T_c"), [(x, T_c) for x, T_c in EINSTEIN.items() if x >= 0.5])
def test_error_falls_with_the_length_of_the_sum(lambda_ep, T_c):
    coarse, fine = (einstein_tc(lambda_ep, T_c, n) / T_c - 1 for n in (40, 320))
    assert abs(fine) < 3e-8
    # what the sum for phi leaves out falls as the fourth power of its length: 4096 times, down to the rtol of the set
    assert abs(fine) < abs(coarse) / 1000 + 5e-9


def test_weak_and_strong_coupling_asymptotes():
    # TRUTH.md: the ratio to the BCS-like formula is 1.099 at lambda = 0.3; 0.1827262477 is the limit and a bound
    weak = einstein_tc(0.3, 0.0099233249, 640)
    assert weak / (1.1339 * np.exp(-0.5) * np.exp(-1.3 / 0.3)) == pytest.approx(1.099, abs=1e-3)
    strong = [einstein_tc(x, 0.1827 * np.sqrt(x), 40) / np.sqrt(x) for x in (100.0, 1000.0, 1e6)]
    assert strong[0] < strong[1] < strong[2] < 0.1827262477
    assert strong[2] == pytest.approx(0.1827262477, rel=2e-6)
    assert strong[1] == pytest.approx(0.1827262477, rel=1e-3)


@pytest.mark.slow
def test_bosons_of_no_energy_change_nothing():
    """Anderson's theorem: their coupling, without bound, is that of static impurities."""
    peak = gaussian_peak(0.9)
    expected = float(solve_tc(peak))
    for first in (1e-5, 1e-8):
        soft = Spectrum(np.append(first, peak.omega), np.append(0.05, peak.a2f))
        assert float(soft.lambda_ep) > 10
        assert float(solve_tc(soft)) == pytest.approx(expected, rel=1e-4)
        gap, stiff_gap = (solve_gap(each, 0.7 * expected) for each in (soft, peak))
        assert gap.converged
        assert float(gap.Delta[0]) == pytest.approx(float(stiff_gap.Delta[0]), rel=1e-3)


@pytest.mark.slow
def test_bcs_ratio_in_weak_coupling():
    # 2 Delta_0 / k_B T_c = 3.528 [1 + 12.5 (T_c/omega)^2 ln(omega/2 T_c)], Mitrovic, Zarate, Carbotte (1984)
    spectrum = einstein(0.3, omega_E=1.0)
    numbers = {"mu_star": 0.0, "matsubara_cutoff": 10.0, "omega_c": 10.0}
    T_c = float(solve_tc(spectrum, **numbers))
    sol = solve_gap(spectrum, T_c / 10, **numbers)
    assert bool(sol.converged)
    t = BOLTZMANN * T_c
    expected = 3.528 * (1 + 12.5 * t**2 * np.log(1 / (2 * t)))
    assert 2 * float(sol.Delta[0]) / t == pytest.approx(expected, rel=5e-3)


@pytest.mark.parametrize("cutoff", rest_slow([SharpCutoff(), SplitCutoff()]))
@pytest.mark.parametrize("z_sum", rest_slow([TruncatedSum(), InfiniteSum()]))
def test_the_gap_closes_where_eta_is_one(cutoff, z_sum):
    spectrum = gaussian_peak(1.3)
    numbers = {"omega_c": 40.0, "matsubara_cutoff": 61.0, "cutoff": cutoff, "z_sum": z_sum}
    T_c = float(solve_tc(spectrum, **numbers))
    squares = []
    for s in (4e-5, 2e-5):
        sol = solve_gap(spectrum, T_c * (1 - s), **numbers)
        assert bool(sol.superconducting)
        squares.append(float(sol.Delta[0]) ** 2)
    # Delta^2 falls linearly, to zero at T_c: within 1e-7 of it by extrapolation
    zero = 4e-5 - squares[0] * 2e-5 / (squares[0] - squares[1])
    assert abs(zero) < 1e-7
    assert not bool(solve_gap(spectrum, T_c * (1 + 1e-6), **numbers).superconducting)


@pytest.mark.slow
def test_functional_derivative_has_one_maximum_near_seven_temperatures():
    spectrum = gaussian_peak(1.3, n=400)

    def T_c(a2f):
        return solve_tc(Spectrum(spectrum.omega, a2f), frequencies=CompressedMatsubara(n=128))

    density = np.asarray(jax.grad(T_c)(jnp.asarray(spectrum.a2f))) / np.asarray(spectrum.weights)
    assert np.all(density > 0)
    peak = int(np.argmax(density))
    assert np.all(np.diff(density[: peak + 1]) > 0)
    assert np.all(np.diff(density[peak:]) < 0)
    assert 7.0 < spectrum.omega[peak] / (BOLTZMANN * float(T_c(spectrum.a2f))) < 8.0
    assert density[1] / density[0] == pytest.approx(2.0, rel=1e-2)  # linear at low energy


# omega_max, T_c with the sum in Z truncated and with it exact: ebmb, the shared materials/README.md
MATERIALS = {
    "Al_Elk": (45.67, 2.807628, 2.788662),
    "Al_QE_tetra": (40.04, 1.860391, 1.846450),
    "Nb_IsoME_s15": (29.41, 11.443026, 11.405775),
    "Pb_EPW60_Elphgap": (9.83, 5.262380, 5.241070),
    "Pb_EPW2016_SOC_fig": (9.00, 7.950354, 7.913024),
    "Pb_tunnel_exp_fig": (10.10, 6.882040, 6.853674),
    "MgB2_Elk": (98.93, 33.989141, 33.788325),
}


@pytest.mark.parametrize(("column", "z_sum"), rest_slow([(1, TruncatedSum()), (2, InfiniteSum())]))
def test_matches_another_code_on_real_materials(column, z_sum):
    # there the number of frequencies jumps with T: 1e-3 (materials/README.md, footnote); the two sums differ by 3e-3
    files = [shared("materials", "grid", f"{name}.dat") for name in MATERIALS]
    cutoffs = [10 * row[0] for row in MATERIALS.values()]
    spectra = [Spectrum(*np.loadtxt(file).T) for file in files]
    found = solve_tc_many(spectra, mu_star=0.1, omega_c=cutoffs, matsubara_cutoff=cutoffs, z_sum=z_sum)
    np.testing.assert_allclose(found, [row[column] for row in MATERIALS.values()], rtol=1e-3)


def test_matches_the_reference_count_for_g1():
    # references/README.md: T_c = 4.5520 K with 351 frequencies, 20 of them below the Coulomb cutoff
    reference = np.load(shared("references", "G1_wc50.npz"))
    T_c = solve_tc(
        Spectrum(reference["w"], reference["a2f"]),
        omega_c=count_cutoff(20, 4.55203),
        matsubara_cutoff=count_cutoff(351, 4.55203),
    )
    assert float(T_c) == pytest.approx(4.5520, abs=5e-5)


def test_eta_does_not_jump_with_the_number_of_frequencies():
    limits = {"omega_c": jnp.array(30.0), "matsubara_cutoff": jnp.array(60.0)}
    jump = 60.0 / (2 * np.pi * BOLTZMANN * 40.0)  # here the 40th frequency leaves the sum

    def eta(T, cutoff):
        points, _ = frequency_set(FullMatsubara(64), None, cutoff=cutoff, z_sum=TruncatedSum())
        kernels = folded_kernels(gaussian_peak(1.3), points, SumLimits(jnp.array(T), **limits), mu_star=jnp.array(0.1))
        return float(pairing_eigenvalue(kernels))

    below, above = (eta(jump * (1 + s), SplitCutoff()) for s in (-1e-9, 1e-9))
    assert above == pytest.approx(below, abs=1e-8)
    half = 60.0 / (2 * np.pi * BOLTZMANN * 39.5)  # and here, sharply
    below, above = (eta(half * (1 + s), SharpCutoff()) for s in (-1e-6, 1e-6))
    assert abs(above - below) > 1e-5


def test_gradients_match_differences():
    spectrum = gaussian_peak(1.3)
    direction = np.random.default_rng(1).normal(size=spectrum.a2f.size) * spectrum.a2f

    def along(t, mu_star=0.1):
        return solve_tc(Spectrum(spectrum.omega, spectrum.a2f + t * direction), mu_star=mu_star, omega_c=30.0,
                        matsubara_cutoff=60.0, frequencies=FullMatsubara(64))  # fmt: skip

    assert abs(jax.grad(along)(0.0)) > 0.01
    assert float(jax.grad(along)(0.0)) == pytest.approx(float(central_difference(along, 0.0, 1e-4)), rel=1e-6)
    found = jax.grad(along, argnums=1)(0.0, 0.1)
    assert found < -1
    assert float(found) == pytest.approx(float(central_difference(lambda m: along(0.0, m), 0.1, 1e-4)), rel=1e-6)


@pytest.mark.slow
def test_euler_relation_of_the_functional_derivative():
    # scaling all of a2F: int dT_c/da2F a2F dw = dT_c/ds; and dT_c/da2F >= 0
    spectrum = gaussian_peak(1.3)

    def T_c(a2f):
        return solve_tc(Spectrum(spectrum.omega, a2f), frequencies=FullMatsubara(256))

    gradient = jax.grad(T_c)(jnp.asarray(spectrum.a2f))
    assert np.all(np.asarray(gradient) > 0)
    expected = central_difference(lambda s: T_c(s * spectrum.a2f), 1.0, 1e-3)
    assert float(gradient @ spectrum.a2f) == pytest.approx(float(expected), rel=1e-6)


def test_a_batch_keeps_its_good_members():
    good = jnp.asarray(gaussian_peak(1.3).a2f)
    omega = np.asarray(gaussian_peak(1.3).omega)

    def T_c(a2f):
        return solve_tc(Spectrum(omega, a2f), frequencies=FullMatsubara(128))

    batch = jnp.stack([good, good * jnp.nan, 0.05 * good, 30 * good])
    found = jax.jit(jax.vmap(T_c))(batch)
    assert float(found[0]) == pytest.approx(float(T_c(good)), rel=1e-12)
    assert np.isnan(found[1])
    assert found[2] == 0
    assert found[3] > 10 * found[0] / 2
    gradient = jax.jit(jax.grad(lambda x: jnp.nansum(jax.vmap(T_c)(x))))(batch)
    assert np.all(np.isfinite(gradient))
    np.testing.assert_allclose(gradient[0], jax.grad(T_c)(good), rtol=1e-8)
    np.testing.assert_array_equal(gradient[2], 0.0)


@pytest.mark.slow
def test_compiled_program_can_be_cached():
    omega = np.asarray(gaussian_peak(1.3).omega)

    def T_c(a2f):
        return solve_tc(Spectrum(omega, a2f), frequencies=FullMatsubara(32))

    assert "callback" not in compiled_text(jax.grad(T_c), jnp.asarray(gaussian_peak(1.3).a2f))


def test_no_coupling_means_no_tc():
    assert float(solve_tc(Spectrum([1.0, 2.0], [0.0, 0.0]))) == 0
    assert float(solve_tc(gaussian_peak(0.05))) == 0


@pytest.mark.slow
def test_too_few_frequencies_are_no_answer():
    """T_c below what they reach is not called normal; without coupling there is none."""
    peak = gaussian_peak(0.5)

    def T_c(scale, n):
        return solve_tc(Spectrum(peak.omega, scale * peak.a2f), frequencies=CompressedMatsubara(n=n))

    few, enough = (jax.vmap(lambda x, n=n: T_c(x, n))(jnp.array([1.0, 0.0])) for n in (32, 4096))
    np.testing.assert_array_equal(few, [np.nan, 0.0])
    assert enough[0] == pytest.approx(float(solve_tc(peak)), rel=1e-5)
    assert enough[1] == 0
    assert np.all(np.isfinite(jax.vmap(jax.grad(lambda x: T_c(x, 32)))(jnp.array([1.0, 0.0]))))


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [{"mu_star": 7.0}, {"mu_star": -0.1}, {"omega_c": -5.0}, {"matsubara_cutoff": -1.0}])
def test_traced_numbers_out_of_their_range_are_no_answer(wrong):
    (name, value), peak = *wrong.items(), gaussian_peak(1.3)
    right = {"mu_star": 0.1, "omega_c": 100.0, "matsubara_cutoff": 220.0}
    found = jax.vmap(lambda x: solve_tc(peak, **(right | {name: x}), frequencies=CompressedMatsubara(n=256)))(
        jnp.array([value, right[name]])
    )
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(float(solve_tc(peak)), rel=1e-5)
    sol = jax.vmap(lambda x: solve_gap(peak, 2.0, **(right | {name: x}), frequencies=FullMatsubara(204)))(
        jnp.array([value, right[name]])
    )
    np.testing.assert_array_equal(sol.converged, [False, True])
    np.testing.assert_array_equal(sol.Delta[0], 0.0)
    assert sol.Delta[1, 0] > 0


def test_bad_numbers_and_unknown_sizes_are_refused():
    with pytest.raises(InputError, match="mu_star"):
        solve_tc(gaussian_peak(1.0), mu_star=7.0)
    with pytest.raises(ValueError, match=r"CompressedMatsubara\(n="):
        jax.jit(solve_tc)(gaussian_peak(1.0))
