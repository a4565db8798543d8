r"""Observables: what a measurement gives of the gap function on the line $z = \omega + i\Gamma$, as real numbers."""

import abc
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ..._errors import InputError
from ...physics import RealAxisGap
from ...units import BOLTZMANN
from ._instrument import AbstractInstrument, Conductance, Direct

NO_BROADENING = 1e-6
"""A broadening that is practically zero [meV]; the line of a conductance lies higher anyway."""

THERMAL_WIDTH = 2.0
"""Width of the smearing by the Fermi function [k_B T]."""


class AbstractObservable(eqx.Module):
    """A measured quantity, as real numbers that the inversion fits.

    With `n` energies there are `n` or, for a complex quantity, `2n` numbers. The noise is their standard deviation, in
    their unit.
    """

    normalized: ClassVar[bool] = False
    """Whether it is relative to the normal state: energies may be negative, and scale and offset are defined."""

    @abc.abstractmethod
    def __call__(self, real: RealAxisGap) -> Float[Array, " value"]:
        """What the solver predicts for a gap function at its energies, from which `instrument` gets the values."""

    @abc.abstractmethod
    def as_values(self, measured: np.ndarray) -> Float[np.ndarray, " value"]:
        """The values of measured data."""

    @abc.abstractmethod
    def in_normal_state(self, n: int) -> Float[np.ndarray, " value"]:
        """The values in the normal state, for `n` energies."""

    def least_broadening(self, guess: float) -> float:
        """The smallest broadening for which a line must be chosen, if the first guess is this one [meV]."""
        return guess

    def smearing(self, T: float) -> float:
        """Width of the smearing by the measurement at a temperature [K], besides the broadening [meV]."""
        del T
        return 0.0

    def instrument(self, omega: Float[np.ndarray, " freq"], T: float, broadening: float) -> AbstractInstrument:
        """How the measured values follow from the predicted ones.

        Args:
            omega: Energies of the measurement [meV].
            T: Temperature [K].
            broadening: Smallest broadening [meV].
        """
        del T, broadening
        return Direct(omega)


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

    normalized: ClassVar[bool] = True

    def __call__(self, real: RealAxisGap) -> Float[Array, " value"]:
        return real.dos

    def as_values(self, measured: Float[np.ndarray, " freq"]) -> Float[np.ndarray, " value"]:
        return np.asarray(measured)

    def in_normal_state(self, n: int) -> Float[np.ndarray, " value"]:
        return np.ones(n)


class DifferentialConductance(AbstractObservable):
    r"""The differential conductance of a junction to a normal metal, relative to that of the normal state.

    $$ \frac{(dI/dV)_S}{(dI/dV)_N}(V) = \int \frac{N(E)}{N_F}\,K(E - eV)\,\mathrm{d}E, $$

    dimensionless, with $n$ values at $n$ bias energies $eV$ [meV] of either sign. $K$ is the derivative $-f'$ of the
    Fermi function at the temperature of the measurement, averaged over the modulation of a lock-in amplifier, as in
    `differential_conductance`, where the source is given.

    Args:
        modulation: rms amplitude of the modulation of the bias [meV] (peak amplitude over $\sqrt2$).

    Raises:
        InputError: The modulation is negative or not finite.
    """

    normalized: ClassVar[bool] = True
    modulation: float = eqx.field(default=0.0, static=True)

    def __check_init__(self):
        if not 0 <= self.modulation < float("inf"):
            raise InputError(f"`modulation` must be an rms amplitude [meV] that is not negative, got {self.modulation}")

    def __call__(self, real: RealAxisGap) -> Float[Array, " value"]:
        G, _ = real.average.on_line(1 / (real.omega + 1j * real.broadening), real.Delta)
        return jnp.concatenate([jnp.real(G), jnp.imag(G)])

    def as_values(self, measured: Float[np.ndarray, " freq"]) -> Float[np.ndarray, " value"]:
        return np.asarray(measured)

    def in_normal_state(self, n: int) -> Float[np.ndarray, " value"]:
        return np.ones(n)

    def instrument(self, omega: Float[np.ndarray, " freq"], T: float, broadening: float) -> AbstractInstrument:
        return Conductance(omega, T, self.modulation, broadening)

    def smearing(self, T: float) -> float:
        return THERMAL_WIDTH * BOLTZMANN * T + self.modulation

    def least_broadening(self, guess: float) -> float:
        del guess
        return NO_BROADENING
