r"""Tests of the model of a measurement: whether the residuals of the fit are noise, and nothing but noise.

An inversion with a wrong model (another temperature, broadening, normalization, ...) often fits the data with a wrong
a2F. Four tests are made; each has a false alarm in far less than one of a hundred fits with the right model.

* The misfit is compared with the scatter of neighboring points (`_scatter`) or with the stated noise.
* Sums of residuals over 2, 4, 8, ... neighboring points are compared with those of independent ones, and the largest
  residual with that of a normal distribution.
* For each condition $p$ that was not fitted, the change $\delta p$ that the residuals ask for, with the a2F and the
  fitted parameters free to change, too. With the column $c = \partial F/\partial p$ in units of the errors, and the
  projection $P$ that removes what the fit can follow, $\delta p = c^TPr/c^TPc \pm 1/\sqrt{c^TPc}$ (the score test, C.
  R. Rao, Math. Proc. Camb. Phil. Soc. 44, 50 (1948), doi:10.1017/S0305004100023987). From four standard deviations on
  the condition is contradicted. From two on (one for $\mu^*$) it is doubtful, and the error bars allow for a
  correction of the standard deviation $\sqrt{\delta p^2 - \sigma_p^2}$, the best estimate of that of a zero mean
  (R. DerSimonian, N. Laird, Control. Clin. Trials 7, 177 (1986), doi:10.1016/0197-2456(86)90046-2).
"""

import dataclasses
import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ..units import BOLTZMANN
from ._scatter import SIGNIFICANT, exceeds_scatter
from ._settings import Settings
from .nonlinear import Parameters

LARGEST_RESIDUAL = 5.0
"""Number of standard deviations at which a single point is said to deviate."""

LARGEST_CONSISTENT_CHI2 = 1.2
r"""Largest $\chi^2$ per degree of freedom at which a2F is said to be consistent with data of known noise, if there are
enough data; otherwise `SIGNIFICANT_CHI2` standard deviations above one."""

SIGNIFICANT_CHI2 = 3.0
"""Number of these standard deviations."""

DOUBTFUL = 2.0
"""Number of standard deviations from which a condition is doubtful: not contradicted, but the error bars allow for
another value."""

DOUBTFUL_MU_STAR = 1.0
"""The same for mu*, with which lambda changes by far more than its error bar before the data notice."""

FAR_BELOW_NOISE = 0.5
"""Deviations below the stated noise times this, such as those of computed data, are not held against the model."""

FEWEST_BLOCKS = 6
"""Smallest number of blocks of neighboring residuals that are compared."""


