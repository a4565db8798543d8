import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import Spectrum
from diffeliash.physics.numerics import inverse_root
from diffeliash.physics.real_axis.line._boson_transforms import (
    PiecewiseLinearBosonGrid,
    SpreadBosonGrid,
    UniformBosonGrid,
    boson_transforms,
    uniform_grid,
)
from diffeliash.physics.real_axis.line._line import (
    Line,
    fourier_coefficients,
    from_fourier_coefficients,
    interpolate,
    on_finer_grid,
    with_midpoints,
)
from diffeliash.physics.real_axis.line._pole_sums import interpolate_from_nodes, interpolation_nodes
from diffeliash.units import BOLTZMANN

from ...cases import gaussian_peak

LINE = Line(256, jnp.array(20.0), jnp.array(10.0), jnp.array(15.0), jnp.array(0.5))


def hermitian(x):
    """Periodic to rounding on LINE."""
    return jnp.exp(-((x - 1.0) ** 2)) + jnp.exp(-((x + 1.0) ** 2)) + 1j * x * jnp.exp(-(x**2) / 2)


def test_fourier_coefficients():
    x = LINE.step * np.arange(-128, 128)
    k = 2 * np.pi * np.fft.fftfreq(256, d=LINE.step)
    expected = np.exp(-1j * np.outer(k, x)) @ np.asarray(hermitian(x)) / 256
    found = fourier_coefficients(hermitian(LINE.x), 256)
    np.testing.assert_allclose(found, expected, atol=1e-14)
    np.testing.assert_allclose(from_fourier_coefficients(found), hermitian(LINE.x), atol=1e-13)
    np.testing.assert_allclose(on_finer_grid(found), hermitian(LINE.step / 2 * jnp.arange(257)), atol=1e-9)


def test_between_the_points_of_a_line():
    fine = hermitian(LINE.step / 8 * jnp.arange(1025))
    position = jnp.array([0.0, 0.3, 17.5, 100.01])
    found = interpolate(fine, position + 0j)
    np.testing.assert_allclose(found, hermitian(position * LINE.step / 8), atol=1e-12)
    above = interpolate(fine, position + 0.5j)
    np.testing.assert_allclose(above, hermitian((position + 0.5j) * LINE.step / 8), atol=1e-10)
    np.testing.assert_allclose(
        with_midpoints(fine)[1:41:2], hermitian(LINE.step / 16 * jnp.arange(1, 41, 2)), atol=1e-8
    )


def test_interpolation_from_nodes():
    line = Line(8192, jnp.array(100.0), jnp.array(80.0), jnp.array(90.0), jnp.array(0.1))

    def functions(z):
        return jnp.stack([1 / (z**2 + 0.3**2), z / (z**2 + 4.0)])

    np.testing.assert_allclose(
        interpolate_from_nodes(functions(interpolation_nodes(line)), line), functions(line.z), rtol=1e-11
    )


def test_inverse_root_is_the_principal_one():
    rng = np.random.default_rng(0)
    q = rng.normal(size=500) + 1j * rng.normal(size=500) * np.logspace(-14, 2, 500)
    np.testing.assert_allclose(inverse_root(jnp.asarray(q)), 1 / np.sqrt(q), rtol=1e-14)
    q = jnp.array([0.3 - 0.7j, -2.0 + 0.1j, -1.0 - 1e-9j])
    _, slope = jax.jvp(inverse_root, (q,), (jnp.ones(3) + 0j,))
    np.testing.assert_allclose(slope, -0.5 / q / jnp.sqrt(q), rtol=1e-12)


