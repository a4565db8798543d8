import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from diffeliash import (
    BrownianFamily,
    ComplexFamily,
    MaterialsFamily,
    Pade,
    SimpleFamily,
    Spectrum,
    continue_gap,
    lambda_kernel,
    solve_gap,
    solve_tc,
)
from diffeliash.physics.real_axis._sampling_error import piecewise_linear_coupling, piecewise_linear_transforms
from diffeliash.physics.real_axis.line._boson_transforms import (
    PiecewiseLinearBosonGrid,
    SpreadBosonGrid,
    UniformBosonGrid,
    boson_transforms,
)
from diffeliash.units import BOLTZMANN

from ...conftest import rest_slow

EVEN = np.arange(1, 201) * 0.05


def quadrature(spectrum, function, k):
    """Integral of a2F, as straight lines, times a function of energy and of a wave number: 40 points on each line."""
    nodes, rule = np.polynomial.legendre.leggauss(40)
    omega, a2f = np.append(0.0, spectrum.omega), np.append(0.0, spectrum.a2f)
    width = np.diff(omega)[:, None]
    at = (omega[:-1, None] + width * (nodes + 1) / 2).reshape(-1)
    weight = (width / 2 * rule).reshape(-1) * np.interp(at, omega, a2f)
    return function(np.outer(k, at), at) @ weight


@pytest.mark.parametrize(
    ("omega", "boson_grid"),
    [
        (EVEN, UniformBosonGrid(400, 1)),
        (0.3 + EVEN[:150], UniformBosonGrid(400, 7)),
        (EVEN[::4] + 0.15, UniformBosonGrid(100, 1)),  # coarser than the line
        (10 * (EVEN / 10) ** 1.1, SpreadBosonGrid(4096)),
    ],
)
def test_transforms_of_a_piecewise_linear_a2f(omega, boson_grid):
    spectrum, T, n, period = Spectrum(omega, np.sqrt(omega) * (1.2 + np.sin(3 * omega))), 3.0, 256, 20.0
    found = piecewise_linear_transforms(spectrum, jnp.array(T), boson_grid=boson_grid, n=n, period=jnp.array(period))
    assert found is not None
    k = 2 * np.pi * np.fft.fftfreq(n, d=period / n)
    kept = np.abs(k) < 30
    odd = quadrature(spectrum, lambda kx, x: -2 * np.sin(kx), k)
    even = quadrature(spectrum, lambda kx, x: np.cos(kx) / np.tanh(x / (2 * BOLTZMANN * T)), k)
    exact = isinstance(boson_grid, UniformBosonGrid)
    scale = np.max(np.abs(odd))
    np.testing.assert_allclose(found[1][kept], odd[kept], atol=(1e-12 if exact else 1e-4) * scale)
    # accurate enough for an estimate: to a fraction of the difference from the transforms of the points
    points = boson_transforms(spectrum, jnp.array(T), boson_grid=boson_grid, n=n, period=jnp.array(period))
    missed, change = np.max(np.abs(found[0] - even)[kept]), np.max(np.abs(points[0] - even)[kept])
    assert missed < 0.25 * change


def test_a_piecewise_linear_grid_needs_no_correction():
    spectrum = Spectrum(EVEN, EVEN)
    assert (
        piecewise_linear_transforms(
            spectrum, jnp.array(1.0), boson_grid=PiecewiseLinearBosonGrid(64, 3), n=64, period=jnp.array(40.0)
        )
        is None
    )


@pytest.mark.parametrize("omega", [EVEN[::20], np.linspace(0, 10, 11), np.geomspace(0.3, 10, 9)])
def test_the_coupling_of_a_piecewise_linear_a2f(omega):
    spectrum, nu = Spectrum(omega, np.sqrt(omega) * (1 + np.sin(omega))), np.array([0.1, 1.0, 20.0])
    x, y = np.append(0.0, omega), np.append(0.0, spectrum.a2f)
    expected = [
        sum(
            quad(lambda w, nu=value: 2 * w * np.interp(w, x, y) / (w**2 + nu**2), a, b, epsabs=1e-13)[0]
            for a, b in itertools.pairwise(x)
            if b > a
        )
        for value in nu
    ]
    np.testing.assert_allclose(piecewise_linear_coupling(spectrum, jnp.asarray(nu)), expected, rtol=1e-11)
    assert abs(float(lambda_kernel(spectrum, jnp.asarray(nu))[0]) / expected[0] - 1) > 1e-3


