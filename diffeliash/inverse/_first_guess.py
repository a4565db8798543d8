r"""A first guess of the broadening, from the shape of a density of states or conductance near the gap.

There the density of states is nearly that of a constant gap function, $N = \mathrm{Re}[z/\sqrt{z^2-\Delta^2}]$ with
$z = E + i\Gamma$ (R. C. Dynes, V. Narayanamurti, J. P. Garno, Phys. Rev. Lett. 41, 1509 (1978),
doi:10.1103/PhysRevLett.41.1509). The gaps and broadenings of a grid are compared with the data.
"""

import functools

import numpy as np
from jaxtyping import Float

from ..physics import default_broadening
from ..units import BOLTZMANN
from .nonlinear import RANGE_RATIO, AbstractObservable

SMALLEST_RATIO = 0.03
"""Smallest broadening in the grid, in units of k_B T."""

LARGEST_RATIO = 0.5
"""Largest broadening in the grid, in units of the gap."""

N_BROADENINGS, N_GAPS = 24, 60
"""Number of broadenings and of gaps in the grid."""

MOST_ENERGIES = 300
"""Number of energies that are compared, approximately."""

GAPS = (5e-3, 0.5)
"""Smallest and largest gap in the grid, in units of the last energy."""


def guess_broadening(
    observable: AbstractObservable, omega: Float[np.ndarray, " freq"], values: Float[np.ndarray, " value"], T: float
) -> float:
    r"""The broadening $\Gamma$ [meV] of the grid with the smallest misfit; for gap functions a third of $\pi k_BT$.

    Args:
        observable: The measured quantity.
        omega: Energies of the data [meV].
        values: The data.
        T: Temperature [K].
    """
    if not observable.normalized:
        return float(default_broadening(T, float(np.max(np.abs(omega))) / RANGE_RATIO))
    stride = max(1, omega.size // MOST_ENERGIES)
    predicted, broadenings = _constant_gaps(observable, omega[::stride].tobytes(), T)
    misfit = np.sum((values[::stride, None] - predicted) ** 2, axis=0)
    return float(broadenings[np.argmin(misfit)])


@functools.lru_cache(maxsize=2)
def _constant_gaps(
    observable: AbstractObservable, energies: bytes, T: float
) -> tuple[Float[np.ndarray, "value pair"], Float[np.ndarray, " pair"]]:
    """The measured values for all constant gaps and broadenings of the grid, and these broadenings [meV]."""
    omega = np.frombuffer(energies)
    last, least = float(np.max(np.abs(omega))), SMALLEST_RATIO * BOLTZMANN * T
    instrument, predicted, found = observable.instrument(omega, T, observable.least_broadening(least)), [], []
    for gap in np.geomspace(GAPS[0] * last, GAPS[1] * last, N_GAPS):
        broadenings = np.geomspace(least, max(LARGEST_RATIO * gap, 2 * least), N_BROADENINGS)
        z = instrument.line_energies[:, None] + 1j * (broadenings[None, :] + instrument.raised)
        predicted.append(instrument.measured(instrument.from_propagator(1 / np.sqrt(1 - (gap / z) ** 2)), 0.0))
        found.append(broadenings)
    return np.concatenate(predicted, axis=1), np.concatenate(found)
