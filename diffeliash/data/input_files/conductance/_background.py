"""Normalization of a conductance by a smooth background, fitted to the curve itself beyond the phonons."""

import dataclasses
import pathlib

import numpy as np
from jaxtyping import Float

from ...._errors import InputError
from ._curve import Curve
from ._smooth_functions import Polynomial, are_white, information_criterion, powers_of

FRACTIONS = (0.6, 0.55, 0.5), (0.65, 0.7, 0.75, 0.8, 0.85, 0.9)
"""Fractions of the largest bias at which the fit of the background may begin: growing and shrinking."""

FEWEST_OUTER_POINTS = 12
"""Smallest number of points with which more than a constant is fitted."""

FEWEST_OF_A_SIGN = 4
"""Smallest number of points of each sign with which a slope is fitted."""

FAR_ENOUGH = 0.5
"""Fraction of the largest bias that a sign must reach to take part in the sum rule."""

SUM_RULE_WEIGHT = 1e4
"""Weight of the sum rule in the fit, relative to that of one point."""

N_STEPS = 8
"""Number of steps in which the background in the denominator of the sum rule converges."""


@dataclasses.dataclass(frozen=True)
class SumRule:
    """Integral over the measured bias, and what lies beyond it.

    Args:
        weights: Weight of each point in the integral over $V/V_0$.
        beyond: Integral of $(V_0/V)^2$ beyond the measured bias.
    """

    weights: Float[np.ndarray, " point"]
    beyond: float


@dataclasses.dataclass(frozen=True)
class _Points:
    """What a background is fitted to, relative to the largest bias and the largest conductance.

    Args:
        x: Bias.
        values: Conductance.
        weights: Weight of each point in the fit: zero outside the outer part, else the inverse of its error.
        rule: The sum rule, if zero bias was reached.
    """

    x: Float[np.ndarray, " point"]
    values: Float[np.ndarray, " point"]
    weights: Float[np.ndarray, " point"]
    rule: SumRule | None


@dataclasses.dataclass(frozen=True)
class Background:
    """A background that was fitted to the outer part of a curve.

    Args:
        function: The background.
        start: Bias at which the outer part begins [meV].
        white: Whether it leaves nothing but noise there.
    """

    function: Polynomial
    start: float
    white: bool


def divide_by_background(path: pathlib.Path, curve: Curve) -> tuple[Curve, list[str]]:
    r"""Divide a conductance by a smooth background $b(V) = b_0 + b_1 V + b_2 V^2$.

    $$ \frac{dI}{dV} = b(V) \Big(1 + \frac{D}{V^2}\Big) \quad (|V| > V_1), \qquad
       \int \Big(\frac{dI/dV}{b(V)} - 1\Big) dV = 0 $$

    Beyond the phonons the conductance approaches that of the normal state as that of a constant gap does, and no state
    is lost; without the integral the extrapolation of the background to zero bias would be far less certain. The outer
    part begins at the smallest of some energies $V_1$ beyond which the fit leaves nothing but noise.

    Raises:
        InputError: There is no positive background.
    """
    background = _outer_background(curve)
    divisor = background.function(curve.omega)
    if np.any(divisor <= 0):
        why = f"what is fitted beyond {background.start:.4g} meV is not positive everywhere."
        hint = "Give the curve of the normal state with --normal, or a normalized conductance."
        raise InputError("no smooth background for the normalization", where=str(path), why=why, hint=hint)
    terms = " + ".join(f"b{power}" + ("", " V", " V^2")[power] for power in background.function.powers)
    unsure = "where too few points or too much structure are left to be sure"
    found = "where it leaves only noise" if background.white else unsure
    hint = "its scale and curvature are not certain; --normal FILE, the curve of the normal state, is better."
    return curve.divided_by(divisor), [
        f"the conductance is divided by a background {terms}, fitted beyond {background.start:.4g} meV, {found}: {hint}"
    ]


def _outer_background(curve: Curve) -> Background:
    growing, shrinking = FRACTIONS
    size = np.abs(curve.omega)
    fits = [_fit_beyond(curve, growing[0])]
    for fraction in growing[1:] if fits[0].white else shrinking:
        if np.sum(size >= fraction * np.max(size)) < FEWEST_OUTER_POINTS:
            break
        fits.append(_fit_beyond(curve, fraction))
        if fits[-1].white != fits[0].white:
            break
    return min((fit for fit in fits if fit.white), key=lambda fit: fit.start, default=fits[-1])


