"""The steps of an inversion, with functions in place of the solver."""

import numpy as np
import pytest

from diffeliash.inverse.nonlinear._forward_model import AbstractForwardModel, Jacobian
from diffeliash.inverse.nonlinear._gauss_newton import Measurement, _PriorChoice, gauss_newton
from diffeliash.inverse.nonlinear._smoothness_prior import Evidence

N, M = 12, 40
GRID = np.arange(1, N + 1) / (N + 1)
TRUE = np.sin(np.pi * GRID) ** 2 * (1 + 0.5 * np.sin(9 * GRID))


class Instead(AbstractForwardModel):
    """A function and its derivatives in place of the solver."""

    n_free = 0
    rtol = 0.0

    def __init__(self, values, jacobian, *, rtol):
        self.values, self.jacobian, self.rtol = values, jacobian, rtol

    def values_at(self, unknowns):
        return self.values(unknowns), True

    def jacobian_at(self, unknowns):
        return Jacobian(self.jacobian(unknowns), {})


def exact(values):
    return Measurement(values=values, errors=np.full(M, 1e-3 * np.max(np.abs(values))), known=False)


@pytest.fixture
def matrix():
    return np.random.default_rng(0).normal(size=(M, N)) / np.sqrt(N)


def test_steps_end_where_the_solver_sees_no_difference(matrix):
    """What is left of the misfit is the solver's own error, which no step makes smaller."""
    rtol = 1e-4
    forward = Instead(lambda u: matrix @ u + 0.03 * rtol * np.sin(1e6 * (matrix @ u)), lambda u: matrix, rtol=rtol)
    found = gauss_newton(forward, exact(matrix @ TRUE), 0.5 * TRUE)
    assert found.converged
    assert found.n_jacobians <= 4
    np.testing.assert_allclose(found.unknowns, TRUE, atol=10 * rtol)


@pytest.mark.parametrize("seed", [2, 10, 15, 19])
def test_steps_do_not_go_to_and_fro_between_two_priors(seed):
    """Noisy data of a function that is not linear: what is likelier at one place is not at the next."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(M, N)) / np.sqrt(N)
    k, noise = (4.0, 0.1) if seed == 15 else (2.0, 0.3)
    forward = Instead(
        lambda u: np.exp(k * (matrix @ u)), lambda u: k * np.exp(k * (matrix @ u))[:, None] * matrix, rtol=1e-6
    )
    exact_values = forward.values(TRUE)
    size = noise * np.max(exact_values)
    errors = rng.normal(size=(3, M))[2 if seed == 15 else 1]
    measurement = Measurement(values=exact_values + size * errors, errors=np.full(M, size), known=True)
    found = gauss_newton(forward, measurement, 0.5 * TRUE)
    assert found.converged
    assert found.n_jacobians <= 8


def test_a_step_too_far_is_shortened(matrix):
    """Of the arc tangent, whose linear problem far from zero leads further away."""
    forward = Instead(
        lambda u: np.arctan(4 * (matrix @ u)), lambda u: 4 / (1 + 16 * (matrix @ u)[:, None] ** 2) * matrix, rtol=1e-9
    )
    values = forward.values(TRUE)
    measurement = Measurement(values=values, errors=np.full(M, 1e-3 * np.max(values)), known=True)
    found = gauss_newton(forward, measurement, 3 * TRUE[::-1])
    assert found.converged
    np.testing.assert_allclose(found.unknowns, TRUE, atol=1e-4)


def test_steps_may_begin_at_nothing(matrix):
    """No a2F has no size, by which roughness could be measured."""
    forward = Instead(lambda u: matrix @ u, lambda u: matrix, rtol=1e-9)
    found = gauss_newton(forward, exact(matrix @ TRUE), np.zeros(N))
    assert found.converged
    np.testing.assert_allclose(found.unknowns, TRUE, atol=1e-6)


def test_whitened_errors_are_independent_with_and_without_shared_ones(matrix):
    rng = np.random.default_rng(1)
    errors, shared = rng.uniform(0.5, 2.0, M), rng.normal(size=(3, M))
    given = Measurement(values=np.zeros(M), errors=errors, known=True, systematic=shared)
    covariance = np.diag(errors**2) + shared.T @ shared
    root = given.whiten(np.eye(M))
    np.testing.assert_allclose(root.T @ root, np.linalg.inv(covariance), rtol=1e-10, atol=1e-12)
    changes = matrix[:, 0]
    np.testing.assert_allclose(given.misfit(changes), changes @ np.linalg.solve(covariance, changes), rtol=1e-10)
    np.testing.assert_allclose(given.whiten(changes), root @ changes, rtol=1e-10, atol=1e-12)
    alone = Measurement(values=np.zeros(M), errors=errors, known=True)
    np.testing.assert_array_equal(alone.whiten(changes), changes / errors)


def test_an_iteration_that_returns_to_a_prior_goes_on_with_the_weaker_one():
    """At the solution under one prior the evidence prefers the other, and at the solution under that the first."""
    strengths, same = np.array([1e-3, 3e-2, 1.0]), np.zeros(3)
    first, second, third = (
        Evidence(strengths, same, same, same, np.where(np.arange(3) == k, 0.0, -9.0), np.ones(3)) for k in range(3)
    )
    choice = _PriorChoice()
    assert [choice.choose(each).strength for each in (first, second, second, first)] == [1e-3, 3e-2, 3e-2, 1e-3]
    # also where the evidence prefers yet another
    assert [choice.choose(each).strength for each in (second, third, second)] == [1e-3, 1e-3, 1e-3]
