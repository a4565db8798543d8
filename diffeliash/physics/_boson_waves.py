r"""The boson side of the convolutions on a line: the Fourier transforms of a2F, with and without occupation.

On the imaginary axis a2F enters as a comb: its values at its points times their trapezoidal weights. The same comb
gives the exact continuation of the solution. It is needed at the wave numbers of the line only, which are far below
those at which the comb is seen to be one; where they are not (a coarse grid, a line close to the real axis), its
teeth are joined by an interpolation that keeps all integrals with smooth functions.
"""

import abc
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from scipy.special import erfc

from ..units import BOLTZMANN
from ._checks import is_concrete
from ._line import INTERPOLATION_POINTS, lagrange_weights
from ._spectrum import Spectrum

ROLL_OFF = 0.5
"""Width in $k$ times the step over which waves shorter than the grid are faded out: neighbors join over 15 steps."""

EVEN = 1e-6
"""A grid whose steps differ by no more than this, relative, is even."""

Teeth = tuple[Float[Array, " comb"], Float[Array, " comb"]]


class AbstractComb(eqx.Module):
    """How a2F is laid out on an even grid that has the period of the line."""

    n: eqx.AbstractVar[int]

    @abc.abstractmethod
    def teeth(self, spectrum: Spectrum, T: Float[Array, ""], period: Float[Array, ""]) -> Teeth:
        r"""Weights of $\alpha^2F\coth(\Omega/2k_BT)/2$ and of $\alpha^2F$ at $\Omega_i = i\,$`period`$/n$."""

    @abc.abstractmethod
    def fade(self, index: Int[np.ndarray, " wave"]) -> Float[np.ndarray, " wave"]:
        """How much of the waves of these indices is kept."""


def _weighted(spectrum: Spectrum, T: Float[Array, ""]) -> Teeth:
    omega, weight = jnp.asarray(spectrum.omega), spectrum.weights * spectrum.a2f
    return weight * _half_coth(omega, T), weight


def _half_coth(omega: Float[Array, " freq"], T: Float[Array, ""]) -> Float[Array, " freq"]:
    r"""$\coth(\Omega/2k_BT)/2 = N(\Omega) + 1/2$, and zero at $\Omega = 0$."""
    positive = omega > 0
    return jnp.where(positive, 0.5 / jnp.tanh(jnp.where(positive, omega, 1.0) / (2 * BOLTZMANN * T)), 0.0)


class EvenComb(AbstractComb):
    """The points of an even grid, which begins at so many steps from zero."""

    n: int = eqx.field(static=True)
    first: int = eqx.field(static=True)

    def teeth(self, spectrum: Spectrum, T: Float[Array, ""], period: Float[Array, ""]) -> Teeth:
        del period
        rest = self.n - self.first - spectrum.omega.size
        even, odd = (jnp.pad(values, (self.first, rest)) for values in _weighted(spectrum, T))
        return even, odd

    def fade(self, index: Int[np.ndarray, " wave"]) -> Float[np.ndarray, " wave"]:
        return np.asarray(erfc((2 * np.pi * np.abs(index) / self.n - np.pi) / ROLL_OFF) / 2)


class ScatteredComb(AbstractComb):
    """Points anywhere, each shared out among its neighbors on the grid so that low moments stay."""

    n: int = eqx.field(static=True)

    def teeth(self, spectrum: Spectrum, T: Float[Array, ""], period: Float[Array, ""]) -> Teeth:
        position = jnp.asarray(spectrum.omega) / period * self.n
        first = jnp.floor(position)
        share = lagrange_weights(position - first, INTERPOLATION_POINTS)
        offset = np.arange(INTERPOLATION_POINTS)[None, :] - INTERPOLATION_POINTS // 2 + 1
        index = (first.astype(int)[:, None] + offset) % self.n
        even, odd = (jnp.zeros(self.n).at[index].add(values[:, None] * share) for values in _weighted(spectrum, T))
        return even, odd

    def fade(self, index: Int[np.ndarray, " wave"]) -> Float[np.ndarray, " wave"]:
        return np.ones(index.shape)


class LinearComb(AbstractComb):
    """The piecewise linear function through the points, at the points of a fine grid."""

    n: int = eqx.field(static=True)

    def teeth(self, spectrum: Spectrum, T: Float[Array, ""], period: Float[Array, ""]) -> Teeth:
        step = period / self.n
        omega = step * jnp.arange(self.n)
        grid, a2f = jnp.asarray(spectrum.omega), jnp.asarray(spectrum.a2f)
        values = jnp.where(omega <= grid[-1], jnp.interp(omega, jnp.append(0.0, grid), jnp.append(0.0, a2f)), 0.0)
        return step * values * _half_coth(omega, T), step * values

    def fade(self, index: Int[np.ndarray, " wave"]) -> Float[np.ndarray, " wave"]:
        return np.ones(index.shape)


def even_grid(omega: Any) -> tuple[int, float] | None:
    """First index and step of an even grid $i h$; nothing if it is none, or is not known."""
    if not is_concrete(omega):
        return None
    omega = np.asarray(omega)
    step = (omega[-1] - omega[0]) / (omega.size - 1)
    first = round(omega[0] / step)
    if np.max(np.abs(omega - step * (first + np.arange(omega.size)))) > EVEN * step:
        return None
    return first, float(omega[-1]) / (first + omega.size - 1)


def boson_waves(
    spectrum: Spectrum, T: Float[Array, ""], *, comb: AbstractComb, n: int, period: Float[Array, ""]
) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
    r"""Fourier transforms of a2F as an odd function of $\Omega$ at the `n` longest waves of a period, in FFT order.

    Returns:
        $\int\alpha^2F(\Omega)\,[N(\Omega) + \frac12]\,e^{-ik\Omega}\,\mathrm{d}\Omega$, even in $k$, and
        $\int\alpha^2F(\Omega)\,e^{-ik\Omega}\,\mathrm{d}\Omega / i$, odd in $k$. Both are real.
    """
    even, odd = (jnp.fft.rfft(values) for values in comb.teeth(spectrum, T, period))
    half = n // 2
    index = np.arange(half + 1)
    folded = index % comb.n
    mirrored = folded > comb.n // 2
    folded = np.where(mirrored, comb.n - folded, folded)
    kept = 2 * comb.fade(index)
    even, odd = kept * jnp.real(even)[folded], (kept * np.where(mirrored, -1.0, 1.0) * jnp.imag(odd)[folded])[:half]
    zero = jnp.zeros(1)  # the shortest wave of an odd function
    return jnp.concatenate([even, even[1:half][::-1]]), jnp.concatenate([odd, zero, -odd[1:][::-1]])
