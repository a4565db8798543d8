"""Least squares with non-negative unknowns, against another method and against the conditions of a minimum."""

import numpy as np
import pytest
from scipy.optimize import nnls

from diffeliash.inverse.nonlinear._non_negative_solutions import non_negative_solution, non_negative_solutions


def upper_triangle(n, seed=0):
    rng = np.random.default_rng(seed)
    return np.triu(rng.normal(size=(n, n))) + 4 * np.eye(n), rng.normal(size=(20, n))


def test_solutions_are_those_of_another_method():
    root, targets = upper_triangle(40)
    found = non_negative_solutions(root, targets)
    assert 0.2 < np.mean(found == 0) < 0.8
    np.testing.assert_allclose(found, [nnls(root, target)[0] for target in targets], atol=1e-10)
    np.testing.assert_allclose(non_negative_solution(root, targets[0]), found[0], atol=1e-10)


def test_units_of_the_unknowns_do_not_matter():
    root, targets = upper_triangle(30)
    units = 10.0 ** np.linspace(-6, 6, 30)
    found = non_negative_solutions(root * units[None, :], targets) * units[None, :]
    np.testing.assert_allclose(found, non_negative_solutions(root, targets), atol=1e-10)


@pytest.mark.parametrize("condition", [1e3, 1e6, 1e10])
def test_conditions_of_a_minimum_where_columns_are_nearly_dependent(condition):
    """With the last condition number the normal equations have no Cholesky factor."""
    rng = np.random.default_rng(1)
    left, right = (np.linalg.qr(rng.normal(size=(30, 30)))[0] for _ in range(2))
    root = np.linalg.qr(left * np.geomspace(1, 1 / condition, 30)[None, :] @ right.T)[1]
    truth = np.maximum(rng.normal(size=(10, 30)), 0.0)
    targets = truth @ root.T + 1e-3 * rng.normal(size=(10, 30))
    found = non_negative_solutions(root, targets)
    slope = (found @ root.T - targets) @ root
    scale = np.max(np.abs(targets @ root))
    assert np.min(found) == 0
    assert np.min(slope) > -1e-8 * scale
    assert np.max(np.abs(slope[found > 0])) < 1e-8 * scale
