"""Normalization of a conductance by that of the same junction in the normal state."""

import dataclasses
import pathlib

import numpy as np

from ...._errors import InputError
from ._curve import Curve, scatter
from ._smooth_functions import are_white, fit_polynomial

HIGHEST_ORDER = 8
"""Highest order of the polynomial that represents a curve of the normal state."""

POINTS_PER_COEFFICIENT = 4
"""Smallest number of points for each coefficient of a polynomial."""

NORMAL_RANGE = (0.5, 2.0)
"""Range of a normalized conductance far from zero bias."""

RANGE_RTOL = 1e-6
"""By this fraction of its range a curve may extend beyond that of the normal state."""


def is_near_one(value: float) -> bool:
    """Whether a normalized conductance may have this value far from zero bias."""
    return NORMAL_RANGE[0] <= value <= NORMAL_RANGE[1]


def divide_by_normal_state(
    path: pathlib.Path, curve: Curve, normal_path: pathlib.Path, normal: Curve
) -> tuple[Curve, list[str]]:
    """Divide a conductance by that of the same junction in the normal state.

    That is represented by a polynomial of the bias, or by linear interpolation if a polynomial leaves more than noise.
    The errors of the polynomial are shared by all values of the divided curve; the noise of interpolated values becomes
    part of its errors.

    Raises:
        InputError: The curve of the normal state does not cover the bias, is not positive, or is another junction's.
    """
    _check_range(curve, normal_path, normal)
    most = min(HIGHEST_ORDER, normal.omega.size // POINTS_PER_COEFFICIENT - 1)
    choices = [tuple(range(order + 1)) for order in range(most + 1)]
    smooth, residuals = fit_polynomial(normal.omega, normal.conductance, normal.errors, choices)
    typical = normal.conductance if normal.errors is None else normal.conductance / normal.errors
    if are_white(residuals, float(np.max(np.abs(typical)))):
        divisor, noise, shared = smooth(curve.omega), 0.0, smooth.errors(curve.omega)
        how = f"a polynomial of order {len(smooth.powers) - 1} through"
    else:
        divisor, noise = np.interp(curve.omega, normal.omega, normal.conductance), scatter(normal.conductance)
        shared = None
        how = "linear interpolation of"
    if np.any(divisor <= 0):
        why = "it is not positive everywhere."
        raise InputError("no conductance of a normal state", where=str(normal_path), why=why)
    divided = _with_noise(curve.divided_by(divisor), noise / divisor)
    if not is_near_one(divided.far_from_zero):
        why = f"divided by it, the conductance is {divided.far_from_zero:.3g} far from zero bias, where it must be one."
        hint = "Are both from the same junction, in the same unit, and not normalized yet?"
        raise InputError("the curve of the normal state does not fit", where=str(normal_path), why=why, hint=hint)
    if shared is not None:
        divided = dataclasses.replace(divided, systematic=-divided.conductance * shared / divisor)
    noisy = f", whose noise of {100 * float(np.median(noise / divisor)):.2g} % is added to the errors" if noise else ""
    return divided, [f"the conductance is divided by {how} that of the normal state, {normal_path}{noisy}."]


def _with_noise(curve: Curve, noise: np.ndarray) -> Curve:
    """Add the relative noise of the divisor to the errors of a divided curve, if it has errors."""
    if curve.errors is None:
        return curve
    return Curve(curve.omega, curve.conductance, np.hypot(curve.errors, curve.conductance * noise))


def _check_range(curve: Curve, path: pathlib.Path, normal: Curve) -> None:
    tolerance = RANGE_RTOL * float(curve.omega[-1] - curve.omega[0])
    if normal.omega[0] > curve.omega[0] + tolerance or normal.omega[-1] < curve.omega[-1] - tolerance:
        own, other = (f"from {each.omega[0]:.4g} to {each.omega[-1]:.4g} meV" for each in (curve, normal))
        why = f"it goes {other}, the curve {own}."
        raise InputError("the curve of the normal state is too short", where=str(path), why=why)
