r"""Observables: what a measurement gives of the gap function on the line $z = \omega + i\Gamma$, as real numbers."""

import abc

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ...physics import RealAxisGap


class AbstractObservable(eqx.Module):
    """A measured quantity, as real numbers that the inversion fits.

    With `n` energies there are `n` or, for a complex quantity, `2n` numbers. The noise is their standard deviation, in
    their unit.
    """

    @abc.abstractmethod
    def __call__(self, real: RealAxisGap) -> Float[Array, " value"]:
        """The values that the solver predicts for a gap function."""

    @abc.abstractmethod
    def as_values(self, measured: np.ndarray) -> Float[np.ndarray, " value"]:
        """The values of measured data."""

    @abc.abstractmethod
    def in_normal_state(self, n: int) -> Float[np.ndarray, " value"]:
        """The values in the normal state, for `n` energies."""


class ComplexGap(AbstractObservable):
    r"""The complex gap function $\Delta(\omega + i\Gamma)$, as `continue_gap` computes it and `read_gap` reads it.

    At $n$ energies its values are $2n$ numbers [meV]: $\mathrm{Re}\,\Delta$ at all energies, then
    $\mathrm{Im}\,\Delta$ at all energies. Measured data are given as $n$ complex numbers.
    """

    def __call__(self, real: RealAxisGap) -> Float[Array, " value"]:
        return jnp.concatenate([jnp.real(real.Delta), jnp.imag(real.Delta)])

    def as_values(self, measured: Complex[np.ndarray, " freq"]) -> Float[np.ndarray, " value"]:
        return np.concatenate([np.real(measured), np.imag(measured)])

    def in_normal_state(self, n: int) -> Float[np.ndarray, " value"]:
        return np.zeros(2 * n)


class RealGap(AbstractObservable):
    r"""The real part of the gap function, $\mathrm{Re}\,\Delta(\omega + i\Gamma)$ [meV]; $n$ values at $n$ energies.

    For measurements that give no imaginary part; $\Delta$ is that of `continue_gap`.
    """

    def __call__(self, real: RealAxisGap) -> Float[Array, " value"]:
        return jnp.real(real.Delta)

    def as_values(self, measured: Float[np.ndarray, " freq"]) -> Float[np.ndarray, " value"]:
        return np.asarray(measured)

    def in_normal_state(self, n: int) -> Float[np.ndarray, " value"]:
        return np.zeros(n)


class GapModulus(AbstractObservable):
    r"""The modulus of the gap function, $|\Delta(\omega + i\Gamma)|$ [meV]; $n$ values at $n$ energies.

    $$ |\Delta| = \sqrt{(\mathrm{Re}\,\Delta)^2 + (\mathrm{Im}\,\Delta)^2} $$

    For measurements that give no phase; $\Delta$ is that of `continue_gap`. Where it is zero, so is the derivative.
    """

    def __call__(self, real: RealAxisGap) -> Float[Array, " value"]:
        square = jnp.real(real.Delta) ** 2 + jnp.imag(real.Delta) ** 2
        positive = square > 0
        return jnp.where(positive, jnp.sqrt(jnp.where(positive, square, 1.0)), 0.0)

    def as_values(self, measured: Float[np.ndarray, " freq"]) -> Float[np.ndarray, " value"]:
        return np.asarray(measured)

    def in_normal_state(self, n: int) -> Float[np.ndarray, " value"]:
        return np.zeros(n)


class DensityOfStates(AbstractObservable):
    r"""The density of states relative to that of the normal state, dimensionless, with $n$ values at $n$ energies.

    $$ \frac{N(\omega)}{N_F} = \mathrm{Re}\,\frac{z}{\sqrt{z^2 - \Delta(z)^2}}, \qquad z = \omega + i\Gamma $$

    J. P. Carbotte, Rev. Mod. Phys. 62, 1027 (1990), doi:10.1103/RevModPhys.62.1027, here with complex energy; it is the
    field `dos` of the result of `continue_gap`.
    """

    def __call__(self, real: RealAxisGap) -> Float[Array, " value"]:
        return real.dos

    def as_values(self, measured: Float[np.ndarray, " freq"]) -> Float[np.ndarray, " value"]:
        return np.asarray(measured)

    def in_normal_state(self, n: int) -> Float[np.ndarray, " value"]:
        return np.ones(n)
