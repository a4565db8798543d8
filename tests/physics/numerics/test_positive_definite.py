import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash.physics import solve_positive_definite


def system(n, largest, seed=0):
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.normal(size=(n, n)))[0]
    matrix = (axes * np.geomspace(1.0, largest, n)) @ axes.T
    return (matrix + matrix.T) / 2, rng.normal(size=n)


@pytest.mark.parametrize("n", [1, 5, 16, 17, 70])
def test_it_solves_the_system(n):
    matrix, b = system(n, 1e6)
    found = solve_positive_definite(jnp.asarray(matrix), jnp.asarray(b))
    expected = np.linalg.solve(matrix, b)
    rounding = 1e6 * np.finfo(float).eps  # of the condition number; both solutions have such errors
    np.testing.assert_allclose(found, expected, rtol=0, atol=100 * rounding * np.max(np.abs(expected)))


def test_the_residual_is_small_where_the_matrix_is_badly_conditioned():
    matrix, b = system(70, 1e10)
    found = np.asarray(solve_positive_definite(jnp.asarray(matrix), jnp.asarray(b)))
    backward_error = np.linalg.norm(matrix @ found - b) / (np.linalg.norm(matrix, 2) * np.linalg.norm(found))
    assert backward_error < 70 * np.finfo(float).eps


def test_derivatives_in_both_arguments_and_batches():
    matrix, b = map(jnp.asarray, system(20, 1e2))
    other, c = map(jnp.asarray, system(20, 1e2, seed=1))

    def along(t):
        return jnp.sum(solve_positive_definite(matrix + t * other, b + t * c) ** 2)

    expected = (along(1e-5) - along(-1e-5)) / 2e-5
    assert abs(expected) > 0.1
    np.testing.assert_allclose(jax.grad(along)(0.0), expected, rtol=1e-6)
    np.testing.assert_allclose(jax.jvp(along, (0.0,), (1.0,))[1], expected, rtol=1e-6)
    both = jax.vmap(solve_positive_definite)(jnp.stack([matrix, other]), jnp.stack([b, c]))
    np.testing.assert_allclose(both[1], np.linalg.solve(other, c), atol=1e-12)
