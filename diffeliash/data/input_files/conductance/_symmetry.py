"""Symmetry of a tunneling curve: how much its two signs of the bias differ, and the bias about which they agree."""

import numpy as np

from ._curve import Curve

FEWEST_PAIRS = 4
"""Smallest number of energies measured at both signs with which the signs are compared."""

SIGNIFICANT = 5.0
"""An offset of the bias is reported if it exceeds its standard deviation by this factor."""

NOTABLE_ASYMMETRY = 2.0
"""A difference of the two signs that exceeds that of the noise by this factor is more than noise."""

N_STEPS = 6
"""Number of Gauss-Newton steps in which the offset is found."""


def asymmetry(curve: Curve) -> float | None:
    """Return half the difference of the two signs of the bias (rms) over the rms conductance; `None` for one sign."""
    halves = _halves(curve, 0.0)
    if halves is None:
        return None
    _, even, odd = halves
    return float(np.sqrt(np.mean(odd**2) / np.mean(even**2 + odd**2)))


def _halves(curve: Curve, offset: float) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Return positive energies measured at both signs, and the even and the odd part about an offset there."""
    omega = curve.omega[curve.omega > 0]
    inside = (omega + offset <= curve.omega[-1]) & (offset - omega >= curve.omega[0])
    omega = omega[inside]
    if omega.size < FEWEST_PAIRS or offset - omega[0] < curve.omega[0]:
        return None
    right, left = (np.interp(offset + sign * omega, curve.omega, curve.conductance) for sign in (1, -1))
    return omega, (right + left) / 2, (right - left) / 2


def center_of_symmetry(curve: Curve) -> tuple[float, float] | None:
    r"""Return the bias about which a curve is symmetric [meV] and its standard deviation, if both signs are measured.

    To first order in an offset $s$, the odd part of $f(V - s)$ is $-s f'(V)$; a smooth odd background $b V$ is fitted
    beside it. The even part, which gives $f'$, has a noise independent of that of the odd part.
    """
    offset, deviation = 0.0, np.inf
    for _ in range(N_STEPS):
        halves = _halves(curve, offset)
        if halves is None:
            return None
        omega, even, odd = halves
        design = np.stack([-np.gradient(even, omega), omega / omega[-1]], axis=1)
        step, deviation = _first_coefficient(design, odd)
        offset += step
        if not abs(offset) < omega[-1] / 2:
            return None
    return offset, deviation


def _first_coefficient(design: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """Return the first coefficient of a linear fit and its standard deviation from the residuals.

    Of the standard deviations for the same noise everywhere and for a noise that varies, the larger one is returned.
    """
    coefficients, _, rank, _ = np.linalg.lstsq(design, values, rcond=None)
    if rank < 2:
        return 0.0, np.inf
    residuals = values - design @ coefficients
    inverse = np.linalg.inv(design.T @ design)
    even_noise = np.sum(residuals**2) / max(values.size - 2, 1) * inverse[0, 0]
    uneven_noise = np.sum((design @ inverse[0] * residuals) ** 2)
    return float(coefficients[0]), float(np.sqrt(max(even_noise, uneven_noise)))


def symmetry_notices(curve: Curve, difference: float | None) -> list[str]:
    """Return notices about the use of both signs of the bias, and about an offset of the bias.

    Args:
        curve: The normalized curve.
        difference: Its `asymmetry`.
    """
    if difference is None:
        return []
    expected = curve.noise / 2**0.5 / float(np.sqrt(np.mean(curve.conductance**2)))
    more = f", more than its noise of {100 * expected:.2g} %" if difference > NOTABLE_ASYMMETRY * expected else ""
    notices = [
        f"both signs of the bias are used together; half their difference is {100 * difference:.2g} % of the "
        f"conductance (rms){more}."
    ]
    center = center_of_symmetry(curve)
    if center is not None and abs(center[0]) > SIGNIFICANT * center[1]:
        notices.append(f"the curve is symmetric about {center[0]:.3g} mV: give --fit-offset.")
    return notices
