r"""How measured values follow from the observable on the line: directly, or through the smearing of a junction.

The observable is computed at the energies of the line, `line_energies`. A measured value is a linear map of these
values, made once; its derivatives with respect to the offset of the bias and to the conditions of the measurement are
such maps too.

For a junction, the density of states is the real part of $G(z)$, which is analytic above the real axis, and the kernel
$K(x)$ is analytic within $\pi k_BT$ of it. The path of the integral can therefore be raised by a distance $\delta$,

$$ \int \mathrm{Re}\,G(E + i\Gamma)\,K(E - eV)\,\mathrm{d}E
   = \mathrm{Re}\int G(E + i\Gamma + i\delta)\,K(E + i\delta - eV)\,\mathrm{d}E, $$

midway between the singularities of both. On that path $G$ is smooth even where $\Gamma$ is small or zero, and a few
points for each $k_BT$ make the sum equal to the integral.
"""

import abc
import functools
import math

import numpy as np
from jaxtyping import Complex, Float

from ..._errors import InputError
from ..._limits import MOST_NUMBERS
from ...physics import KernelDerivatives, kernel_derivatives
from ...units import BOLTZMANN

POINTS_PER_STRIP = 2.5
r"""Points of the line in the distance of its nearest singularity; a sum then equals the integral to $e^{-5\pi}$."""

REACH = 14.0
"""Energies at which N is computed beyond the last bias [k_B T]; there it is taken as one."""

Values = Float[np.ndarray, " value"]

Columns = Float[np.ndarray, "value *unknown"]
"""One or several functions at the energies of the measurement, one in each column."""

LineValues = Float[np.ndarray, " line"]

LineColumns = Float[np.ndarray, "line *unknown"]
"""One or several functions at the energies of the line, one in each column."""


class AbstractInstrument(abc.ABC):
    """The map from the observable on the line to measured values.

    Args:
        omega: Energies of the measurement [meV].
    """

    omega: Float[np.ndarray, " freq"]
    line_energies: Float[np.ndarray, " line"]
    raised: float
    r"""How far the line lies above $\omega + i\Gamma$ [meV]."""
    moves_line: bool
    """Whether an offset of the bias is an offset of the energies of the line."""

    @abc.abstractmethod
    def from_propagator(self, G: Complex[np.ndarray, "line *column"]) -> Columns:
        r"""The observable on the line of a superconductor with the propagator $G = z/\sqrt{z^2 - \Delta^2}$."""

    @abc.abstractmethod
    def measured(self, values: LineColumns, offset: float) -> Columns:
        """The measured values."""

    @abc.abstractmethod
    def derivative(self, columns: LineColumns, offset: float) -> Columns:
        """Changes of the measured values from changes of the observable on the line."""

    @abc.abstractmethod
    def by_conditions(self, values: LineValues, offset: float) -> dict[str, Values]:
        r"""Derivatives with respect to conditions that are not fitted, and to `offset` unless the line moves with it.

        The names are `temperature` [1/K] and `modulation`, the derivative with respect to $v^2/2$ [1/meV^2].
        """


class Direct(AbstractInstrument):
    """The observable itself is measured."""

    moves_line = True
    raised = 0.0

    def __init__(self, omega: Float[np.ndarray, " freq"]):
        self.omega = self.line_energies = omega

    def from_propagator(self, G: Complex[np.ndarray, "line *column"]) -> Columns:
        return np.real(G)

    def measured(self, values: LineColumns, offset: float) -> Columns:
        del offset
        return values

    def derivative(self, columns: LineColumns, offset: float) -> Columns:
        del offset
        return columns

    def by_conditions(self, values: LineValues, offset: float) -> dict[str, Values]:
        del values, offset
        return {}


class Conductance(AbstractInstrument):
    """A junction to a normal metal: the density of states, smeared by its Fermi function and by the modulation.

    Args:
        omega: Bias energies [meV].
        T: Temperature [K].
        modulation: rms modulation [meV].
        broadening: Smallest broadening [meV]; it may be zero.

    Raises:
        InputError: There are too many bias energies for the energies that the smearing needs, or the modulation is far
            too large for the temperature.
    """

    moves_line = False

    def __init__(self, omega: Float[np.ndarray, " freq"], T: float, modulation: float, broadening: float):
        self.omega, self.T, self.modulation = omega, T, modulation
        kT = BOLTZMANN * T
        kernel_derivatives(omega[:1], T, modulation)  # which refuses a modulation that is far too large
        self.raised = max(0.0, (math.pi * kT - broadening) / 2)
        step = min(broadening + self.raised, math.pi * kT - self.raised) / POINTS_PER_STRIP
        last = float(np.max(np.abs(omega))) + REACH * kT + math.sqrt(2) * modulation
        n = math.ceil(last / step) + 1
        if n * omega.size > MOST_NUMBERS:
            raise InputError(
                f"{omega.size} bias energies, and {n} energies at which they need the density of states, are too many",
                hint="Average neighboring points of the curve.",
            )
        self.line_energies = step * np.arange(n)

    def from_propagator(self, G: Complex[np.ndarray, "line *column"]) -> Columns:
        return np.concatenate([np.real(G), np.imag(G)])

    def measured(self, values: LineColumns, offset: float) -> Columns:
        return 1 + self._matrices(offset).value @ self._deviation(values)

    def derivative(self, columns: LineColumns, offset: float) -> Columns:
        return self._matrices(offset).value @ columns

    def by_conditions(self, values: LineValues, offset: float) -> dict[str, Values]:
        matrices, deviation = self._matrices(offset), self._deviation(values)
        return {
            "offset": -matrices.first @ deviation,
            "temperature": matrices.by_temperature @ deviation,
            "modulation": matrices.by_modulation @ deviation,
        }

    def _deviation(self, values: LineColumns) -> LineColumns:
        """The real and imaginary parts of $G - 1$."""
        return values - np.repeat([1.0, 0.0], self.line_energies.size).reshape(-1, *[1] * (values.ndim - 1))

    @functools.lru_cache(maxsize=2)  # noqa: B019 - the instrument lives as long as its matrices are needed
    def _matrices(self, offset: float) -> KernelDerivatives:
        r"""The maps from Re and Im of $G - 1$ on the line to the conductance and to its derivatives by the bias.

        At negative energies $G(-z^*) = G(z)^*$.
        """
        E, step = self.line_energies, self.line_energies[1]
        V = (self.omega - offset)[:, None]
        weights = step * np.where(E == 0, 0.5, 1.0)[None, :]
        right, left = (
            kernel_derivatives(x + 1j * self.raised, self.T, self.modulation) for x in (E[None, :] - V, -E[None, :] - V)
        )
        value, first, by_modulation, by_T = (
            np.concatenate([np.real(a + b) * weights, np.imag(b - a) * weights], axis=1)
            for a, b in zip(right, left, strict=True)
        )
        return KernelDerivatives(value, -first, by_modulation, by_T)
