r"""The noise of a curve from the scatter of neighboring points, without any model of the curve.

Over $k + 1$ neighboring points a smooth curve is nearly a polynomial of degree $k - 1$, whose $k$-th divided
difference vanishes. Divided differences with weights of unit norm therefore have the standard deviation of the noise if
the curve is smooth, and are larger otherwise. The median of their moduli is insensitive to single bad points and to a
few places where the curve changes rapidly, and the order with the smallest median is taken.
"""

import numpy as np
from jaxtyping import Float

ORDERS = range(2, 8)
"""Orders of the divided differences that are compared."""

MEDIAN_TO_DEVIATION = 1.4826
"""Standard deviation of a normal distribution over the median of the moduli."""

SIGNIFICANT = 4.0
"""Number of standard deviations at which a test fails."""

RELATIVE_BIAS, RELATIVE_ERROR = 0.6, 1.6
r"""For normal noise of $N$ points the smallest median is too small by the first number over $\sqrt{N}$, relatively, and
scatters by the second over $\sqrt{N}$ (simulated for $N$ from 30 to 1000)."""


def noise_from_scatter(x: Float[np.ndarray, " freq"], values: Float[np.ndarray, " freq"]) -> float:
    """Estimate the standard deviation of the noise of a curve.

    Args:
        x: Ascending energies.
        values: The curve, or the curve divided by the standard deviations of its points.

    Returns:
        The estimate, in the unit of the values; infinite for fewer points than the lowest order needs.
    """
    found = [_deviation(x, values, order) for order in ORDERS if 3 * order < x.size]
    return min(found, default=np.inf) / (1 - RELATIVE_BIAS / np.sqrt(x.size))


def exceeds_scatter(level: float, scatter: float, n: int) -> bool:
    """Whether residuals of this root mean square significantly exceed the scatter of `n` neighboring points."""
    return bool(level > scatter * (1 + SIGNIFICANT * RELATIVE_ERROR / np.sqrt(n)))


def _deviation(x: Float[np.ndarray, " freq"], values: Float[np.ndarray, " freq"], order: int) -> float:
    windows = np.lib.stride_tricks.sliding_window_view(x, order + 1)
    size = windows[:, -1] - windows[:, 0]
    away = (windows[:, :, None] - windows[:, None, :]) / size[:, None, None]
    weights = 1 / np.prod(np.where(np.eye(order + 1, dtype=bool)[None], 1.0, away), axis=2)
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    differences = np.sum(weights * np.lib.stride_tricks.sliding_window_view(values, order + 1), axis=1)
    return float(MEDIAN_TO_DEVIATION * np.median(np.abs(differences)))
