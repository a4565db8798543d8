r"""Inversion through the solver: the most probable spectral function, none of whose values is negative.

$$ \min_{u \ge 0}\; \chi^2(u) + s|Cu|^2, \qquad \chi^2 = \sum_i (d_i - F_i(u))^2/\sigma_i^2 $$

by Gauss-Newton steps: $F$ is linearized (`_forward`), the strength $s$ is chosen by the evidence of the linear problem,
and that is solved with $u \ge 0$ (`_prior`). A Jacobian costs a hundred times as much as a solution, and serves for
several steps.
"""

import dataclasses
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ._forward_model import Forward
from ._smoothness_prior import LinearProblem, Prior, linear_problem

MAX_JACOBIANS = 20
"""Three do as a rule."""

STEPS_PER_JACOBIAN = 4

HALVINGS = 12
"""Of a step that makes things worse."""

TOLERANCE = 0.05
"""A step is small whose length, in standard deviations of the result and by the root of their number, is below this."""

UNSEEN = 0.1
"""Small is a step, too, that changes the values by less than this part of the solver's tolerance."""

AT_ONCE = 3e-2
r"""Errors whose size is not known are taken to be no smaller than the solver's tolerance, nor than this part of the
present misfit, by variance: for data that are nearly exact a step would else follow the linear problem far beyond where
it holds, and end at a minimum far away, as with 1e-3 for two of a hundred exact densities of states."""

LEAST_SIZE = 1e-2
"""The largest value that an a2F is taken to have at least, where steps begin at none."""

ROUNDING, NEGLIGIBLE = 1e-6, 1e-2
r"""A rise of the objective that is no rise: relative to it, and of $\chi^2$."""

Unknowns = Float[np.ndarray, " unknown"]
Values = Float[np.ndarray, " value"]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Measurement:
    r"""Numbers with errors.

    Args:
        values: $d$.
        errors: $\sigma$, or in what ratio the errors stand.
        known: Whether their size is known.
        mu_star: $\mu^*$ if it is known; `None` if it is the first of the unknowns.
    """

    values: Values
    errors: Values
    known: bool
    mu_star: float | None

    def scaled(self, factor: float) -> "Measurement":
        """The same with errors of known size, so many times as large."""
        return dataclasses.replace(self, errors=factor * self.errors, known=True)

    def misfit(self, values: Values) -> float:
        r"""$\chi^2$ of other values."""
        return float(np.sum(((self.values - values) / self.errors) ** 2))

    @property
    def noise(self) -> float:
        """The root mean square of the errors; if all are the same, that to the last digit."""
        largest = float(np.max(self.errors))
        return largest * float(np.sqrt(np.mean((self.errors / largest) ** 2)))

    @property
    def n_free(self) -> int:
        r"""Unknowns before a2F: one if $\mu^*$ is not known."""
        return int(self.mu_star is None)

    def split(self, unknowns: Unknowns) -> tuple[float, Float[np.ndarray, " boson"]]:
        r"""$\mu^*$ and a2F."""
        return (float(unknowns[0]), unknowns[1:]) if self.mu_star is None else (self.mu_star, unknowns)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Refined:
    r"""Where the steps ended.

    Args:
        unknowns: $\mu^*$, if it is not known, and a2F at the points of the grid.
        values: $F(u)$.
        gapped: Whether these are those of a superconductor.
        problem: The linear problem there.
        converged: Whether the last step, with a Jacobian of its own, was small.
        n_jacobians: How often $F$ was linearized.
    """

    unknowns: Unknowns
    values: Values
    gapped: bool
    problem: LinearProblem
    converged: bool
    n_jacobians: int


class _Place(NamedTuple):
    unknowns: Unknowns
    values: Values
    usable: bool


def refine(forward: Forward, measurement: Measurement, start: Unknowns) -> Refined:
    """Steps from a start to the most probable unknowns.

    Args:
        forward: From unknowns to values.
        measurement: What was measured.
        start: Unknowns to start from.
    """
    place, prior, n_jacobians = _visit(forward, measurement, start), None, 0
    while True:
        n_jacobians += 1
        A = forward.jacobian_at(*measurement.split(place.unknowns))
        A = A[:, 1 - measurement.n_free :] / measurement.errors[:, None]
        before = place
        place, problem, prior, arrived = _steps(forward, measurement, before, A, prior)
        if place is before or n_jacobians == MAX_JACOBIANS:
            break
    return Refined(
        unknowns=place.unknowns, values=place.values, gapped=place.usable, problem=problem,
        converged=arrived, n_jacobians=n_jacobians,
    )  # fmt: skip


def _visit(forward: Forward, measurement: Measurement, unknowns: Unknowns) -> _Place:
    return _Place(unknowns, *forward.values_at(*measurement.split(unknowns)))


def _steps(
    forward: Forward, measurement: Measurement, place: _Place, A: Float[np.ndarray, "value unknown"], last: Prior | None
) -> tuple[_Place, LinearProblem, Prior, bool]:
    """A few steps with one Jacobian; the linear problem of the last of them, the prior, whether the first was small."""
    Q, R = np.linalg.qr(A)
    solver = forward.rtol * float(np.max(np.abs(measurement.values)))
    small, prior = [], None
    while True:
        miss = (measurement.values - place.values) / measurement.errors
        least = max(AT_ONCE * float(np.mean(miss**2)), float(np.min(solver / measurement.errors)) ** 2)
        size = max(LEAST_SIZE, float(np.max(measurement.split(place.unknowns)[1])))
        problem = linear_problem(
            (Q, R), miss + A @ place.unknowns, n_free=measurement.n_free, known=measurement.known,
            least_variance=least, size=size,
        )  # fmt: skip
        prior = prior or problem.evidence.best_beside(last)
        regularized = problem.with_prior(prior)
        step = regularized.most_probable - place.unknowns
        unseen = np.sqrt(np.mean((A @ step * measurement.errors) ** 2)) < UNSEEN * solver
        small.append(bool(unseen or regularized.length(step) < TOLERANCE * np.sqrt(step.size)))
        if small[-1] or len(small) > STEPS_PER_JACOBIAN:
            return place, problem, prior, small[0]
        objective = _Objective(measurement, prior)
        place, whole = _search(forward, objective, place, step)
        if not whole:
            return place, problem, prior, small[0]


class _Objective(NamedTuple):
    r"""$\chi^2 + s|Cx|^2$."""

    measurement: Measurement
    prior: Prior

    def __call__(self, place: _Place) -> float:
        x = self.measurement.split(place.unknowns)[1]
        return self.measurement.misfit(place.values) + float(np.sum((self.prior.root(x.size) @ x) ** 2))


def _search(forward: Forward, objective: _Objective, place: _Place, step: Unknowns) -> tuple[_Place, bool]:
    """Where the first of ever shorter steps leads that does not raise the objective, and whether it is the whole one.

    The place itself if there is none.
    """
    limit = objective(place) * (1 + ROUNDING) + NEGLIGIBLE * objective.prior.variance
    for halving in range(HALVINGS):
        new = _visit(forward, objective.measurement, place.unknowns + step / 2**halving)
        if new.usable and objective(new) <= limit:
            return new, halving == 0
    return place, False
