"""The unit of the bias of a tunneling curve: given, stated in the header, or guessed from the numbers."""

import pathlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from ...._errors import InputError
from ....units import MEV_PER_BIAS_UNIT

LARGEST_IN_VOLTS = 0.25
"""A bias without a unit that stays below this number is taken to be in volts."""

SMALLEST_IN_MILLIVOLTS = 3.0
"""A bias without a unit that reaches this number is taken to be in millivolts."""

SHORTEST_CURVE, LONGEST_CURVE = 1e-3, 1000.0
"""Ends of a curve [meV], the smaller one a hundredth of a kelvin, beyond which it is refused."""

USUAL_ENDS = (1.0, 250.0)
"""Usual ends of tunneling curves [meV], with which other units are suggested."""


def bias_in_meV(
    path: pathlib.Path, bias: Float[np.ndarray, " point"], stated: Sequence[str], unit: str | None
) -> tuple[Float[np.ndarray, " point"], list[str]]:
    """Convert a bias to energies [meV], and return notices about its unit.

    Args:
        path: The file, named in error messages.
        bias: The numbers in the file.
        stated: Units that the header states.
        unit: Unit that was given, which takes precedence, or `None`.

    Raises:
        InputError: The unit is not known, or the curve would extend to energies that no tunneling curve reaches.
    """
    end = float(np.max(np.abs(bias)))
    used, notices = _unit(path, end, stated, unit)
    largest = end * MEV_PER_BIAS_UNIT[used]
    others = ", ".join(
        f"{name} (ends at {end * size:.4g} meV)"
        for name, size in MEV_PER_BIAS_UNIT.items()
        if name in ("V", "mV", "uV") and size != MEV_PER_BIAS_UNIT[used] and _is_usual(end * size)
    )
    hint = f"Give it with --unit; possible: {others or 'none of the known units'}."
    if not SHORTEST_CURVE < largest < LONGEST_CURVE:
        why = f"in {used} the largest bias would be {largest:.4g} meV, which is that of no tunneling curve."
        raise InputError("the unit of the bias is wrong", where=str(path), why=why, hint=hint)
    if others:
        notices.append(f"in {used} the curve ends at {largest:.4g} meV. Is the unit of the bias right? {hint}")
    return bias * MEV_PER_BIAS_UNIT[used], notices


def _is_usual(end: float) -> bool:
    return USUAL_ENDS[0] <= end <= USUAL_ENDS[1]


def _unit(path: pathlib.Path, end: float, stated: Sequence[str], unit: str | None) -> tuple[str, list[str]]:
    """Return the unit of a bias that ends at a number, and a notice if it is guessed or contradicts the header."""
    if unit is not None:
        differs = stated and any(MEV_PER_BIAS_UNIT.get(name) != MEV_PER_BIAS_UNIT[unit] for name in stated)
        said = f"the file states a bias in {' and '.join(stated)}; it is taken as {unit}, as requested."
        return unit, [said] if differs else []
    if len(stated) == 1:
        if stated[0] not in MEV_PER_BIAS_UNIT:
            raise InputError("the bias is no voltage", where=str(path), why=f"the header states {stated[0]}.")
        return stated[0], []
    if not stated and end < LARGEST_IN_VOLTS:
        return "V", [_guessed("V", end)]
    if not stated and end >= SMALLEST_IN_MILLIVOLTS:
        return "mV", [_guessed("mV", end)]
    either = f"the file names {' and '.join(stated)}" if stated else "the file does not state it"
    why = f"{either}, and the largest bias, {end:.4g}, could be in V or in mV."
    hint = f"Give it with --unit: {', '.join(MEV_PER_BIAS_UNIT)}."
    raise InputError("the unit of the bias is not known", where=str(path), why=why, hint=hint)


def _guessed(unit: str, end: float) -> str:
    ends = f"{end * MEV_PER_BIAS_UNIT[unit]:.4g} meV"
    return f"the bias is taken as {unit}, as its largest number is {end:.4g}; it ends at {ends} (else give --unit)."
