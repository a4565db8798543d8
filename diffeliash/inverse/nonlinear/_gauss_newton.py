r"""The most probable non-negative spectral function of given data, by the Gauss-Newton method.

$$ \min_{u \ge 0}\; \chi^2(u) + s|Cu|^2, \qquad \chi^2 = \sum_i (d_i - F_i(u))^2/\sigma_i^2 $$

$F$ is linearized (`_forward_model`), the regularization strength $s$ maximizes the evidence of the linear problem, and
this is solved with $u \ge 0$ (`_smoothness_prior`). A Jacobian costs about a hundred times as much as a solution and is
used for several steps.
"""

import dataclasses
import functools
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ._forward_model import AbstractForwardModel, Jacobian
from ._parameters import Unknowns
from ._smoothness_prior import Evidence, LinearProblem, Prior, linear_problem

MAX_JACOBIANS = 20
"""Largest number of Jacobians; three are usually enough."""

STEPS_PER_JACOBIAN = 4
"""Largest number of steps with the same Jacobian."""

MAX_HALVINGS = 12
"""Largest number of times that the line search halves a step."""

TOLERANCE = 0.05
"""The iteration has converged if the root mean square of a step, in posterior standard deviations, is below this."""

NEGLIGIBLE_CHANGE = 0.1
"""It has also converged if a step changes the values by less than this fraction of the solver's tolerance."""

LEAST_VARIANCE = 3e-2
r"""Smallest variance of errors of unknown size, relative to the present mean square residual (it is also at least the
square of the solver's tolerance). For nearly exact data a step would otherwise leave the range in which the
linearization holds and converge to another minimum, as two of a hundred exact densities of states did with 1e-3."""

LEAST_MAXIMUM = 1e-2
"""Smallest value assumed for the maximum of a2F in the prior of the strength, for an iteration that starts at zero."""

ROUNDING, NEGLIGIBLE = 1e-6, 1e-2
r"""Increases of the objective that the line search accepts: relative to the objective, and absolute in units of the
error variance."""

