"""Normalization of a conductance: by the curve of the normal state, or by a smooth background beyond the phonons."""

import pathlib

import numpy as np

from ...._errors import InputError
from ._curve import Curve, scatter
from ._smooth_functions import Polynomial, are_white, fit_polynomial

HIGHEST_ORDER = 8
"""Highest order of the polynomial that represents a curve of the normal state."""

POINTS_PER_COEFFICIENT = 4
"""Smallest number of points for each coefficient of a polynomial."""

NORMAL_RANGE = (0.5, 2.0)
"""Range of a normalized conductance far from zero bias."""

FRACTIONS = (0.6, 0.55, 0.5), (0.65, 0.7, 0.75, 0.8, 0.85, 0.9)
"""Fractions of the largest bias at which the fit of the background may begin: growing and shrinking."""

FEWEST_OUTER_POINTS = 12
"""Smallest number of points with which more than a constant is fitted as a background."""

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
    The noise of interpolated values becomes part of the errors.

    Raises:
        InputError: The curve of the normal state does not cover the bias, is not positive, or is another junction's.
    """
    _check_range(curve, normal_path, normal)
    most = min(HIGHEST_ORDER, normal.omega.size // POINTS_PER_COEFFICIENT - 1)
    choices = [tuple(range(order + 1)) for order in range(most + 1)]
    smooth, residuals = fit_polynomial(normal.omega, normal.conductance, normal.errors, choices)
    typical = normal.conductance if normal.errors is None else normal.conductance / normal.errors
    if are_white([residuals], float(np.max(np.abs(typical)))):
        divisor, noise = smooth(curve.omega), 0.0
        how = f"a polynomial of order {len(smooth.powers) - 1} through"
    else:
        divisor, noise = np.interp(curve.omega, normal.omega, normal.conductance), scatter(normal.conductance)
        how = "linear interpolation of"
    if np.any(divisor <= 0):
        why = "it is not positive everywhere."
        raise InputError("no conductance of a normal state", where=str(normal_path), why=why)
    divided = _with_noise(curve.divided_by(divisor), noise / divisor)
    if not is_near_one(divided.far_from_zero):
        why = f"divided by it, the conductance is {divided.far_from_zero:.3g} far from zero bias, where it must be one."
        hint = "Are both from the same junction, in the same unit, and not normalized yet?"
        raise InputError("the curve of the normal state does not fit", where=str(normal_path), why=why, hint=hint)
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


def divide_by_background(path: pathlib.Path, curve: Curve) -> tuple[Curve, list[str]]:
    r"""Divide a conductance by a smooth background $b_0 + b_1 V + b_2 V^2$, fitted at the outer part of the bias.

    The part begins at the smallest of some energies beyond which the background leaves nothing but noise.

    Raises:
        InputError: There is no positive background.
    """
    start, background, white = _outer_background(curve)
    divisor = background(curve.omega)
    if np.any(divisor <= 0):
        why = f"what is fitted beyond {start:.4g} meV is not positive everywhere."
        hint = "Give the curve of the normal state with --normal, or a normalized conductance."
        raise InputError("no smooth background for the normalization", where=str(path), why=why, hint=hint)
    terms = " + ".join(f"b{power}" + ("", " V", " V^2")[power] for power in background.powers)
    found = "where it leaves only noise" if white else "where too few points or too much structure are left to be sure"
    hint = "its scale is not certain and must be fitted; --normal FILE, the curve of the normal state, is better."
    return curve.divided_by(divisor), [
        f"the conductance is divided by a background {terms}, fitted beyond {start:.4g} meV, {found}: {hint}"
    ]


def _outer_background(curve: Curve) -> tuple[float, Polynomial, bool]:
    """Return where the fit of a background begins [meV], the background, and whether it leaves nothing but noise."""
    growing, shrinking = FRACTIONS
    fits = [_fit_beyond(curve, growing[0])]
    white = fits[0][2]
    for fraction in growing[1:] if white else shrinking:
        if _count_beyond(curve, fraction) < FEWEST_OUTER_POINTS:
            break
        fits.append(_fit_beyond(curve, fraction))
        if fits[-1][2] != white:
            break
    return min((fit for fit in fits if fit[2]), key=lambda fit: fit[0], default=fits[-1])


def _count_beyond(curve: Curve, fraction: float) -> int:
    size = np.abs(curve.omega)
    return int(np.sum(size >= fraction * np.max(size)))


def _fit_beyond(curve: Curve, fraction: float) -> tuple[float, Polynomial, bool]:
    """Fit a background beyond a fraction of the largest bias: a constant if there are few points."""
    size = np.abs(curve.omega)
    start = fraction * float(np.max(size))
    outer = curve.at(np.flatnonzero(size >= start))
    omega, values = outer.omega, outer.conductance
    enough = omega.size >= FEWEST_OUTER_POINTS
    both = min(np.sum(omega < 0), np.sum(omega > 0)) >= POINTS_PER_COEFFICIENT
    choices = [(0,), *([(0, 2)] if enough else []), *([(0, 1), (0, 1, 2)] if enough and both else [])]
    background, residuals = fit_polynomial(omega, values, outer.errors, choices)
    typical = values if outer.errors is None else values / outer.errors
    pieces = [residuals[omega < 0], residuals[omega > 0]]
    return start, background, enough and are_white(pieces, float(np.max(np.abs(typical))))
