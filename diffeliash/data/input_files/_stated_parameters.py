"""Parameters that the header of a file states: temperature, broadening, Coulomb pseudopotential and cutoffs."""

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from ...units import BOLTZMANN, MEV_PER_BIAS_UNIT

NUMBER = r"(?:[0-9]+(?:[.,][0-9]+|\.)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
"""Pattern of a positive number in a header, also with a decimal comma."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class FunctionOfEnergy:
    """Energies at which a function of a superconductor is given, and parameters that its file may state.

    Args:
        omega: Energies [meV].
        T: Temperature [K], if the file states it.
        broadening: Distance of the line from the real axis [meV], if the file states it.
        mu_star: Coulomb pseudopotential, if the file states it.
        omega_c: Cutoff of the Coulomb pseudopotential [meV], if the file states it.
        matsubara_cutoff: Cutoff of the Matsubara sums [meV], if the file states it.
        omega_max: Where the spectral function ends [meV], if the file states it.
        z_sum: Name of the class of the sum in Z, if the file states it.
        notices: What was assumed when the file was read.
    """

    omega: Float[np.ndarray, " freq"]
    T: float | None = None
    broadening: float | None = None
    mu_star: float | None = None
    omega_c: float | None = None
    matsubara_cutoff: float | None = None
    omega_max: float | None = None
    z_sum: str | None = None
    notices: tuple[str, ...] = ()


_WORDS = {
    "T": r"T|[Tt]emperature",
    "broadening": r"broadening|Gamma|eta|\u0393",
    "mu_star": r"m?u\*|mu_star|mustar",
    "omega_c": r"omega_c",
    "matsubara_cutoff": r"matsubara_cutoff",
    "omega_max": r"omega_max",
}
"""Patterns of the names of parameters in the header of a text file."""

_KELVIN = {"K": 1.0, "mK": 1e-3, "uK": 1e-6, "meV": 1 / BOLTZMANN}
_ENERGY = MEV_PER_BIAS_UNIT | {"ueV": 1e-3, "K": BOLTZMANN}
_FACTORS: dict[str, dict[str, float]] = {"T": _KELVIN, "mu_star": {}}
"""Factors of the units that may follow a number; those of energies for all other parameters."""


def stated_parameters(header: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Return the parameters that a header states, as in `T = 1.16 K, broadening = 0.1 meV`, and notices.

    Numbers without a unit are in K or meV. A parameter of which the header states several values is left out.
    """
    text = " ".join(header).replace("\u00b5", "u").replace("\u03bc", "u")
    found: dict[str, Any] = {}
    notices = []
    for name, words in _WORDS.items():
        factors = _FACTORS.get(name, _ENERGY)
        units = "|".join(factors) or "(?!)"
        pattern = rf"(?<![A-Za-z_])(?:{words})\s*[=:]\s*({NUMBER})(?:\s*({units})(?![A-Za-z]))?"
        values = {to_number(number) * factors.get(unit, 1.0) for number, unit in re.findall(pattern, text)}
        if len(values) == 1:
            found[name] = values.pop()
        elif values:
            several = " and ".join(f"{value:g}" for value in sorted(values))
            notices.append(f"the header states several values of {name}, {several}; none of them is used.")
    return found, notices


def to_number(text: str) -> float:
    """Return the value of a text that matches `NUMBER`."""
    return float(text.replace(",", "."))
