"""Smooth functions of the bias: polynomials, their choice by an information criterion, and what they leave."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

WHITE_LIMIT = 4.0
"""Residuals count as white if their lag-1 autocorrelation is below this number over the root of their number."""

ROUNDING = 1e-9
"""Residuals below this fraction of the values count as rounding."""


@dataclasses.dataclass(frozen=True)
class Polynomial:
    r"""A polynomial of the bias, $\sum_i c_i (V/V_0)^{p_i}$.

    Args:
        powers: Powers $p_i$.
        coefficients: Coefficients $c_i$.
        scale: Unit of the bias $V_0$ [meV].
        spread: A square root $L$ of the covariance $LL^T$ of the coefficients; `None` if it is not known.
    """

    powers: tuple[int, ...]
    coefficients: Float[np.ndarray, " power"]
    scale: float
    spread: Float[np.ndarray, "power error"] | None = None

    def __call__(self, omega: Float[np.ndarray, " point"]) -> Float[np.ndarray, " point"]:
        """Return the values of the polynomial at some bias energies [meV]."""
        return powers_of(omega / self.scale, self.powers) @ self.coefficients

    def errors(self, omega: Float[np.ndarray, " point"]) -> Float[np.ndarray, "error point"]:
        """Return the change of the values under one standard deviation of each independent error of the fit."""
        assert self.spread is not None
        return (powers_of(omega / self.scale, self.powers) @ self.spread).T


def powers_of(x: Float[np.ndarray, " point"], powers: Sequence[int]) -> Float[np.ndarray, "point power"]:
    """Return powers of numbers, one column for each power."""
    return x[:, None] ** np.array(powers)[None, :]


def information_criterion(residuals: Float[np.ndarray, " point"], n_coefficients: int, typical: float) -> float:
    r"""Return the Bayesian information criterion of a fit, by which the lowest of several is chosen.

    $$ \mathrm{BIC} = n \ln\Big(\frac{1}{n}\sum_i r_i^2\Big) + k \ln n $$

    Args:
        residuals: Residuals $r$, shape (n,).
        n_coefficients: Number of coefficients $k$.
        typical: Size of the fitted values; residuals far below it are rounding, and count as equal.
    """
    n = residuals.size
    return float(n * np.log(np.mean(residuals**2) + (ROUNDING * typical) ** 2) + n_coefficients * np.log(n))


def fit_polynomial(
    omega: Float[np.ndarray, " point"],
    values: Float[np.ndarray, " point"],
    errors: Float[np.ndarray, " point"] | None,
    choices: Sequence[tuple[int, ...]],
) -> tuple[Polynomial, Float[np.ndarray, " point"]]:
    """Fit polynomials and choose the one with the lowest `information_criterion`.

    Args:
        omega: Bias energies [meV], shape (n,).
        values: Values to fit.
        errors: Standard deviations of the values, the weights of the fit; or `None` for equal ones.
        choices: Powers of each polynomial.

    Returns:
        The polynomial with the covariance of its coefficients, for which the errors are scaled to the residuals if
        these are larger; and the residuals divided by the errors.
    """
    scale = float(np.max(np.abs(omega)))
    weights = np.ones_like(values) if errors is None else 1 / errors
    typical = float(np.max(np.abs(values * weights)))
    best = None
    for powers in choices:
        design = powers_of(omega / scale, powers) * weights[:, None]
        coefficients = np.linalg.lstsq(design, values * weights, rcond=None)[0]
        residuals = values * weights - design @ coefficients
        bic = information_criterion(residuals, len(powers), typical)
        if best is None or bic < best[0]:
            level = float(np.sqrt(np.sum(residuals**2) / max(1, residuals.size - len(powers))))
            unit = level if errors is None else max(1.0, level)
            spread = unit * np.linalg.pinv(np.linalg.qr(design)[1])
            best = bic, Polynomial(powers, coefficients, scale, spread), residuals
    assert best is not None
    return best[1], best[2]


def are_white(residuals: Float[np.ndarray, " point"], typical: float) -> bool:
    """Whether neighboring residuals are uncorrelated, that is, nothing but noise.

    Args:
        residuals: Residuals of a fit, in the order of the bias.
        typical: Size of the fitted values, in the unit of the residuals; residuals of the size of rounding are white.
    """
    power = float(np.sum(residuals**2))
    if power <= residuals.size * (ROUNDING * typical) ** 2:
        return True
    neighbors = float(np.sum(residuals[1:] * residuals[:-1]))
    return abs(neighbors / power) < WHITE_LIMIT / residuals.size**0.5
