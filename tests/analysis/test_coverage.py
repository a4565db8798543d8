"""Coverage of sets whose distances are known."""

import numpy as np
import pytest

from diffeliash.analysis import coverage
from diffeliash.analysis._coverage import nearest_distances


def distance(a, b):
    return np.sum(np.abs(a - b)) / np.sum(np.abs(a))


def test_against_loops():
    rng = np.random.default_rng(0)
    covering, covered = rng.normal(size=(150, 7)), rng.normal(size=(140, 7))
    covered[:9] *= 0.01  # far from all others, in units of their own size
    own = [min(distance(a, b) for j, b in enumerate(covering) if j != i) for i, a in enumerate(covering)]
    np.testing.assert_allclose(nearest_distances(covering, covering, others=True), own)
    nearest = [min(distance(a, b) for b in covering) for a in covered]
    found = coverage(covering, covered)
    assert found.characteristic == pytest.approx(max(own))
    np.testing.assert_allclose(found.nearest, nearest)
    assert 0 < found.portion == np.mean(np.array(nearest) <= max(own)) < 1


def test_a_set_on_a_line():
    """Functions 1, 2, 3, 4 times the same: the first is alone by its own length, so that l_n is one."""
    shape = np.array([1.0, -2.0, 3.0])
    found = coverage(np.outer([1, 2, 3, 4], shape), np.outer([0.4, 0.6, 3.5, 9], shape))
    assert found.characteristic == pytest.approx(1)
    np.testing.assert_allclose(found.nearest, [0.6 / 0.4, 0.4 / 0.6, 0.5 / 3.5, 5 / 9])
    assert found.portion == 0.75


def test_a_set_covers_itself_and_nothing_far_away():
    values = np.random.default_rng(1).normal(size=(20, 5))
    assert coverage(values, values).portion == 1
    assert coverage(values + 1000, values).portion == 0
    with pytest.raises(ValueError, match="two functions"):
        coverage(values[:1], values)
