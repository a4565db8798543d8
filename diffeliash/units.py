"""The unit system: energies in meV, temperatures in K; conversions happen at the edges only.

Values from CODATA 2018, rounded as the reference solutions round them.
"""

from typing import Final

BOLTZMANN: Final = 0.08617333262
"""Boltzmann constant $k_B$ [meV/K], exactly as the 50-digit reference solutions use it."""

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
"""Size of each energy unit that files may use [meV]."""


def to_meV(unit: str) -> float:
    """Factor that turns a number in `unit` into meV.

    Args:
        unit: One of `MEV_PER_UNIT`, spelled as there.

    Raises:
        ValueError: The unit is unknown.
    """
    if unit not in MEV_PER_UNIT:
        known = ", ".join(MEV_PER_UNIT)
        raise ValueError(f"`unit` must be one of {known}, got {unit!r}.")
    return MEV_PER_UNIT[unit]
