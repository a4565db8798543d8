import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.scipy.sparse.linalg import bicgstab

from diffeliash.physics.numerics._linear_solvers import BICGSTAB_STEPS, TOLERANCE, solve_linear


def clustered(n, *, outlier, seed=0):
    """A matrix near minus one with one mode apart, as the derivative of the gap equations near T_c."""
    rng = np.random.default_rng(seed)
    direction = rng.normal(size=n)
    rest = 0.3 / np.sqrt(n) * rng.normal(size=(n, n))
    return -np.eye(n) + rest + (1 - outlier) * np.outer(direction, direction) / (direction @ direction)


MATRICES = {
    "well conditioned": clustered(40, outlier=0.4),
    "near T_c": clustered(40, outlier=1e-5),
    "a number": np.array([[-0.3]]),
    "the fast iteration breaks down": np.array([[0.0, 1.0], [-1.0, 0.0]]),
    "no cluster": np.random.default_rng(1).normal(size=(24, 24)),
}


@pytest.mark.parametrize("name", MATRICES)
def test_solution_forward_and_transposed(name):
    A = jnp.asarray(MATRICES[name])
    b = jnp.asarray(np.random.default_rng(2).normal(size=len(A)))
    limit = 1e-10 * np.linalg.cond(A)
    for matrix in (A, A.T):
        expected = np.linalg.solve(matrix, b)
        found = np.asarray(jax.jit(solve_linear)(matrix, b))
        assert np.linalg.norm(found - expected) < limit * np.linalg.norm(expected)
    gradient = jax.grad(lambda x: jnp.sum(solve_linear(A, x)))(b)
    np.testing.assert_allclose(gradient, np.linalg.solve(A.T, np.ones(b.size)), rtol=1e-6 * limit / 1e-10, atol=limit)


def test_the_slow_iteration_is_there_for_what_the_fast_one_cannot_do():
    A = MATRICES["the fast iteration breaks down"]
    found, _ = bicgstab(lambda x: A @ x, jnp.array([1.0, 2.0]), tol=TOLERANCE, maxiter=BICGSTAB_STEPS)
    assert not np.all(np.isfinite(found))


def test_members_of_a_batch_do_not_harm_each_other():
    good, b = jnp.asarray(clustered(2, outlier=0.4)), jnp.array([1.0, 2.0])
    bad = jnp.asarray(MATRICES["the fast iteration breaks down"])
    matrices, vectors = jnp.stack([good, bad, jnp.zeros((2, 2)), good]), jnp.stack([b, b, b, 0 * b])
    found = jax.jit(jax.vmap(solve_linear))(matrices, vectors)
    np.testing.assert_allclose(found[0], np.linalg.solve(good, b), rtol=1e-11)
    np.testing.assert_allclose(found[1], np.linalg.solve(bad, b), rtol=1e-11)
    np.testing.assert_array_equal(found[3], 0.0)
    assert np.all(np.isfinite(found[2]))