Values = Float[np.ndarray, " value"]
"""The values of the observable at all energies, as real numbers."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Measurement:
    r"""Measured values with their errors.

    The covariance of the errors is $\mathrm{diag}(\sigma^2) + S^TS$.

    Args:
        values: Data $d_i$.
        errors: Standard deviations $\sigma_i$ of the independent errors, or numbers proportional to them.
        known: Whether these errors are known and not only their ratios.
        systematic: Each row of $S$ is the change of all data under one standard deviation of an error that they share;
            `None` if there is no such error.
    """

    values: Values
    errors: Values
    known: bool
    systematic: Float[np.ndarray, "error value"] | None = None

    def scaled(self, factor: float) -> "Measurement":
        """The measurement with all independent errors multiplied by a factor and known."""
        return dataclasses.replace(self, errors=factor * self.errors, known=True)

    def whiten(self, changes: Float[np.ndarray, "value *column"]) -> Float[np.ndarray, "value *column"]:
        r"""Changes of the data in units in which their errors are independent and of unit variance.

        With the singular values $s$ and vectors $U$ of $S^T/\sigma$, the inverse root of the covariance is
        $1 - U\,(1 - 1/\sqrt{1 + s^2})\,U^T$.
        """
        relative = (changes.T / self.errors).T
        if self.systematic is None:
            return relative
        vectors, values = self._shared
        return relative - vectors @ ((1 - 1 / np.sqrt(1 + values**2)) * (vectors.T @ relative).T).T

    @functools.cached_property
    def _shared(self) -> tuple[Float[np.ndarray, "value error"], Float[np.ndarray, " error"]]:
        assert self.systematic is not None
        return np.linalg.svd((self.systematic / self.errors).T, full_matrices=False)[:2]

    def misfit(self, values: Values) -> float:
        r"""$\chi^2$ of model values."""
        return float(np.sum(self.whiten(self.values - values) ** 2))

    @property
    def noise(self) -> float:
        """The root mean square of the errors, without rounding error if all are equal."""
        largest = float(np.max(self.errors))
        return largest * float(np.sqrt(np.mean((self.errors / largest) ** 2)))


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class GaussNewtonFit:
    r"""The result of the Gauss-Newton iteration.

    Args:
        unknowns: The fitted parameters, and a2F at the points of the grid but the last.
        values: $F(u)$.
        superconducting: Whether the values are finite and those of a superconductor.
        problem: The linearized problem at the result.
        jacobian: The last Jacobian.
        converged: Whether the first step with the last Jacobian was small.
        n_jacobians: Number of Jacobians that were computed.
    """

    unknowns: Unknowns
    values: Values
    superconducting: bool
    problem: LinearProblem
    jacobian: Jacobian
    converged: bool
    n_jacobians: int


class _Iterate(NamedTuple):
    """One point of the iteration, with the values of the observable there."""

    unknowns: Unknowns
    values: Values
    usable: bool


def gauss_newton(forward: AbstractForwardModel, measurement: Measurement, start: Unknowns) -> GaussNewtonFit:
    r"""Minimize $\chi^2 + s|Cu|^2$ over $u \ge 0$ by Gauss-Newton steps with a line search.

    Args:
        forward: Forward model.
        measurement: The data.
        start: Unknowns at which the iteration starts.
    """
    iterate, choice, n_jacobians = _evaluate(forward, measurement, start), _PriorChoice(), 0
    while True:
        n_jacobians += 1
        jacobian = forward.jacobian_at(iterate.unknowns)
        before = iterate
        iterate, problem, converged = _iterate_with_jacobian(forward, measurement, before, jacobian, choice)
        if iterate is before or n_jacobians == MAX_JACOBIANS:
            break
    return GaussNewtonFit(
        unknowns=iterate.unknowns, values=iterate.values, superconducting=iterate.usable, problem=problem,
        jacobian=jacobian, converged=converged, n_jacobians=n_jacobians,
    )  # fmt: skip


@dataclasses.dataclass
class _PriorChoice:
    """The prior of the iteration: the one with the largest evidence, but none twice after another one.

    At the solution under one prior the evidence may prefer another, and at the solution under that the first; then the
    iteration goes on with the weaker one of the two.
    """

    used: list[Prior] = dataclasses.field(default_factory=list)
    settled: bool = False

    def choose(self, evidence: Evidence) -> Prior:
        """The prior of the steps with a new Jacobian."""
        last = self.used[-1] if self.used else None
        best = evidence.best_or_previous(last, always=self.settled)
        if last is not None and not best.is_like(last) and any(best.is_like(each) for each in self.used):
            self.settled = True
            best = min(best, last, key=lambda prior: prior.strength)
        self.used.append(best)
        return best


def _evaluate(forward: AbstractForwardModel, measurement: Measurement, unknowns: Unknowns) -> _Iterate:
    return _Iterate(unknowns, *forward.values_at(unknowns))


def _iterate_with_jacobian(
    forward: AbstractForwardModel,
    measurement: Measurement,
    iterate: _Iterate,
    jacobian: Jacobian,
    choice: _PriorChoice,
) -> tuple[_Iterate, LinearProblem, bool]:
    """Take steps with one Jacobian until one is small, is shortened, or their number reaches `STEPS_PER_JACOBIAN`.

    Returns:
        The last iterate, the linear problem of the last step, and whether the first step was small.
    """
    A = measurement.whiten(jacobian.unknowns)
    Q, R = np.linalg.qr(A)
    solver_error = forward.rtol * float(np.max(np.abs(measurement.values)))
    small, prior = [], None
    while True:
        residual = measurement.whiten(measurement.values - iterate.values)
        least_variance = max(
            LEAST_VARIANCE * float(np.mean(residual**2)), float(np.min(solver_error / measurement.errors)) ** 2
        )
        size = max(LEAST_MAXIMUM, float(np.max(iterate.unknowns[forward.n_free :])))
        problem = linear_problem(
            (Q, R), residual + A @ iterate.unknowns, n_free=forward.n_free, known=measurement.known,
            least_variance=least_variance, size=size,
        )  # fmt: skip
        prior = prior or choice.choose(problem.evidence)
        regularized = problem.with_prior(prior)
        step = regularized.most_probable - iterate.unknowns
        negligible = np.sqrt(np.mean((jacobian.unknowns @ step) ** 2)) < NEGLIGIBLE_CHANGE * solver_error
        small.append(bool(negligible or regularized.length(step) < TOLERANCE * np.sqrt(step.size)))
        if small[-1] or len(small) > STEPS_PER_JACOBIAN:
            return iterate, problem, small[0]
        objective = _Objective(measurement, prior, forward.n_free)
        iterate, full_step = _line_search(forward, objective, iterate, step)
        if not full_step:
            return iterate, problem, small[0]


class _Objective(NamedTuple):
    r"""The function that is minimized, $\chi^2 + s|Cx|^2$ with a fixed $s$."""

    measurement: Measurement
    prior: Prior
    n_free: int

    def __call__(self, iterate: _Iterate) -> float:
        x = iterate.unknowns[self.n_free :]
        return self.measurement.misfit(iterate.values) + float(np.sum((self.prior.root(x.size) @ x) ** 2))


def _line_search(
    forward: AbstractForwardModel, objective: _Objective, iterate: _Iterate, step: Unknowns
) -> tuple[_Iterate, bool]:
    """Halve a step until it does not increase the objective.

    Returns:
        The new iterate, or the old one if no such step is found, and whether the full step was taken.
    """
    limit = objective(iterate) * (1 + ROUNDING) + NEGLIGIBLE * objective.prior.variance
    for halving in range(MAX_HALVINGS):
        new = _evaluate(forward, objective.measurement, iterate.unknowns + step / 2**halving)
        if new.usable and objective(new) <= limit:
            return new, halving == 0
    return iterate, False