def _fit_beyond(curve: Curve, fraction: float) -> Background:
    """Fit a background beyond a fraction of the largest bias: a constant if there are few points."""
    scale, typical = (float(np.max(np.abs(values))) for values in (curve.omega, curve.conductance))
    x, size = curve.omega / scale, np.abs(curve.omega) / scale
    outer = x[size >= fraction]
    enough = outer.size >= FEWEST_OUTER_POINTS
    both = min(np.sum(outer < 0), np.sum(outer > 0)) >= FEWEST_OF_A_SIGN
    weights = np.where(size >= fraction, 1.0 if curve.errors is None else typical / curve.errors, 0.0)
    points = _Points(x, curve.conductance / typical, weights, _sum_rule(x) if enough else None)
    best = None
    for powers in [(0,), *([(0, 2)] if enough else []), *([(0, 1), (0, 1, 2)] if enough and both else [])]:
        coefficients, residuals = _fit(points, powers)
        bic = information_criterion(residuals, len(coefficients), float(np.max(weights)))
        if best is None or bic < best[0]:
            best = bic, Polynomial(powers, typical * coefficients[: len(powers)], scale), residuals
    assert best is not None
    return Background(best[1], fraction * scale, enough and are_white(best[2], float(np.max(weights))))


def _sum_rule(x: Float[np.ndarray, " point"]) -> SumRule | None:
    """Return the sum rule for the signs that were measured far enough, or `None` if zero bias was not reached."""
    ends = {sign: float(np.max(sign * x)) for sign in (-1, 1)}
    signs = [sign for sign, end in ends.items() if end >= FAR_ENOUGH]
    inside = np.flatnonzero(np.sign(x) != -signs[0]) if len(signs) == 1 else np.arange(x.size)
    if np.min(np.abs(x)) > 2 * np.median(np.diff(x)):
        return None
    steps = np.diff(x[inside])
    weights = np.zeros_like(x)
    weights[inside[1:]] += steps / 2
    weights[inside[:-1]] += steps / 2
    if len(signs) == 1:
        first = inside[0] if signs[0] > 0 else inside[-1]
        weights[first] += abs(x[first])
    return SumRule(weights, sum(1 / ends[sign] for sign in signs))


def _fit(
    points: _Points, powers: tuple[int, ...]
) -> tuple[Float[np.ndarray, " coefficient"], Float[np.ndarray, " outer"]]:
    """Fit a background, with the tail of a gap if the sum rule makes that possible, and if the tail is positive."""
    coefficients, residuals = _fit_with_tail(points, powers, tail=points.rule is not None)
    if points.rule is not None and coefficients[-1] < 0:
        coefficients, residuals = _fit_with_tail(points, powers, tail=False)
    return coefficients, residuals


def _fit_with_tail(
    points: _Points, powers: tuple[int, ...], *, tail: bool
) -> tuple[Float[np.ndarray, " coefficient"], Float[np.ndarray, " outer"]]:
    """Return the coefficients of a background, then that of the tail, and the weighted residuals of the outer part."""
    design, background = powers_of(points.x, powers), np.ones_like(points.x)
    coefficients = residuals = np.zeros(0)
    for _ in range(N_STEPS if points.rule else 1):
        coefficients, residuals = _step(points, design, background, tail=tail)
        background = design @ coefficients[: len(powers)]
        if np.any(background <= 0):
            break
    return coefficients, residuals


def _step(
    points: _Points, design: np.ndarray, background: np.ndarray, *, tail: bool
) -> tuple[Float[np.ndarray, " coefficient"], Float[np.ndarray, " outer"]]:
    """Fit a background by linear least squares, with that of the step before in the sum rule and in the tail."""
    outer = points.weights > 0
    weights, columns = points.weights[outer], design[outer]
    if tail:
        columns = np.concatenate([columns, (background / np.where(outer, points.x, 1.0) ** 2)[outer, None]], axis=1)
    columns, target = columns * weights[:, None], points.values[outer] * weights
    rows, right = columns, target
    if points.rule is not None:
        heavy = SUM_RULE_WEIGHT * float(np.median(weights))
        integral = points.rule.weights / background
        rule = np.append(integral @ design, [-points.rule.beyond] if tail else [])
        rows, right = (
            np.concatenate([rows, heavy * rule[None, :]]),
            np.append(right, heavy * (integral @ points.values)),
        )
    coefficients = np.linalg.lstsq(rows, right, rcond=None)[0]
    return coefficients, target - columns @ coefficients
