r"""What is measured of a gap function: all of it, a part of it, or the density of states."""

import abc

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ...physics import RealAxisGap


class AbstractObservable(eqx.Module):
    """From a gap function on the line to the real numbers that a measurement gives, and what they say by themselves."""

    @abc.abstractmethod
    def __call__(self, real: RealAxisGap) -> Float[Array, " value"]:
        """The numbers, of a solution."""

    @abc.abstractmethod
    def as_values(self, measured: np.ndarray) -> Float[np.ndarray, " value"]:
        """The numbers, of what was measured."""

    @abc.abstractmethod
    def in_normal_state(self, n: int) -> Float[np.ndarray, " value"]:
        """The numbers where there is no gap, for so many energies."""


class ComplexGap(AbstractObservable):
    r"""$\mathrm{Re}\,\Delta$, then $\mathrm{Im}\,\Delta$ [meV]."""

    def __call__(self, real: RealAxisGap) -> Float[Array, " value"]:
        return jnp.concatenate([jnp.real(real.Delta), jnp.imag(real.Delta)])

    def as_values(self, measured: Complex[np.ndarray, " freq"]) -> Float[np.ndarray, " value"]:
        return np.concatenate([np.real(measured), np.imag(measured)])

    def in_normal_state(self, n: int) -> Float[np.ndarray, " value"]:
        return np.zeros(2 * n)


class RealGap(AbstractObservable):
    r"""$\mathrm{Re}\,\Delta$ [meV]."""

    def __call__(self, real: RealAxisGap) -> Float[Array, " value"]:
        return jnp.real(real.Delta)

    def as_values(self, measured: Float[np.ndarray, " freq"]) -> Float[np.ndarray, " value"]:
        return np.asarray(measured)

    def in_normal_state(self, n: int) -> Float[np.ndarray, " value"]:
        return np.zeros(n)


class GapModulus(AbstractObservable):
    r"""$|\Delta|$ [meV]."""

    def __call__(self, real: RealAxisGap) -> Float[Array, " value"]:
        square = jnp.real(real.Delta) ** 2 + jnp.imag(real.Delta) ** 2
        positive = square > 0
        return jnp.where(positive, jnp.sqrt(jnp.where(positive, square, 1.0)), 0.0)

    def as_values(self, measured: Float[np.ndarray, " freq"]) -> Float[np.ndarray, " value"]:
        return np.asarray(measured)

    def in_normal_state(self, n: int) -> Float[np.ndarray, " value"]:
        return np.zeros(n)


class DensityOfStates(AbstractObservable):
    r"""$N/N_F = \mathrm{Re}\,z/\sqrt{z^2-\Delta^2}$."""

    def __call__(self, real: RealAxisGap) -> Float[Array, " value"]:
        return real.dos

    def as_values(self, measured: Float[np.ndarray, " freq"]) -> Float[np.ndarray, " value"]:
        return np.asarray(measured)

    def in_normal_state(self, n: int) -> Float[np.ndarray, " value"]:
        return np.ones(n)
