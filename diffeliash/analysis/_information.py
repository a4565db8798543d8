r"""What a gap function says about its spectral function, whoever asks: singular values and what they leave open.

Near a spectrum $f$ the map is linear, $\delta g = J\,\delta f$. It is many-to-one where singular values of $J$ vanish;
where they are small but not zero, the accuracy of $g$ decides. With independent normal errors $\sigma$ of $g$ and a
family of spectra of covariance $C = LL^T$, what remains of $f$ is normal with the covariance

$$ P = L\,\big(1 + A^TA\big)^{-1} L^T, \qquad A = J L/\sigma, $$

and every singular value of $A$ above one stands for a number that the gap function fixes. The mean of this distribution
is the best linear estimate, and if the family is normal the best of all, by a network or otherwise; a family of another
kind (two spectra only, say) may allow better ones. Its $1 - \mathrm{PCC}$ is, to leading order,

$$ \frac{\operatorname{tr} QPQ}{2\,|Qf|^2} $$

with projections $Q$ off the constant function and, in the trace, off $f$ too.
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
"""Directions of a family whose spread is below this part of the largest are those of rounding."""

ROUNDING = 10 * np.finfo(np.float64).eps
"""Singular values below this part of the largest are rounding errors."""


def gap_jacobian(
    setting: Setting, a2f: Float[np.ndarray, " freq"], *, axis: Literal["real", "imaginary"] = "real"
) -> Float[np.ndarray, "feature freq"]:
    r"""The derivative of the gap function [meV] with respect to every point of a2F, exact.

    Args:
        setting: Temperature, cutoffs and grids.
        a2f: One spectrum on its grid.
        axis: `real`: $\Delta(\omega + i\Gamma)$, real parts, then imaginary parts; `imaginary`: $\Delta(i\omega_n)$.
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
    r"""What a gap function with errors says about its spectral function.

    Args:
        n_resolved: Numbers of the spectral function that it fixes: singular values of $A$ above one.
        unexplained: What is left of the variance of the family, $\operatorname{tr} P/\operatorname{tr} C$.
        df: Mean $1 - \mathrm{PCC}$ of the best linear estimate.
    """

    n_resolved: int
    unexplained: float
    df: float


def family_spread(spectra: Float[np.ndarray, "sample freq"]) -> Float[np.ndarray, "freq mode"]:
    r"""A square root $L$ of the covariance $C = LL^T$ of a family, from many of its members.

    Take several times as many as the family has modes: a direction that none of them shows counts as known, and what
    `expected_difference` finds is then too good.
    """
    centered = spectra - np.mean(spectra, axis=0, keepdims=True)
    values, vectors = np.linalg.eigh(centered.T @ centered / len(spectra))
    kept = values > NEGLIGIBLE**2 * values[-1]
    return vectors[:, kept] * np.sqrt(values[kept])[None, :]


def unexplained_by_mode(
    spread: Float[np.ndarray, "freq mode"],
    spectra: Float[np.ndarray, "sample freq"],
    instead: Float[np.ndarray, "sample freq"],
    *,
    n_modes: int,
) -> Float[np.ndarray, " mode"]:
    r"""Which of the modes of a family predictions get right: the part of the variance of each that they leave.

    With the modes $v_k$ of the covariance of the family, the most important first,

    $$ u_k = \frac{\sum_i (v_k \cdot (\hat f_i - f_i))^2}{\sum_i (v_k \cdot (f_i - \bar f))^2}, $$

    zero for a mode that is known and one for a mode that is answered by its mean.

    Args:
        spread: Of `family_spread`.
        spectra: $f_i$.
        instead: $\hat f_i$.
        n_modes: How many modes.
    """
    modes = spread[:, ::-1][:, :n_modes]
    centered = spectra - np.mean(spectra, axis=0, keepdims=True)
    return np.sum(((instead - spectra) @ modes) ** 2, axis=0) / np.sum((centered @ modes) ** 2, axis=0)


def expected_difference(
    jacobian: Float[np.ndarray, "feature freq"],
    a2f: Float[np.ndarray, " freq"],
    spread: Float[np.ndarray, "freq mode"],
    *,
    noise: float,
) -> Information:
    r"""How well the best linear estimate does near one spectrum.

    Args:
        jacobian: $J$ there, of `gap_jacobian`.
        a2f: The spectrum.
        spread: $L$, of `family_spread`.
        noise: $\sigma$ [meV], positive.
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
