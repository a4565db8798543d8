r"""The most probable a2F of a self-energy, with the energy at which it ends, and samples of its posterior.

The errors of the parts are made independent (`PartErrors.whiten`), so that the equations are those of
`nonlinear._smoothness_prior`. Where a2F ends is one more parameter of the prior, and the evidence of an end is the sum
over the priors.
"""

import dataclasses
import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ..nonlinear import LinearProblem, Prior, TruncatedNormal, draw_counts, linear_problem, sample_posterior
from ._linear_model import LinearModel
from ._part_errors import CORRELATIONS, WHITE, PartErrors

SIGNIFICANT_EVIDENCE = 2.0
"""Errors are correlated if this raises the logarithm of the evidence by more than this."""

LEAST_ERROR = 1e-9
"""Smallest standard deviation of errors of unknown size, relative to the largest value."""

LEAST_MAXIMUM = 1e-2
"""Smallest value assumed for the maximum of a2F in the prior of the strength."""

Values = Float[np.ndarray, " value"]


class End(NamedTuple):
    """The linear problem for one end of a2F.

    Args:
        n: Number of points before the end.
        problem: The equations for the free parameters and for a2F at these points.
    """

    n: int
    problem: LinearProblem


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LinearFit:
    """The fit of a linear model.

    Args:
        model: The linear model.
        measured: The data [meV].
        errors: Errors of each part.
        known: Whether their size is known and not only their ratios.
        ends: The linear problems for the possible ends of a2F.
    """

    model: LinearModel
    measured: Values
    errors: tuple[PartErrors, ...]
    known: bool
    ends: tuple[End, ...]

    @functools.cached_property
    def best(self) -> End:
        """The end with the largest evidence."""
        return max(self.ends, key=lambda end: end.problem.log_evidence)

    @property
    def prior(self) -> Prior:
        """The prior with the largest evidence, at that end."""
        return self.best.problem.evidence.best

    @property
    def distribution(self) -> TruncatedNormal:
        """The posterior distribution with this prior, of the unknowns before that end."""
        return self.best.problem.with_prior(self.prior)

    @functools.cached_property
    def unknowns(self) -> Float[np.ndarray, " unknown"]:
        """The most probable unknowns; a2F is zero beyond the end."""
        return self._padded(self.distribution.most_probable)

    @property
    def a2f(self) -> Float[np.ndarray, " boson"]:
        """The most probable a2F on the grid of the model, its last point included."""
        return np.append(self.unknowns[self.model.n_free :], 0.0)

    @property
    def size(self) -> float:
        """The maximum of a2F, for the prior of the strength."""
        return max(LEAST_MAXIMUM, float(np.max(self.a2f)))

    @property
    def omega_max(self) -> float:
        """The end of a2F with the largest evidence [meV]."""
        return float(self.model.omega[self.best.n])

    @property
    def values(self) -> Values:
        """The values of the model [meV]."""
        return self.model.values_at(self.unknowns)[0]

    @property
    def factor(self) -> float:
        """The factor of the errors with the largest evidence; one where their size is known."""
        return float(np.sqrt(self.prior.variance))

    @property
    def chi2(self) -> Float[np.ndarray, " part"]:
        r"""$\chi^2/N$ of each part, with the errors times the factor."""
        residuals = whiten(self.errors, self.measured - self.values).reshape(len(self.errors), -1)
        return np.mean(residuals**2, axis=1) / self.factor**2

    def sample(self, rng: np.random.Generator, n_samples: int) -> Float[np.ndarray, "sample unknown"]:
        """Sample the posterior distribution of the unknowns, over all ends and priors, one sample a row."""
        counts = draw_counts(rng, np.array([end.problem.log_evidence for end in self.ends]), n_samples)
        parts = [
            self._padded(sample_posterior(rng, end.problem, int(n)))
            for end, n in zip(self.ends, counts, strict=True)
            if n
        ]
        return np.concatenate(parts)

    def _padded(self, found: Float[np.ndarray, "*sample short"]) -> Float[np.ndarray, "*sample unknown"]:
        """The unknowns with zeros beyond the end of a2F."""
        missing = self.model.matrix.shape[1] - found.shape[-1]
        return np.pad(found, [(0, 0)] * (found.ndim - 1) + [(0, missing)])


def whiten(
    errors: Sequence[PartErrors], rows: Float[np.ndarray, "value *columns"]
) -> Float[np.ndarray, "value *columns"]:
    """Make the errors of the rows of all parts independent with unit variance."""
    parts = zip(errors, np.split(rows, len(errors)), strict=True)
    return np.concatenate([each.whiten(part) for each, part in parts])


def fit_linearly(
    model: LinearModel,
    measured: Values,
    errors: Sequence[PartErrors],
    ends: Sequence[int],
    *,
    known: bool,
    size: float = 1.0,
) -> LinearFit:
    """Fit a2F to data with errors of given correlation.

    Args:
        model: The linear model.
        measured: The data [meV].
        errors: Errors of each part.
        ends: The possible numbers of points of a2F before its end.
        known: Whether the size of the errors is known; otherwise one factor for all maximizes the evidence.
        size: Approximate maximum of a2F.
    """
    right = whiten(errors, measured - model.baseline)
    least = (LEAST_ERROR * float(np.max(np.abs(measured)) / np.min([np.min(each.sizes) for each in errors]))) ** 2
    factors = np.linalg.qr(whiten(errors, model.matrix))
    longest = linear_problem(factors, right, n_free=model.n_free, known=known, least_variance=least, size=size)
    return LinearFit(
        model=model, measured=measured, errors=tuple(errors), known=known,
        ends=tuple(End(n, longest.with_first(n)) for n in ends),
    )  # fmt: skip


def fit_part(
    model: LinearModel, measured: Values, sizes: Values, ends: Sequence[int], *, known: bool
) -> tuple[LinearFit, PartErrors]:
    """Fit a2F to one part alone, with the correlation of its errors, and their size if it is unknown.

    Args:
        model: The linear model of the part.
        measured: The data [meV].
        sizes: Standard deviations of the errors, or numbers proportional to them [meV].
        ends: The possible numbers of points of a2F before its end.
        known: Whether the size of the errors is known.

    Returns:
        The fit, and the errors.
    """
    size = fit_linearly(model, measured, [PartErrors(sizes, WHITE)], ends[-1:], known=known).size
    candidates = [PartErrors(sizes, correlation) for correlation in CORRELATIONS]
    logarithms = [
        fit_linearly(model, measured, [each], ends[-1:], known=known, size=size).best.problem.log_evidence
        - each.log_determinant
        for each in candidates
    ]
    best = int(np.argmax(logarithms))
    errors = candidates[best if logarithms[best] > logarithms[0] + SIGNIFICANT_EVIDENCE else 0]
    fit = fit_linearly(model, measured, [errors], ends, known=known, size=size)
    return fit, errors.scaled(fit.factor)
