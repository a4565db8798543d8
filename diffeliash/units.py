"""Units: energies in meV and temperatures in K throughout; other units are converted when files are read.

The values are those of CODATA 2018, rounded in the same way as in the reference solutions.
"""

from typing import Final

BOLTZMANN: Final = 0.08617333262
"""Boltzmann constant $k_B$ [meV/K], as used by the 50-digit reference solutions."""

HARTREE: Final = 27211.386245988
"""Hartree energy [meV]."""

MEV_PER_UNIT: Final = {
    "meV": 1.0,
    "eV": 1000.0,
    "THz": 4.135667696,
    "cm-1": 0.1239841984,
    "K": BOLTZMANN,
    "Ry": HARTREE / 2,
    "Ha": HARTREE,
}
"""Value of each energy unit that input files may use [meV]."""

MEV_PER_BIAS_UNIT: Final = {"V": 1000.0, "mV": 1.0, "uV": 1e-3, "meV": 1.0, "eV": 1000.0}
"""Value of each unit of the bias of a tunnel junction [meV]: the energy of an electron after that voltage."""


def to_meV(unit: str) -> float:
    """Return the factor that converts an energy in `unit` to meV.

    Args:
        unit: A key of `MEV_PER_UNIT`: meV, eV, THz, cm-1, K, Ry or Ha.

    Raises:
        ValueError: The unit is unknown.
    """
    if unit not in MEV_PER_UNIT:
        known = ", ".join(MEV_PER_UNIT)
        raise ValueError(f"`unit` must be one of {known}, got {unit!r}.")
    return MEV_PER_UNIT[unit]
