import jax.numpy as jnp
import numpy as np

from diffeliash import feature_grid, gap_features


def test_the_papers_grid():
    grid = feature_grid(10.0)
    assert grid.size == 150
    assert grid[[0, -1]].tolist() == [0.0, 35.0]


def test_real_parts_then_imaginary_parts_interpolated():
    omega = jnp.linspace(0, 40, 81)
    features = gap_features(omega, (2 - 0.5 * omega) + 1j * omega, feature_grid(10.0))
    np.testing.assert_allclose(features[:150], 2 - 0.5 * feature_grid(10.0), atol=1e-12)
    np.testing.assert_allclose(features[150:], feature_grid(10.0), atol=1e-12)
