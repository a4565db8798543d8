import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import lambda_kernel
from diffeliash.physics.matsubara._toeplitz_hankel import toeplitz_and_hankel

from ...cases import einstein, gaussian_peak


def test_zero_frequency_gives_lambda():
    spectrum = gaussian_peak(1.7)
    assert float(lambda_kernel(spectrum, jnp.zeros(1))[0]) == pytest.approx(1.7, rel=1e-14)


def test_einstein_spectrum_gives_a_lorentzian():
    nu = jnp.array([0.0, 0.5, 1.0, 10.0, 1e4])
    expected = 2.0 * 9 / (9 + nu**2)
    np.testing.assert_allclose(lambda_kernel(einstein(2.0, omega_E=3.0), nu), expected, rtol=1e-9)


@pytest.mark.parametrize("n", [1, 2, 7])
def test_matrices_hold_differences_and_sums(n):
    lambda_l = jnp.asarray(np.random.default_rng(0).normal(size=2 * n))
    near, far = toeplitz_and_hankel(lambda_l)
    for i in range(n):
        for j in range(n):
            assert near[i, j] == lambda_l[abs(i - j)]
            assert far[i, j] == lambda_l[i + j + 1]
