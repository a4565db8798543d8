import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash.physics.numerics._implicit_derivatives import attach_fixed_point, attach_root

from ...cases import central_difference


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


def cosine(p, x):
    return p * jnp.cos(x) * jnp.exp(1j * p)


def test_a_fixed_point_as_a_function():
    # x = p cos(x) exp(ip), a complex function with a real parameter
    def point(p):
        frozen = jax.lax.stop_gradient(p)
        x = jax.lax.fori_loop(0, 200, lambda _, x: cosine(frozen, x), jnp.array(0.3 + 0.1j))
        return attach_fixed_point(cosine, p, x)

    def answer(p):
        x = point(p)
        return 2 * jnp.real(x) - jnp.imag(x)

    for function in (answer, jax.grad(answer)):
        found = float(jax.jit(jax.grad(function))(0.6))
        assert abs(found) > 0.1
        assert found == pytest.approx(float(central_difference(function, 0.6, 1e-3)), rel=1e-7)
    assert float(jax.jvp(answer, (0.6,), (1.0,))[1]) == pytest.approx(float(jax.grad(answer)(0.6)), rel=1e-8)
