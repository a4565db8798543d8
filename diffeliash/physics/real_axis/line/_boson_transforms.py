r"""The boson side of the convolutions on a line: the Fourier transforms of a2F, with and without occupation.

On the imaginary axis a2F enters as a boson_grid: its values at its points times their trapezoidal weights. The same boson_grid
gives the exact continuation of the solution. It is needed at the wave numbers of the line only, which are far below
those at which the boson_grid is seen to be one; where they are not (a coarse grid, a line close to the real axis), its
teeth are joined by an interpolation that keeps all integrals with smooth functions.
"""

import abc
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int
from scipy.special import erfc

from ....units import BOLTZMANN
from ...material import Spectrum
from ...numerics import is_concrete
from ._line import INTERPOLATION_POINTS, lagrange_weights

ROLL_OFF = 0.5
"""Width in $k$ times the step over which waves shorter than the grid are faded out: neighbors join over 15 steps."""

GAUSS_POINTS = 6
"""Points of a Gauss-Legendre rule on a part of a straight line as short as half of the broadening: exact to 1e-9."""

EVEN = 1e-6
"""A grid whose steps differ by no more than this, relative, is even."""


Points = tuple[Float[Array, " point"], Float[Array, " point"]]
"""Energies [meV], and a2F there times the weight of the point in an integral [meV]."""

BosonTransforms = tuple[Float[Array, " n"], Float[Array, " n"]]
r"""$\int\alpha^2F(\Omega)\,[N(\Omega) + \frac12]\,e^{-ik\Omega}\,\mathrm{d}\Omega$, even in $k$, and
$\int\alpha^2F(\Omega)\,e^{-ik\Omega}\,\mathrm{d}\Omega / i$, odd in $k$, both real, of a2F as an odd function, at
the `n` longest waves of a period in the order of an FFT."""


class AbstractBosonGrid(eqx.Module):
    """How a2F is laid out on an even grid that has the period of the line."""

    n: eqx.AbstractVar[int]

    @abc.abstractmethod
    def points(self, spectrum: Spectrum) -> Points:
        """The points that stand for a2F in its integrals."""

    @abc.abstractmethod
    def on_grid(self, points: Points, period: Float[Array, ""]) -> Float[Array, " boson_grid"]:
        r"""Weights of the points moved to $\Omega_i = i\,$`period`$/n$, so that integrals stay."""

    def window(self, index: Int[np.ndarray, " wave"]) -> Float[np.ndarray, " wave"]:
        """How much of the waves of these indices is kept."""
        return np.ones(index.shape)


def _trapezoidal_points(spectrum: Spectrum) -> Points:
    return jnp.asarray(spectrum.omega), spectrum.weights * spectrum.a2f


def half_coth(omega: Float[Array, " point"], T: Float[Array, ""]) -> Float[Array, " point"]:
    r"""$\coth(\Omega/2k_BT)/2 = N(\Omega) + 1/2$, and zero at $\Omega = 0$."""
    positive = omega > 0
    return jnp.where(positive, 0.5 / jnp.tanh(jnp.where(positive, omega, 1.0) / (2 * BOLTZMANN * T)), 0.0)


def spread_on_grid(points: Points, period: Float[Array, ""], n: int) -> Float[Array, " boson_grid"]:
    """Points anywhere, each shared out among its neighbors on the grid so that low moments stay."""
    omega, weight = points
    position = omega / period * n
    first = jnp.floor(position)
    share = lagrange_weights(position - first, INTERPOLATION_POINTS)
    offset = np.arange(INTERPOLATION_POINTS)[None, :] - INTERPOLATION_POINTS // 2 + 1
    index = (first.astype(int)[:, None] + offset) % n
    return jnp.zeros(n).at[index].add(weight[:, None] * share)


class UniformBosonGrid(AbstractBosonGrid):
    """The points of an even grid, which begins at so many steps from zero."""

    n: int = eqx.field(static=True)
    first: int = eqx.field(static=True)

    def points(self, spectrum: Spectrum) -> Points:
        return _trapezoidal_points(spectrum)

    def on_grid(self, points: Points, period: Float[Array, ""]) -> Float[Array, " boson_grid"]:
        del period
        return jnp.pad(points[1], (self.first, self.n - self.first - points[1].size))

    def window(self, index: Int[np.ndarray, " wave"]) -> Float[np.ndarray, " wave"]:
        return np.asarray(erfc((2 * np.pi * np.abs(index) / self.n - np.pi) / ROLL_OFF) / 2)


