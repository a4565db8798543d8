"""The infinite sum in Z, against closed forms."""

import jax.numpy as jnp
import numpy as np
from scipy.special import digamma

from diffeliash import InfiniteSum


def test_the_normal_state_sum_is_that_over_all_frequencies():
    lambda_l = 0.5 ** np.arange(60.0)
    found = InfiniteSum().normal_state_sum(jnp.asarray(lambda_l), jnp.zeros(8), np.arange(8.0))
    m = np.arange(-50, 50)
    for n in range(8):  # what lies beyond is 0.5^43
        expected = np.sum(np.where(m >= 0, 1, -1) * lambda_l[np.abs(n - m)])
        np.testing.assert_allclose(found[n], expected, rtol=1e-12)


def test_the_sum_beyond_the_cutoff_is_a_difference_of_digamma_functions():
    kT, n = 0.3, 40
    z = np.array([0.5 + 0.1j, 6.0 + 0.1j, 12.0 + 0.4j])
    width = 2 * np.pi * kT
    found = np.asarray(InfiniteSum().tail_pole_sum(jnp.asarray(z), jnp.array(kT), n))
    expected = -sum(digamma(n + 0.5 + sign * 1j * z / width) for sign in (1, -1)) / (2 * width)
    # up to the constant that drops out; the term of third order is 1e-9 here, the first that is left out 1e-12
    np.testing.assert_allclose(np.diff(found), np.diff(expected), rtol=0, atol=1e-11)
