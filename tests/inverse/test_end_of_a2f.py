"""Where a function ends, from linear data of it."""

import numpy as np
import pytest

from diffeliash.inverse._end_of_a2f import evidence_of_ends
from diffeliash.inverse.nonlinear import linear_problem

from ..conftest import rest_slow

N = 100
X = np.arange(1, N) / N


def problem(end, noise=1e-2, n_free=0, known=True):
    """Data of a smooth function that ends at a fraction of the longest grid, seen through a smooth kernel."""
    y = np.linspace(0.0, 1.0, 150)
    kernel = np.exp(-(((y[:, None] - X[None, :]) / 0.05) ** 2)) / N / 0.09
    free = np.cos(7 * np.pi * y[:, None] * np.arange(1, n_free + 1)[None, :])
    function = np.sin(np.pi * X / end) ** 2 * (end > X)
    data = kernel @ function + noise * np.random.default_rng(0).normal(size=y.size)
    A = np.concatenate([free, kernel], axis=1) / noise
    return linear_problem(np.linalg.qr(A), data / noise, n_free=n_free, known=known, least_variance=1e-6)


@pytest.mark.parametrize(
    ("end", "n_free", "known"),
    rest_slow([(end, n_free, n_free == 0) for n_free in (2, 0) for end in (0.5, 0.3, 0.8)]),
)
def test_the_end_with_the_largest_evidence(end, n_free, known):
    ends, logarithms = evidence_of_ends(problem(end, n_free=n_free, known=known))
    assert np.all(np.diff(ends) > 0)
    assert ends[0] == pytest.approx(0.1, abs=0.01)
    assert ends[-1] == 1
    best = int(np.argmax(logarithms))
    assert ends[best] == pytest.approx(end, rel=0.16)
    assert logarithms[best] > logarithms[-1] + 1  # than the longest one
    assert logarithms[best] > logarithms[0] + 100  # than one that is far too short
