import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy.special import digamma as scipy_digamma

from diffeliash.physics.numerics import digamma

POINTS = np.concatenate([
    0.5 + 1j * np.concatenate([[0.0], np.geomspace(1e-6, 1e8, 60), -np.geomspace(1e-6, 1e8, 60)]),
    np.geomspace(0.05, 1e3, 30) + 0.7j,
])  # fmt: skip


def test_value_is_that_of_scipy():
    found = np.asarray(digamma(jnp.asarray(POINTS)))
    np.testing.assert_allclose(found, scipy_digamma(POINTS), rtol=1e-13)


def test_value_is_that_of_mpmath():
    for z in (0.5 + 0.1j, 0.5 + 3j, 0.5 - 40j, 1.3 + 0j, 0.05 + 0.7j):
        exact = complex(mpmath.psi(0, z))
        assert abs(complex(digamma(jnp.array(z))) - exact) < 1e-14 * abs(exact)


def test_imaginary_part_on_the_line_of_fermionic_arguments():
    y = np.linspace(-5, 5, 21)
    found = jnp.imag(digamma(0.5 + 1j * jnp.asarray(y)))
    np.testing.assert_allclose(found, np.pi / 2 * np.tanh(np.pi * y), atol=1e-14)


@pytest.mark.parametrize("z", [0.5 + 0.0j, 0.5 + 2.0j, 3.0 - 8.0j])
def test_derivative_is_the_trigamma_function(z):
    found = complex(jax.grad(digamma, holomorphic=True)(jnp.array(z)))
    exact = complex(mpmath.psi(1, z)) if z.imag == 0 else complex(mpmath.diff(lambda x: mpmath.psi(0, x), z))
    assert abs(found - exact) < 1e-12 * abs(exact)
