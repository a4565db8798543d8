r"""The information that a gap function contains about its spectral function, independent of the method of inversion.

Near a spectrum $f$ the map to the gap function $g$ is linear, $\delta g = J\,\delta f$. It is many-to-one if singular
values of the Jacobian $J$ vanish; if they are small but not zero, it depends on the accuracy of $g$ how much of $f$ can
be recovered. With independent normal errors $\sigma$ of $g$, and a normal prior with the covariance $C = LL^T$ of a
family of spectra, the posterior of $f$ is normal with the covariance

$$ P = L\,\big(1 + A^TA\big)^{-1} L^T, \qquad A = J L/\sigma, $$

and every singular value of $A$ above one is a component of $f$ that the gap function determines. The posterior mean is
the best linear estimate, and the best of all estimates, by networks or otherwise, if the family is normal; other
families (of two spectra only, for example) may allow better ones. Its $1 - \mathrm{PCC}$ is, to leading order,

$$ \frac{\operatorname{tr} QPQ}{2\,|Qf|^2} $$

with $Q$ the projection orthogonal to the constant function and, in the trace, also to $f$.
"""

import dataclasses
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..models import Setting
from ..physics import Spectrum, batched, continue_gap, map_materials

NEGLIGIBLE = 1e-7
"""Modes of a family whose standard deviation is below this fraction of the largest are rounding errors."""

ROUNDING = 10 * np.finfo(np.float64).eps
"""Singular values below this fraction of the largest are rounding errors."""


def gap_jacobian(
    setting: Setting, a2f: Float[np.ndarray, " freq"], *, axis: Literal["real", "imaginary"] = "real"
) -> Float[np.ndarray, "feature freq"]:
    r"""Compute the exact Jacobian $J$ of the gap function [meV] with respect to the points of a2F.

    Args:
        setting: Temperature, cutoffs and grids.
        a2f: One spectrum on the grid of the setting.
        axis: `real` for $\Delta(\omega + i\Gamma)$, real, then imaginary parts; `imaginary` for $\Delta(i\omega_n)$.
    """

    def gap(values: Float[Array, " freq"]) -> Float[Array, " feature"]:
        spectrum = Spectrum(setting.omega, values)
        sol = setting.solve(spectrum)
        if axis == "imaginary":
            return sol.Delta
        Delta = continue_gap(sol, spectrum, setting.omega_real, broadening=setting.broadening).Delta
        return jnp.concatenate([jnp.real(Delta), jnp.imag(Delta)])

    at = jnp.asarray(a2f, dtype=jnp.float64)
    columns = map_materials(batched(lambda change: jax.jvp(gap, (at,), (change,))[1]), np.eye(at.size))
    return np.concatenate([part for _, part in columns]).T


@dataclasses.dataclass(frozen=True, kw_only=True)
class Information:
    r"""The information in a gap function with errors; the result of `expected_difference`.

    Args:
        n_resolved: Number of components of the spectral function that it determines: singular values of $A$ above one.
        unexplained: Posterior variance relative to that of the family, $\operatorname{tr} P/\operatorname{tr} C$.
        df: Expected $1 - \mathrm{PCC}$ of the best linear estimate, to leading order.
    """

    n_resolved: int
    unexplained: float
    df: float


def family_spread(spectra: Float[np.ndarray, "sample freq"]) -> Float[np.ndarray, "freq mode"]:
    r"""Estimate a square root $L$ of the covariance $C = LL^T$ of a family from many of its spectra.

    The number of spectra should be several times the number of modes (eigenvectors of $C$): a mode that none of them
    has counts as known, which makes the result of `expected_difference` too small.

    Args:
        spectra: Spectra of the family, one a row.

    Returns:
        The modes, one a column, times their standard deviations, in ascending order.
    """
    centered = spectra - np.mean(spectra, axis=0, keepdims=True)
    values, vectors = np.linalg.eigh(centered.T @ centered / len(spectra))
    significant = values > NEGLIGIBLE**2 * values[-1]
    return vectors[:, significant] * np.sqrt(values[significant])[None, :]


def unexplained_by_mode(
    spread: Float[np.ndarray, "freq mode"],
    spectra: Float[np.ndarray, "sample freq"],
    predicted: Float[np.ndarray, "sample freq"],
    *,
    n_modes: int,
) -> Float[np.ndarray, " shown"]:
    r"""Compute the fraction of the variance of each mode of a family that predictions leave unexplained.

    With the modes $v_k$, the eigenvectors of the covariance of the family, largest variance first,

    $$ u_k = \frac{\sum_i (v_k \cdot (\hat f_i - f_i))^2}{\sum_i (v_k \cdot (f_i - \bar f))^2}, $$

    which is zero for a mode that is predicted exactly and one for a mode that is predicted as its mean.

    Args:
        spread: $L$ from `family_spread`.
        spectra: True spectra $f_i$, one a row.
        predicted: Predicted spectra $\hat f_i$, one a row.
        n_modes: Number of modes.
    """
    modes = spread[:, ::-1][:, :n_modes]
    centered = spectra - np.mean(spectra, axis=0, keepdims=True)
    return np.sum(((predicted - spectra) @ modes) ** 2, axis=0) / np.sum((centered @ modes) ** 2, axis=0)


def expected_difference(
    jacobian: Float[np.ndarray, "feature freq"],
    a2f: Float[np.ndarray, " freq"],
    spread: Float[np.ndarray, "freq mode"],
    *,
    noise: float,
) -> Information:
    r"""Compute how accurate the best linear estimate of a spectrum from its gap function is.

    Args:
        jacobian: $J$ at the spectrum, from `gap_jacobian`.
        a2f: The spectrum $f$.
        spread: $L$ from `family_spread`.
        noise: Standard deviation $\sigma$ of the gap function [meV], positive.
    """
    s, Vt = np.linalg.svd(jacobian @ spread / noise, full_matrices=True)[1:]
    s = np.where(s > ROUNDING * s[0], s, 0.0)
    left = np.ones(spread.shape[1])
    left[: s.size] = 1 / (1 + s**2)
    root = (spread @ Vt.T) * np.sqrt(left)[None, :]  # of P
    f = a2f - np.mean(a2f)
    off = root - np.mean(root, axis=0, keepdims=True)
    off = off - np.outer(f, f @ off) / (f @ f)
    return Information(
        n_resolved=int(np.sum(s > 1)),
        unexplained=float(np.sum(root**2) / np.sum(spread**2)),
        df=float(np.sum(off**2) / (2 * f @ f)),
    )