class Residuals(NamedTuple):
    r"""The residuals of a fit, in units of the errors, and what the fit can follow.

    Args:
        energies: Energies of the data, shape (n,) [meV].
        values: Residuals, in the order of the data; for complex data those of Re, then those of Im.
        columns: Derivatives of the data with respect to the unknowns that can change, with the rows of the prior below.
        fixed: Derivatives of the data with respect to the conditions that were not fitted.
        n_fitted: Number of unknowns that the data determine.
        prior: Residuals of the rows of the prior; zero if `None`.
    """

    energies: Float[np.ndarray, " freq"]
    values: Float[np.ndarray, " value"]
    columns: Float[np.ndarray, "row unknown"]
    fixed: Mapping[str, Float[np.ndarray, " value"]]
    n_fitted: int
    prior: Float[np.ndarray, " row"] | None = None

    @property
    def n_dof(self) -> int:
        """Number of degrees of freedom."""
        return max(1, self.values.size - self.n_fitted)

    @property
    def curves(self) -> list[Float[np.ndarray, " freq"]]:
        """The residuals of each measured curve."""
        return np.split(self.values, self.values.size // self.energies.size)


@dataclasses.dataclass(frozen=True)
class Condition:
    """A condition of a measurement that the residuals may contradict.

    Args:
        name: Its name, with the unit of a correction.
        words: The message if it is contradicted, with places for the correction and its error.
        negligible: Corrections smaller than this are too small to matter.
        doubtful: Number of standard deviations of a correction from which the condition is doubtful.
    """

    name: str
    words: str
    negligible: float
    doubtful: float = DOUBTFUL


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModelTests:
    """The results of the tests.

    Args:
        misfit: Root mean square of the residuals, per degree of freedom, over the expected one.
        correlation: Significance of the largest sum of neighboring residuals, in standard deviations.
        largest: Largest residual, in standard deviations, and its energy [meV].
        corrections: For each condition that was not fitted the correction that the residuals ask for, and its standard
            deviation.
        failures: What the data contradict, as whole sentences; empty if the model passes.
        doubtful: For each doubtful condition the standard deviation of the correction for which the error bars allow;
            empty if the model does not pass.
        doubts: What is doubtful, as whole sentences.
    """

    misfit: float
    correlation: float
    largest: tuple[float, float]
    corrections: dict[str, tuple[float, float]]
    failures: tuple[str, ...]
    doubtful: Mapping[str, float] = dataclasses.field(default_factory=dict)
    doubts: tuple[str, ...] = ()


def largest_consistent_chi2(n_dof: int) -> float:
    r"""The largest $\chi^2$ per degree of freedom that is consistent with known noise."""
    return max(LARGEST_CONSISTENT_CHI2, 1 + SIGNIFICANT_CHI2 * math.sqrt(2 / n_dof))


def run_model_tests(residuals: Residuals, scatter: float | None, conditions: Mapping[str, Condition]) -> ModelTests:
    r"""Test whether the residuals of a fit are noise.

    Args:
        residuals: The residuals in units of the errors.
        scatter: Noise from the scatter of neighboring points, in units of the errors; `None` where the noise is known,
            and $\chi^2$ is judged elsewhere.
        conditions: The conditions that may be contradicted.
    """
    n = residuals.values.size
    level = math.sqrt(float(np.sum(residuals.values**2)) / residuals.n_dof)
    failures = []
    if scatter is not None and exceeds_scatter(level, scatter, n):
        failures.append(
            f"the fit misses the data by {level / scatter:.3g} times the scatter of neighboring points: the model does "
            "not describe these data."
        )
    unit = _unit(level, scatter)
    correlation = max((_correlation(curve / unit) for curve in residuals.curves), default=0.0)
    if correlation > SIGNIFICANT:
        failures.append(
            "the residuals are correlated along the energy: neighboring points deviate in the same direction "
            f"({correlation:.2g} standard deviations), so that the model does not describe these data or their "
            "noise is not that of independent points."
        )
    where = int(np.argmax(np.abs(residuals.values)))
    largest = abs(float(residuals.values[where])) / unit, float(residuals.energies[where % residuals.energies.size])
    if largest[0] > LARGEST_RESIDUAL:
        failures.append(f"the point at {largest[1]:.4g} meV deviates by {largest[0]:.2g} standard deviations.")
    corrections = _corrections(residuals, unit)
    matter = {
        name: abs(change) / error
        for name, (change, error) in corrections.items()
        if name in conditions and abs(change) > conditions[name].negligible
    }
    for name, significance in matter.items():
        if significance > SIGNIFICANT:
            change, error = corrections[name]
            failures.append(conditions[name].words.format(change=change, error=error))
    doubtful = {} if failures else {name: z for name, z in matter.items() if z > conditions[name].doubtful}
    return ModelTests(
        misfit=level if scatter is None else level / scatter, correlation=correlation, largest=largest,
        corrections=corrections, failures=tuple(failures),
        doubtful={name: corrections[name][1] * math.sqrt(z**2 - 1) for name, z in doubtful.items()},
        doubts=tuple(_doubt(conditions[name], *corrections[name]) for name, z in doubtful.items() if z > DOUBTFUL),
    )  # fmt: skip


def _doubt(condition: Condition, change: float, error: float) -> str:
    return (
        f"the data would rather have another {condition.name.format(change=change, error=error)}: too little to "
        "contradict it, but the error bars allow for it."
    )


def _unit(level: float, scatter: float | None) -> float:
    """The standard deviation of the residuals in the tests, in units of the errors."""
    if scatter is not None:
        return max(level, scatter)
    return level if level > FAR_BELOW_NOISE else 1.0


def conditions_that_matter(settings: Settings, parameters: Parameters) -> dict[str, Condition]:
    """The conditions that residuals may contradict, with the sizes of negligible corrections.

    Args:
        settings: The settings of the inversion.
        parameters: The parameters of the fit.
    """
    p, kT, last = parameters, BOLTZMANN * settings.T, settings.last_energy
    ask, change = "(the data ask for {change:+.3g} +- {error:.2g}", "(by {change:+.3g} +- {error:.2g}"
    return {
        "temperature": Condition(
            f"temperature {change} K)",
            f"the data contradict the temperature of {settings.T:g} K {ask} K).", 0.005 * settings.T
        ),
        "broadening": Condition(
            f"broadening {change} meV)",
            f"the data contradict the broadening of {p.broadening:g} meV {ask} meV): fit it with --fit-broadening "
            "(`broadening=None`).", 0.02 * p.broadening,
        ),
        "mu_star": Condition(
            f"mu* {change})",
            f"the data contradict mu* = {p.mu_star:g} {ask}): fit it with --fit-mu-star (`mu_star=None`).", 1e-3,
            DOUBTFUL_MU_STAR,
        ),
        "scale": Condition(
            f"scale {change})",
            f"the data contradict the normalization {ask} of the scale): fit it with --fit-scale (`scale=None`).", 1e-4
        ),
        "slope": Condition(
            f"slope of the normalization {change} per meV)",
            f"the data contradict the normalization {ask} per meV): fit it with --fit-scale (`scale=None`).",
            1e-4 / last
        ),
        "curvature": Condition(
            f"curvature of the normalization {change} per meV^2)",
            f"the normalization is curved {ask} per meV^2): use a better normal-state conductance.", 1e-4 / last**2
        ),
        "offset": Condition(
            f"zero of the bias {change} meV)",
            f"the zero of the bias is displaced {ask} meV): fit it with --fit-offset (`offset=None`).",
            2e-3 * (p.broadening + kT),
        ),
        "modulation": Condition(
            f"modulation {change} meV^2 of half its mean square)",
            f"the data contradict the modulation {ask} meV^2 of half its mean square): state it with --modulation, or "
            "check the temperature.", (0.1 * kT) ** 2 / 2,
        ),
    }  # fmt: skip


def _correlation(residuals: Float[np.ndarray, " freq"]) -> float:
    """The largest significance of the mean squares of block sums of 2, 4, 8, ... neighboring residuals."""
    found, length = [0.0], 2
    while residuals.size // length >= FEWEST_BLOCKS:
        for start in (0, length // 2):
            blocks = residuals[start : start + (residuals.size - start) // length * length].reshape(-1, length)
            sums = np.sum(blocks, axis=1) / math.sqrt(length)
            found.append(_normal_deviate(float(np.sum(sums**2)), sums.size))
        length *= 2
    return max(found)


def _normal_deviate(chi2: float, n: int) -> float:
    r"""The number of standard deviations of a $\chi^2$ of `n` numbers (Wilson and Hilferty)."""
    return ((chi2 / n) ** (1 / 3) - (1 - 2 / (9 * n))) / math.sqrt(2 / (9 * n))


def _corrections(residuals: Residuals, unit: float) -> dict[str, tuple[float, float]]:
    r"""$\delta p$ and its standard deviation for each condition."""
    n, n_prior = residuals.values.size, residuals.columns.shape[0] - residuals.values.size
    prior = np.zeros(n_prior) if residuals.prior is None else residuals.prior
    left_over = np.concatenate([residuals.values, prior])
    Q = np.linalg.qr(residuals.columns)[0]
    found = {}
    for name, column in residuals.fixed.items():
        padded = np.pad(column, (0, n_prior))
        # projected on both sides, as the last step of the fit may not have ended exactly at the minimum
        unfollowed = padded - Q @ (Q.T @ padded)
        left = float(unfollowed @ unfollowed)
        if left > np.finfo(float).eps * n * float(column @ column):
            found[name] = float(unfollowed @ left_over) / left, unit / math.sqrt(left)
    return found
