import jax
import jax.numpy as jnp
import numpy as np

from diffeliash.physics._implicit import attach_root


def residual(p, x):
    return jnp.array([x[0] ** 3 + x[1] - p, x[1] ** 3 - x[0] + p**2])


def jacobian(p, x):
    return jax.jacfwd(lambda y: residual(p, y))(x)


@jax.jit
def solve(p):
    fixed = jax.lax.stop_gradient(p)
    x = jax.lax.fori_loop(
        0, 60, lambda _, x: x - jnp.linalg.solve(jacobian(fixed, x), residual(fixed, x)), jnp.array([1.0, -1.0])
    )
    return attach_root(residual, jacobian, p, x)


def test_first_and_second_derivatives_match_differences():
    h = 1e-4
    first = (solve(1.3 + h) - solve(1.3 - h)) / (2 * h)
    second = (solve(1.3 + h) - 2 * solve(1.3) + solve(1.3 - h)) / h**2
    np.testing.assert_allclose(jax.jacfwd(solve)(1.3), first, rtol=1e-6)
    np.testing.assert_allclose(jax.jacrev(solve)(1.3), first, rtol=1e-6)
    np.testing.assert_allclose(jax.hessian(solve)(1.3), second, rtol=1e-4)
    assert np.all(np.abs(second) > 0.01)  # zero would agree with zero