class SpreadBosonGrid(AbstractBosonGrid):
    """The points of any grid."""

    n: int = eqx.field(static=True)

    def points(self, spectrum: Spectrum) -> Points:
        return _trapezoidal_points(spectrum)

    def on_grid(self, points: Points, period: Float[Array, ""]) -> Float[Array, " boson_grid"]:
        return spread_on_grid(points, period, self.n)


class PiecewiseLinearBosonGrid(AbstractBosonGrid):
    """The straight lines between the points, by Gauss-Legendre rules on so many parts of each of them."""

    n: int = eqx.field(static=True)
    parts: int = eqx.field(static=True)

    def points(self, spectrum: Spectrum) -> Points:
        return piecewise_linear_points(spectrum, self.parts, GAUSS_POINTS)

    def on_grid(self, points: Points, period: Float[Array, ""]) -> Float[Array, " boson_grid"]:
        return spread_on_grid(points, period, self.n)


def piecewise_linear_points(spectrum: Spectrum, parts: int, n_gauss: int) -> Points:
    """Gauss-Legendre rules on so many parts of each straight line, that from the origin included."""
    nodes, rule = np.polynomial.legendre.leggauss(n_gauss)
    inside = ((nodes[None, :] + 1) / 2 + np.arange(parts)[:, None]).reshape(1, -1) / parts
    omega, a2f = (jnp.append(0.0, jnp.asarray(values)) for values in (spectrum.omega, spectrum.a2f))
    width = jnp.diff(omega)[:, None]
    at = (omega[:-1, None] + width * inside).reshape(-1)
    values = (a2f[:-1, None] + jnp.diff(a2f)[:, None] * inside).reshape(-1)
    weight = (width / (2 * parts) * np.tile(rule, parts)[None, :]).reshape(-1)
    return at, weight * values


def uniform_grid(omega: Any) -> tuple[int, float] | None:
    """First index and step of an even grid $i h$; nothing if it is none, or is not known."""
    if not is_concrete(omega):
        return None
    omega = np.asarray(omega)
    step = (omega[-1] - omega[0]) / (omega.size - 1)
    first = round(omega[0] / step)
    if np.max(np.abs(omega - step * (first + np.arange(omega.size)))) > EVEN * step:
        return None
    return first, float(omega[-1]) / (first + omega.size - 1)


def boson_transforms(
    spectrum: Spectrum, T: Float[Array, ""], *, boson_grid: AbstractBosonGrid, n: int, period: Float[Array, ""]
) -> BosonTransforms:
    """The waves of a2F, laid out as a boson_grid."""
    omega, weight = boson_grid.points(spectrum)
    both = (weight * half_coth(omega, T), weight)
    even, odd = (jnp.fft.rfft(boson_grid.on_grid((omega, values), period)) for values in both)
    index = np.arange(n // 2 + 1)
    at, mirrored = aliased(index, boson_grid.n)
    kept = 2 * boson_grid.window(index)
    signed = kept * np.where(mirrored, -1.0, 1.0)
    return in_fft_order(jnp.asarray(kept) * jnp.real(even)[at], jnp.asarray(signed) * jnp.imag(odd)[at])


def aliased(index: Int[np.ndarray, " wave"], n: int) -> tuple[Int[np.ndarray, " wave"], Bool[np.ndarray, " wave"]]:
    """Which wave of `n` points one with a larger index looks like, and whether like its complex conjugate."""
    at = index % n
    mirrored = at > n // 2
    return np.where(mirrored, n - at, at), mirrored


def in_fft_order(even: Float[Array, " wave"], odd: Float[Array, " wave"]) -> BosonTransforms:
    """Both from their values at the waves from zero to the shortest, which of an odd function is zero."""
    half = even.size - 1
    odd, zero = odd[:half], jnp.zeros(1)
    return jnp.concatenate([even, even[1:half][::-1]]), jnp.concatenate([odd, zero, -odd[1:][::-1]])