def on_more_points(spectrum, times):
    """The same straight lines, each cut into so many."""
    omega, a2f = np.append(0.0, spectrum.omega), np.append(0.0, spectrum.a2f)
    parts = [np.linspace(a, b, times + 1)[1:] for a, b in itertools.pairwise(omega) if b > a]
    finer = np.concatenate(parts)
    return Spectrum(finer, np.interp(finer, omega, a2f))


def estimate_and_truth(spectrum, T, broadening, *, times=8):
    """The reported error, and how far Delta moves with more points on the same lines, relative."""
    energies = np.linspace(0, 3.5 * spectrum.omega[-1], 201)
    coarse, fine = (
        continue_gap(solve_gap(each, T), each, energies, broadening=broadening)
        for each in (spectrum, on_more_points(spectrum, times))
    )
    assert coarse.converged
    assert float(coarse.error) == float(coarse.continuation_error + coarse.sampling_error)
    moved = np.max(np.abs(coarse.Delta - fine.Delta)) / np.max(np.abs(fine.Delta))
    return float(coarse.error), moved


def scaled(omega, shape, lambda_ep=1.3):
    return Spectrum(omega, shape * (lambda_ep / float(Spectrum(omega, shape).lambda_ep)))


SHAPES = {
    "at the edge": EVEN**2 * np.exp(-((EVEN - 10) ** 2) / 1.3),
    "one point": np.where(np.arange(200) == 100, 1.0, 0.0),
    "cut off": np.interp(EVEN, [0, 3, 10], [0, 0.5, 0.7]),
    "Gaussian": EVEN**2 * np.exp(-((EVEN - 5) ** 2) / 1.3),
}


@pytest.mark.parametrize("name", rest_slow(SHAPES))
def test_the_error_knows_how_coarsely_an_even_grid_samples_a2f(name):
    error, moved = estimate_and_truth(scaled(EVEN, SHAPES[name]), 1.16, 0.1)
    assert 5e-5 < moved < error < 30 * moved


@pytest.mark.slow
@pytest.mark.parametrize(
    "omega",
    [
        0.5 * np.arange(1, 21),
        0.4 + 0.1 * np.arange(97),
        np.geomspace(0.2, 10, 80),
        10 * (np.arange(1, 101) / 100) ** 2,
        np.sort(np.append(10.0, np.random.default_rng(0).uniform(0.03, 10, 400))),
    ],
)
def test_the_error_of_other_grids(omega):
    error, moved = estimate_and_truth(scaled(omega, omega**2 * np.exp(-((omega - 5) ** 2) / 1.3)), 3.0, 0.3)
    assert 3e-6 < moved < error < 40 * moved


@pytest.mark.parametrize("part", rest_slow([0.99, 0.3]))
def test_the_error_grows_towards_T_c(part):
    omega = 0.1 * np.arange(1, 101)
    spectrum = scaled(omega, omega**2 * np.exp(-((omega - 5) ** 2) / 2), 0.6)
    error, moved = estimate_and_truth(spectrum, part * float(solve_tc(spectrum)), 0.1)
    assert moved < error < 30 * moved
    assert (moved > 2e-3) == (part > 0.9)


FAMILIES = [SimpleFamily(), ComplexFamily(), BrownianFamily(), MaterialsFamily()]
SETTINGS = [(1.16, 0.1), (1.16, 0.3), (0.5, 0.05), (3.0, 0.1)]


def of_random_spectra(family, first, n):
    ratios = []
    for i in range(first, first + n):
        spectrum, (T, broadening) = family.sample_spectrum(jax.random.key(i)), SETTINGS[i % 4]
        if float(solve_tc(spectrum)) < 1.05 * T:
            continue
        error, moved = estimate_and_truth(spectrum, T, broadening)
        ratios.append(error / moved)
    return np.array(ratios)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: type(family).__name__)
def test_the_error_of_a_random_spectrum(family):
    ratios = of_random_spectra(family, 100, 1)
    assert ratios.size == 1
    assert 1 < ratios[0] < 30


@pytest.mark.slowest
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: type(family).__name__)
def test_the_error_of_many_random_spectra(family):
    ratios = of_random_spectra(family, 100, 20)
    assert ratios.size >= 8
    assert np.all(ratios > 1)
    assert np.quantile(ratios, 0.9) < 30


@pytest.mark.slow
def test_what_has_no_sampling_error():
    spectrum, energies = scaled(EVEN, SHAPES["Gaussian"]), np.linspace(0, 30, 31)
    bound, normal = solve_gap(spectrum, 1.16), solve_gap(spectrum, 30.0)
    assert float(continue_gap(bound, spectrum, energies).sampling_error) > 1e-5
    assert float(continue_gap(normal, spectrum, energies).error) == 0
    assert float(continue_gap(bound, spectrum, energies, method=Pade()).sampling_error) == 0
