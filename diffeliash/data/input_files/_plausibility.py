"""What no material has, and what rows that are missing leave behind."""

import pathlib

import numpy as np
from jaxtyping import Float

from ..._errors import InputError

LARGEST_LAMBDA = 20.0
"""Beyond what any material has."""

IMPOSSIBLE_LAMBDA = 1e4
"""Beyond what can be meant."""

CUT_OFF_FRACTION = 0.05
"""A spectrum that ends above this part of its largest value may be cut off."""

UNIFORM_FRACTION = 0.9
"""A grid of which so many of the steps are the same is even."""

STEP_RTOL = 0.01
"""Steps that differ by no more than this, relative, are the same."""

UNIFORM_GAP_FACTOR = 1.5
"""On an even grid a step so many times the usual one is a gap."""

NONUNIFORM_GAP_FACTOR = 3.0
"""On an uneven grid a step so many times those that nearly all others stay below is a gap."""

STEP_QUANTILE = 0.95

MOST_STEPS_TO_FIRST = 12.0
"""The first energy so many usual steps above zero is told."""


def grid_notices(omega: Float[np.ndarray, " freq"], lines: list[int], *, between_only: bool = False) -> list[str]:
    """Notices of rows that seem to be missing: at the start, or in the middle.

    Args:
        omega: Energies [meV], positive and ascending.
        lines: Their line numbers; empty if the file has no lines.
        between_only: Of a function that may begin anywhere and is joined otherwise.
    """
    if omega.size < 4 or np.any(np.diff(omega) <= 0):
        return []
    steps = np.diff(omega)
    usual = float(np.median(steps))
    even = np.mean(np.abs(steps / usual - 1) < STEP_RTOL) >= UNIFORM_FRACTION
    doubts = []
    if omega[0] > MOST_STEPS_TO_FIRST * usual and not between_only:
        doubts.append(
            f"the first energy is {omega[0]:.4g} meV, {omega[0] / usual:.0f} steps above zero; a2F is taken as a "
            "straight line from zero to there. Are rows missing?"
        )
    widest = int(np.argmax(steps))
    most = UNIFORM_GAP_FACTOR * usual if even else NONUNIFORM_GAP_FACTOR * float(np.quantile(steps, STEP_QUANTILE))
    if steps[widest] > most:
        where = f" (lines {lines[widest]} and {lines[widest + 1]})" if lines else ""
        doubts.append(
            f"nothing between {omega[widest]:.4g} and {omega[widest + 1]:.4g} meV{where}, {steps[widest] / usual:.3g} "
            "times the usual step; straight lines are drawn there. Are rows missing?"
        )
    return doubts


def value_notices(
    path: pathlib.Path, a2f: Float[np.ndarray, " freq"], lambda_ep: float, other_lambda: float | None, tolerance: float
) -> list[str]:
    """Notices of a coupling that no material has, of one that the file states otherwise, and of an end that is none.

    Args:
        path: The file, for the message.
        a2f: Spectral function, nowhere negative.
        lambda_ep: Its coupling constant.
        other_lambda: What the file says of it, in a column or a header.
        tolerance: Relative difference between the two that is told.

    Raises:
        InputError: A coupling that cannot be meant.
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
