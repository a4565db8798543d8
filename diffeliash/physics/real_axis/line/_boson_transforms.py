r"""Fourier transforms of a2F, with and without the boson occupation, for the convolutions on a line.

On the imaginary axis a2F enters as a sum of delta functions: its values at its points times their trapezoidal weights.
The same delta functions give the exact continuation of the solution. A line needs their transforms at its own wave
numbers only, which are usually far below those that resolve the delta functions. Where they are not (for a coarse
grid of a2F or a line close to the real axis), the delta functions are replaced by an interpolation that preserves
their integrals with smooth functions.
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
"""Width, in wave number times grid step, over which the transforms go to zero above the largest wave number of a
uniform grid. In energy this interpolates over about 15 steps."""

GAUSS_POINTS = 6
"""Number of Gauss-Legendre points on a part of an interval no longer than half of the broadening, exact to 1e-9."""

UNIFORM = 1e-6
"""Largest relative deviation of the points of a uniform grid, in units of its step."""


Points = tuple[Float[Array, " point"], Float[Array, " point"]]
"""Boson energies [meV], and a2F at these energies times the weights of an integration rule [meV]."""

BosonTransforms = tuple[Float[Array, " n"], Float[Array, " n"]]
r"""$\int\alpha^2F(\Omega)\,[N(\Omega) + \frac12]\,e^{-ik\Omega}\,\mathrm{d}\Omega$, which is real and even in $k$, and
$\int\alpha^2F(\Omega)\,e^{-ik\Omega}\,\mathrm{d}\Omega / i$, which is real and odd, with a2F as an odd function [meV].
They are given at the `n` wave numbers of the line in the order of an FFT."""


class AbstractBosonGrid(eqx.Module):
    """A representation of a2F by delta functions on a uniform grid of `n` points in the period of the line."""

    n: eqx.AbstractVar[int]

    @abc.abstractmethod
    def points(self, spectrum: Spectrum) -> Points:
        """The points and weights that represent a2F in integrals."""

    @abc.abstractmethod
    def on_grid(self, points: Points, period: Float[Array, ""]) -> Float[Array, " boson_grid"]:
        r"""Weights at $\Omega_i = i\,$`period`$/n$ with which integrals of smooth functions are those of the points."""

    def window(self, index: Int[np.ndarray, " mode"]) -> Float[np.ndarray, " mode"]:
        """Factor on the transforms at these indices of the wave number; one unless a subclass reduces it."""
        return np.ones(index.shape)


def _trapezoidal_points(spectrum: Spectrum) -> Points:
    return jnp.asarray(spectrum.omega), spectrum.weights * spectrum.a2f


def half_coth(omega: Float[Array, " point"], T: Float[Array, ""]) -> Float[Array, " point"]:
    r"""$\coth(\Omega/2k_BT)/2 = N(\Omega) + 1/2$, and zero at $\Omega = 0$."""
    positive = omega > 0
    return jnp.where(positive, 0.5 / jnp.tanh(jnp.where(positive, omega, 1.0) / (2 * BOLTZMANN * T)), 0.0)


def spread_on_grid(points: Points, period: Float[Array, ""], n: int) -> Float[Array, " boson_grid"]:
    """Distribute points at any energies over the neighboring grid points, such that low moments are preserved."""
    omega, weight = points
    position = omega / period * n
    first = jnp.floor(position)
    share = lagrange_weights(position - first, INTERPOLATION_POINTS)
    offset = np.arange(INTERPOLATION_POINTS)[None, :] - INTERPOLATION_POINTS // 2 + 1
    index = (first.astype(int)[:, None] + offset) % n
    return jnp.zeros(n).at[index].add(weight[:, None] * share)


class UniformBosonGrid(AbstractBosonGrid):
    """The points of a uniform grid of a2F, the first of which is `first` steps from zero."""

    n: int = eqx.field(static=True)
    first: int = eqx.field(static=True)

    def points(self, spectrum: Spectrum) -> Points:
        return _trapezoidal_points(spectrum)

    def on_grid(self, points: Points, period: Float[Array, ""]) -> Float[Array, " boson_grid"]:
        del period
        return jnp.pad(points[1], (self.first, self.n - self.first - points[1].size))

    def window(self, index: Int[np.ndarray, " mode"]) -> Float[np.ndarray, " mode"]:
        return np.asarray(erfc((2 * np.pi * np.abs(index) / self.n - np.pi) / ROLL_OFF) / 2)


class SpreadBosonGrid(AbstractBosonGrid):
    """The points of a nonuniform grid, each distributed over the neighboring points of the uniform grid."""

    n: int = eqx.field(static=True)

    def points(self, spectrum: Spectrum) -> Points:
        return _trapezoidal_points(spectrum)

    def on_grid(self, points: Points, period: Float[Array, ""]) -> Float[Array, " boson_grid"]:
        return spread_on_grid(points, period, self.n)


class PiecewiseLinearBosonGrid(AbstractBosonGrid):
    """The piecewise linear a2F, by Gauss-Legendre rules on `parts` equal parts of each interval."""

    n: int = eqx.field(static=True)
    parts: int = eqx.field(static=True)

    def points(self, spectrum: Spectrum) -> Points:
        return piecewise_linear_points(spectrum, self.parts, GAUSS_POINTS)

    def on_grid(self, points: Points, period: Float[Array, ""]) -> Float[Array, " boson_grid"]:
        return spread_on_grid(points, period, self.n)


def piecewise_linear_points(spectrum: Spectrum, parts: int, n_gauss: int) -> Points:
    """Gauss-Legendre points of the piecewise linear a2F, on `parts` equal parts of each interval from the origin on."""
    nodes, rule = np.polynomial.legendre.leggauss(n_gauss)
    inside = ((nodes[None, :] + 1) / 2 + np.arange(parts)[:, None]).reshape(1, -1) / parts
    omega, a2f = (jnp.append(0.0, jnp.asarray(values)) for values in (spectrum.omega, spectrum.a2f))
    width = jnp.diff(omega)[:, None]
    at = (omega[:-1, None] + width * inside).reshape(-1)
    values = (a2f[:-1, None] + jnp.diff(a2f)[:, None] * inside).reshape(-1)
    weight = (width / (2 * parts) * np.tile(rule, parts)[None, :]).reshape(-1)
    return at, weight * values


def uniform_grid(omega: Any) -> tuple[int, float] | None:
    """Index $i$ of the first point and step $h$ of a uniform grid $i h$; `None` for any other or a traced grid."""
    if not is_concrete(omega):
        return None
    omega = np.asarray(omega)
    step = (omega[-1] - omega[0]) / (omega.size - 1)
    first = round(omega[0] / step)
    if np.max(np.abs(omega - step * (first + np.arange(omega.size)))) > UNIFORM * step:
        return None
    return first, float(omega[-1]) / (first + omega.size - 1)


def boson_transforms(
    spectrum: Spectrum, T: Float[Array, ""], *, boson_grid: AbstractBosonGrid, n: int, period: Float[Array, ""]
) -> BosonTransforms:
    """Fourier transforms of a2F from its representation on a uniform grid.

    Args:
        spectrum: Spectral function.
        T: Temperature [K].
        boson_grid: The representation of a2F.
        n: Number of points of the line.
        period: Period of the line [meV].
    """
    omega, weight = boson_grid.points(spectrum)
    both = (weight * half_coth(omega, T), weight)
    even, odd = (jnp.fft.rfft(boson_grid.on_grid((omega, values), period)) for values in both)
    index = np.arange(n // 2 + 1)
    at, mirrored = aliased(index, boson_grid.n)
    kept = 2 * boson_grid.window(index)
    signed = kept * np.where(mirrored, -1.0, 1.0)
    return in_fft_order(jnp.asarray(kept) * jnp.real(even)[at], jnp.asarray(signed) * jnp.imag(odd)[at])


def aliased(index: Int[np.ndarray, " mode"], n: int) -> tuple[Int[np.ndarray, " mode"], Bool[np.ndarray, " mode"]]:
    """The index of the wave number to which a larger one is aliased on `n` points, and whether it is conjugated."""
    at = index % n
    mirrored = at > n // 2
    return np.where(mirrored, n - at, at), mirrored


def in_fft_order(even: Float[Array, " mode"], odd: Float[Array, " mode"]) -> BosonTransforms:
    """Extend an even and an odd function from wave numbers zero to the largest to all, in the order of an FFT.

    At the largest wave number the odd function is zero.
    """
    half = even.size - 1
    odd, zero = odd[:half], jnp.zeros(1)
    return jnp.concatenate([even, even[1:half][::-1]]), jnp.concatenate([odd, zero, -odd[1:][::-1]])
