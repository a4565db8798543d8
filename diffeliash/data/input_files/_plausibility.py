"""Plausibility checks of spectral functions: impossible coupling constants and signs of missing rows."""

import pathlib

import numpy as np
from jaxtyping import Float

from ..._errors import InputError

LARGEST_LAMBDA = 20.0
"""Coupling constant above which a notice is given; no material has a larger one."""

IMPOSSIBLE_LAMBDA = 1e4
"""Coupling constant from which values are refused as a2F."""

CUT_OFF_FRACTION = 0.05
"""A notice is given if the last value of a2F exceeds this fraction of the largest: the file may be cut off."""

UNIFORM_FRACTION = 0.9
"""A grid counts as uniform if at least this fraction of its steps are equal."""

STEP_RTOL = 0.01
"""Relative difference below which two steps are equal."""

UNIFORM_GAP_FACTOR = 1.5
"""On a uniform grid, a step larger than the median step by this factor is taken as missing rows."""

NONUNIFORM_GAP_FACTOR = 3.0
"""On a nonuniform grid, a step larger than the `STEP_QUANTILE` of all steps by this factor is taken as missing rows."""

STEP_QUANTILE = 0.95
"""Quantile of the steps of a nonuniform grid with which its largest step is compared."""

MOST_STEPS_TO_FIRST = 12.0
"""A notice is given if the first energy is more than this many median steps above zero."""


def grid_notices(omega: Float[np.ndarray, " freq"], lines: list[int], *, between_only: bool = False) -> list[str]:
    """Return notices about rows that seem to be missing at the beginning of an energy grid or inside it.

    Args:
        omega: Energies [meV]; positive and ascending ones are checked.
        lines: Their line numbers; empty if the file has no lines.
        between_only: Do not check the beginning, for functions that may begin at any energy.
    """
    if omega.size < 4 or np.any(np.diff(omega) <= 0):
        return []
    steps = np.diff(omega)
    usual = float(np.median(steps))
    even = np.mean(np.abs(steps / usual - 1) < STEP_RTOL) >= UNIFORM_FRACTION
    doubts = []
    if omega[0] > MOST_STEPS_TO_FIRST * usual and not between_only:
        doubts.append(
            f"the first energy is {omega[0]:.4g} meV, {omega[0] / usual:.0f} steps above zero; a2F is interpolated "
            "linearly from zero to there. Are rows missing?"
        )
    widest = int(np.argmax(steps))
    most = UNIFORM_GAP_FACTOR * usual if even else NONUNIFORM_GAP_FACTOR * float(np.quantile(steps, STEP_QUANTILE))
    if steps[widest] > most:
        where = f" (lines {lines[widest]} and {lines[widest + 1]})" if lines else ""
        doubts.append(
            f"no rows between {omega[widest]:.4g} and {omega[widest + 1]:.4g} meV{where}, {steps[widest] / usual:.3g} "
            "times the usual step; values there are interpolated linearly. Are rows missing?"
        )
    return doubts


def value_notices(
    path: pathlib.Path, a2f: Float[np.ndarray, " freq"], lambda_ep: float, other_lambda: float | None, tolerance: float
) -> list[str]:
    """Return notices about an implausible coupling constant and a spectral function that seems to be cut off.

    Args:
        path: The file, named in error messages.
        a2f: Spectral function, nowhere negative.
        lambda_ep: Its coupling constant.
        other_lambda: Coupling constant stated in the file, if there is one.
        tolerance: Relative difference between the two above which a notice is given.

    Raises:
        InputError: The coupling constant is so large that the values cannot be a2F.
    """
    if not lambda_ep < IMPOSSIBLE_LAMBDA:
        why = f"its coupling constant would be {lambda_ep:.3g}, where no material has more than {LARGEST_LAMBDA:g}."
        raise InputError("these values cannot be a2F", where=str(path), why=why, hint="Is it the right column?")
    doubts = []
    if lambda_ep > LARGEST_LAMBDA:
        doubts.append(f"lambda = {lambda_ep:.4g} is more than any material has. Is it the right column?")
    if other_lambda is not None and other_lambda > 0 and abs(lambda_ep - other_lambda) > tolerance * other_lambda:
        ratio = lambda_ep / other_lambda
        doubts.append(
            f"the file states lambda = {other_lambda:.5g}, its a2F gives {lambda_ep:.5g} ({ratio:.4g} times as much). "
            "Is the file complete, and is it the right column?"
        )
    largest = float(np.max(a2f))
    if a2f[-1] > CUT_OFF_FRACTION * largest:
        normal = " A density of states N/N_F would end at one." if 0.9 < a2f[-1] < 1.1 else ""
        doubts.append(
            f"a2F ends at {a2f[-1]:.3g}, {100 * a2f[-1] / largest:.0f} % of its largest value. Is the file cut off?"
            + normal
        )
    return doubts