@pytest.mark.parametrize(
    ("omega", "expected"),
    [
        ([0.0, 0.5, 1.0], (0, 0.5)),
        ([0.5, 1.0, 1.5], (1, 0.5)),
        ([3.0, 3.1, 3.2], (30, 0.1)),
        ([0.3, 0.8, 1.3], None),
        ([0.5, 1.0, 1.6], None),
    ],
)
def test_uniform_grids(omega, expected):
    found = uniform_grid(np.array(omega))
    assert found == (None if expected is None else pytest.approx(expected))
    assert uniform_grid(jnp.array(omega)) == found
    assert jax.jit(lambda x: jnp.array(uniform_grid(x) is None))(jnp.array(omega))


def transforms(spectrum, T, k):
    """Sums over the points, as an odd function of energy."""
    omega, weight = np.asarray(spectrum.omega), np.asarray(spectrum.weights * spectrum.a2f)
    occupied = weight / np.tanh(omega / (2 * BOLTZMANN * T)) / 2
    return 2 * np.cos(np.outer(k, omega)) @ occupied, -2 * np.sin(np.outer(k, omega)) @ weight


@pytest.mark.parametrize(
    ("boson_grid", "tolerance"),
    [(UniformBosonGrid(400, 1), 1e-13), (SpreadBosonGrid(4 * 256), 1e-8), (PiecewiseLinearBosonGrid(1024, 4), 2e-3)],
)
def test_transforms_of_a2f(boson_grid, tolerance):
    spectrum, T, period = gaussian_peak(1.5, n=200), 2.0, 20.0
    n = 256
    even, odd = boson_transforms(spectrum, jnp.array(T), boson_grid=boson_grid, n=n, period=jnp.array(period))
    k = 2 * np.pi * np.fft.fftfreq(n, d=period / n)
    expected = transforms(spectrum, T, k)
    long = np.abs(k) < 20  # above, the interpolations of the second and the third have visible errors
    for found, sums in zip((even, odd), expected, strict=True):
        np.testing.assert_allclose(found[long], sums[long], atol=tolerance * np.max(np.abs(sums)))


def test_wave_numbers_above_those_of_a_uniform_grid_are_suppressed():
    # the line is ten times finer than a2F: small wave numbers remain, and the images of the spectrum vanish
    spectrum, T = gaussian_peak(1.5, n=100), 2.0
    even, _ = boson_transforms(
        spectrum, jnp.array(T), boson_grid=UniformBosonGrid(200, 1), n=2000, period=jnp.array(20.0)
    )
    k = 2 * np.pi / 20.0 * np.arange(1001)
    expected, _ = transforms(spectrum, T, k)
    short, images = k < 10, k > 45
    np.testing.assert_allclose(even[:1001][short], expected[short], rtol=1e-9, atol=1e-12 * even[0])
    assert np.max(np.abs(expected[images])) > 0.9 * even[0]
    assert np.max(np.abs(even[:1001][images])) < 1e-6 * even[0]


def line_moment(a, b, from_value, to_value):
    """Integral of w^2 times a straight line, by Simpson's rule, which is exact."""
    middle = (a + b) / 2
    return (b - a) / 6 * (a**2 * from_value + 4 * middle**2 * (from_value + to_value) / 2 + b**2 * to_value)


SECOND_MOMENT = line_moment(0.0, 1.0, 0.0, 0.5) + line_moment(1.0, 2.5, 0.5, 1.0) + line_moment(2.5, 3.0, 1.0, 0.0)


def test_piecewise_linear_grid():
    spectrum = Spectrum(np.array([1.0, 2.5, 3.0]), np.array([0.5, 1.0, 0.0]))
    boson_grid, period = PiecewiseLinearBosonGrid(1000, 5), jnp.array(10.0)
    omega, weight = boson_grid.points(spectrum)
    assert float(jnp.sum(weight)) == pytest.approx(0.25 + 1.125 + 0.25, rel=1e-14)  # areas
    assert float(jnp.sum(weight * omega**2)) == pytest.approx(SECOND_MOMENT, rel=1e-12)
    assert float(jnp.sum(boson_grid.on_grid((omega, weight), period))) == pytest.approx(1.625, rel=1e-13)
