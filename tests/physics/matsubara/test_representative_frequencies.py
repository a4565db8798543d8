"""The compressed set against full sums written out with NumPy."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import (
    CompressedMatsubara,
    FullMatsubara,
    InfiniteSum,
    Newton,
    SharpCutoff,
    Spectrum,
    SplitCutoff,
    TruncatedSum,
    solve_gap,
    solve_tc,
)
from diffeliash.physics import count_frequencies
from diffeliash.physics.matsubara._representative_frequencies import compression_rule
from diffeliash.units import BOLTZMANN

from ...cases import central_difference, gaussian_peak
from ...conftest import output, rest_slow, shared


def correlate(values, lambda_l, parity):
    """sum over all m, negative ones too, of lambda(n - m) v_m for n >= 0, by FFT; v has the given parity."""
    n = values.size
    both = np.concatenate([parity * values[::-1], values])
    kernel = np.concatenate([lambda_l[1:][::-1], lambda_l])
    size = 2 ** int(np.ceil(np.log2(both.size + kernel.size)))
    full = np.fft.irfft(np.fft.rfft(both, size) * np.fft.rfft(kernel, size), size)
    return full[3 * n - 1 : 4 * n - 1]


def full_step(sol, spectrum, T, mu_star, n_coulomb, Delta):
    """phi/Z and Z at all frequencies of the full truncated sum, from a gap function at all of them."""
    n, kT = Delta.size, BOLTZMANN * T
    omega_n = np.pi * kT * (2 * np.arange(n) + 1)
    lambda_l = np.concatenate([
        (2 * spectrum.omega / (spectrum.omega**2 + (2 * np.pi * kT * block[:, None]) ** 2))
        @ (np.asarray(spectrum.weights) * spectrum.a2f)
        for block in np.array_split(np.arange(2 * n), 1 + n // 500)
    ])  # fmt: skip
    R = np.hypot(omega_n, Delta)
    Z = 1 + np.pi * kT * correlate(omega_n / R, lambda_l, -1) / omega_n
    phi = np.pi * kT * (correlate(Delta / R, lambda_l, 1) - 2 * mu_star * np.sum((Delta / R)[:n_coulomb]))
    return phi / Z, Z


@pytest.mark.parametrize("rtol", rest_slow([1e-7, 1e-6, 1e-9]))
@pytest.mark.parametrize("name", ["G1_wc50", "G3_wcall", "P2_wc50"])
def test_every_frequency_of_the_50_digit_solutions(name, rtol):
    reference = np.load(shared("references", f"{name}.npz"))
    omega_c = 50.0 if "wc50" in name else 221.0
    sol = solve_gap(
        Spectrum(reference["w"], reference["a2f"]), 1.16, omega_c=omega_c, matsubara_cutoff=220.2,
        frequencies=CompressedMatsubara(rtol=rtol),
    )  # fmt: skip
    assert bool(sol.converged)
    assert sol.omega_n.size < 60
    Delta, Z = sol.at(np.arange(351))
    error = max(np.max(np.abs(Delta - reference["Delta_iw"])) / Delta[0], np.max(np.abs(Z / reference["Z_iw"] - 1)))
    assert error < rtol
    assert error < float(sol.error) <= rtol


# omega_max, lambda, T/T_c, mu*, omega_c/omega_max, cutoff/omega_max: from T_c/20 to above T_c
REGIMES = [
    (10.0, 2.0, 0.99, 0.1, 7.0, 30.0),
    (10.0, 2.0, 1.01, 0.1, 7.0, 30.0),
    (5.0, 1.5, 0.05, 0.1, 10.0, 22.0),
    (300.0, 0.7, 0.05, 0.15, 3.3, 22.0),
    (45.0, 0.5, 0.1, 0.1, 1.0, 40.0),
    (100.0, 3.0, 0.3, 0.0, 5.0, 10.0),
    (10.0, 20.0, 0.05, 0.1, 10.0, 22.0),
    (10.0, 1.0, 0.9, 0.12, 50.0, 22.0),
]


@pytest.mark.parametrize(("omega_max", "lambda_ep", "fraction", "mu_star", "c", "m"), rest_slow(REGIMES))
def test_the_full_sum_by_fft_agrees(omega_max, lambda_ep, fraction, mu_star, c, m):
    spectrum = gaussian_peak(lambda_ep, center=omega_max / 2, width=omega_max / 30, omega_max=omega_max)
    numbers = {"mu_star": mu_star, "omega_c": c * omega_max, "matsubara_cutoff": m * omega_max}
    T = fraction * float(solve_tc(spectrum, **numbers, cutoff=SharpCutoff()))
    n, n_coulomb = (count_frequencies(T, numbers[key]) for key in ("matsubara_cutoff", "omega_c"))
    sol = solve_gap(spectrum, T, **numbers)
    assert bool(sol.converged)
    assert bool(sol.superconducting) == (fraction < 1)
    Delta, Z = (np.asarray(x) for x in sol.at(np.arange(n)))
    again, Z_again = full_step(sol, spectrum, T, mu_star, min(n, n_coulomb), Delta)
    # a residual r of the full equations is an error of the gap of r / |1 - slope|, which near T_c is 2 (1 - T/T_c)
    room = 1e-7 * min(1.0, 2 * abs(1 - fraction))
    assert np.max(np.abs(again - Delta)) <= room * max(Delta[0], 1e-300)
    np.testing.assert_allclose(Z_again, Z, rtol=1e-7)


def test_thousands_of_frequencies_need_few_nodes():
    sol = solve_gap(gaussian_peak(0.5), 0.02)
    assert sol.frequencies.n == 20316
    assert sol.omega_n.size <= 80
    assert float(sol.omega_n[0]) == pytest.approx(np.pi * BOLTZMANN * 0.02, rel=1e-14)
    assert np.all(np.diff(sol.omega_n) > 0)


@pytest.mark.parametrize("n", [1, 2, 31, 33, 100, 5000])
def test_rules_are_well_conditioned_and_exact_at_their_nodes(n):
    rule = compression_rule(n, rtol=1e-9, cutoff_ratio=16)
    assert np.max(np.abs(rule.interpolation)) < 3
    assert np.max(np.abs(rule.bosonic_interpolation)) < 3
    np.testing.assert_array_equal(rule.interpolation[rule.nodes], np.eye(rule.nodes.size))
    assert rule.nodes[0] == 0
    assert rule.bosonic[0] == 0
    assert not set(rule.nodes) & set(rule.tests)
    # functions that are not members of the family: an average over scales, one with an end of the sum in it
    x = np.arange(n) + 0.5
    for f in (np.log1p(40 / x**2) / 6, 10 / (x + 3.0) ** 2, np.arctan(2.5 / (n - x + 0.5)) / (x + 1)):
        np.testing.assert_allclose(rule.interpolation @ f[rule.nodes], f, rtol=0, atol=3e-9)


@pytest.mark.slow
def test_the_estimate_grows_with_the_error_and_asks_for_more_nodes():
    spectrum = gaussian_peak(1.3)

    def solve(rtol, a2f):
        return solve_gap(Spectrum(spectrum.omega, a2f), 0.4, frequencies=CompressedMatsubara(rtol=rtol))

    exact = solve_gap(spectrum, 0.4, frequencies=FullMatsubara(), solver=Newton())
    errors, estimates = [], []
    for rtol in (1e-3, 1e-5, 1e-7, 1e-9):
        sol = jax.jit(solve, static_argnums=0)(rtol, jnp.asarray(spectrum.a2f))  # traced: no refinement
        nodes = sol.frequencies.rule.nodes
        errors.append(float(jnp.max(jnp.abs(sol.Delta - exact.Delta[nodes])) / exact.Delta[0]))
        estimates.append(float(sol.error))
    assert errors[0] > 1e-8 > errors[-1]
    assert all(error < estimate for error, estimate in zip(errors, estimates, strict=True))
    refined = solve(1e-7, spectrum.a2f * 1.0)
    assert float(refined.error) <= 1e-7


def test_a_set_that_is_too_coarse_is_refined(monkeypatch):
    from diffeliash.physics.matsubara import _compression_error as _frequency_error

    monkeypatch.setattr(_frequency_error, "SAFETY", 1e4)
    spectrum = gaussian_peak(1.3, n=173)  # not compiled before, with the other factor
    sol = solve_gap(spectrum, 0.41, frequencies=CompressedMatsubara(rtol=1e-7))
    assert isinstance(sol.frequencies, CompressedMatsubara)
    assert sol.frequencies.rtol < 1e-7
    assert float(sol.error) <= 1e-7


@pytest.mark.slow
@pytest.mark.parametrize("cutoff", [SharpCutoff(), SplitCutoff()])
@pytest.mark.parametrize("z_sum", [TruncatedSum(), InfiniteSum()])
def test_traced_temperatures_agree_with_the_full_set(cutoff, z_sum):
    spectrum = gaussian_peak(1.3)

    def solve(frequencies):
        def at(T):
            sol = solve_gap(
                spectrum, T, omega_c=50.0, matsubara_cutoff=100.0, frequencies=frequencies, cutoff=cutoff, z_sum=z_sum
            )
            return sol.Delta[0], sol.Z[0], sol.converged

        return jax.jit(jax.vmap(at))(jnp.array([1.0, 1.3, 2.5, 5.0, 8.0]))

    compressed, full = solve(CompressedMatsubara(rtol=1e-6, n=190)), solve(FullMatsubara(190))
    np.testing.assert_allclose(compressed[1], full[1], rtol=1e-5)
    np.testing.assert_allclose(compressed[0], full[0], rtol=1e-4)
    assert np.all(full[2])
    # with five times more frequencies than needed the sum ends where no nodes are: that is noticed
    good = np.asarray(compressed[2])
    assert good[0]
    np.testing.assert_allclose(compressed[0][good], full[0][good], rtol=3e-6)


@pytest.mark.slow
@pytest.mark.parametrize("argument", ["T", "mu_star", "scale"])
def test_gradients_match_differences(argument):
    spectrum, values = gaussian_peak(1.3), {"T": 2.0, "mu_star": 0.1, "scale": 1.0}

    def function(x):
        v = values | {argument: x}
        sol = solve_gap(
            Spectrum(spectrum.omega, v["scale"] * spectrum.a2f), v["T"], mu_star=v["mu_star"], omega_c=50.0,
            matsubara_cutoff=100.0, frequencies=CompressedMatsubara(n=93),
        )  # fmt: skip
        return sol.Delta[0] + sol.Z[1]

    found = float(jax.grad(function)(values[argument]))
    assert abs(found) > 0.01
    assert found == pytest.approx(float(central_difference(function, values[argument], 1e-4)), rel=1e-7)


DIGEST = """
import hashlib, os, sys
if sys.argv[1] == "one core":
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
import numpy as np
from diffeliash.physics.matsubara._representative_frequencies import compression_rule, folded_tables
rule = compression_rule(350, rtol=1e-9, cutoff_ratio=1)
tables = folded_tables(350, rtol=1e-9, cutoff_ratio=1, tests=False)
arrays = rule.interpolation, rule.bosonic_interpolation, tables.near, tables.far
print(hashlib.sha256(b"".join(np.ascontiguousarray(each).tobytes() for each in arrays)).hexdigest())
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processes cannot be bound to a core here")
def test_no_digit_of_the_tables_depends_on_the_number_of_cores():
    if len(os.sched_getaffinity(0)) == 1:
        pytest.skip("this process has one core only")
    commands = ([sys.executable, "-c", DIGEST, cores] for cores in ("one core", "all cores"))
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    (one, _), (all_cores, _) = map(output, processes)
    assert len(one) == 65
    assert one == all_cores
