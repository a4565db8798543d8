import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import InputError, continue_gap, feature_grid, gap_features, read_gap, solve_gap
from diffeliash.data import GapFunction, write_solution

from ..cases import gaussian_peak


def test_the_papers_grids():
    for grid in (feature_grid(10.0), feature_grid(10.0, 200)):
        assert grid[[0, -1]].tolist() == [0.0, 35.0]
    assert feature_grid(10.0).size == 150


def test_real_parts_then_imaginary_parts_interpolated():
    omega = jnp.linspace(0, 40, 81)
    features = gap_features(GapFunction(omega, (2 - 0.5 * omega) + 1j * omega))
    np.testing.assert_allclose(features[:150], 2 - 0.5 * feature_grid(10.0), atol=1e-12)
    np.testing.assert_allclose(features[150:], feature_grid(10.0), atol=1e-12)


def test_the_same_for_a_continuation_and_for_its_file(tmp_path):
    spectrum = gaussian_peak(1.3)
    sol = solve_gap(spectrum, 1.5)
    real = continue_gap(sol, spectrum, feature_grid(10.0, 200))
    write_solution(tmp_path / "gap.h5", [("peak.dat", sol, real)])
    features = gap_features(real, feature_grid(10.0, 200))
    np.testing.assert_allclose(features, np.concatenate([np.real(real.Delta), np.imag(real.Delta)]), atol=1e-14)
    np.testing.assert_allclose(
        gap_features(read_gap(tmp_path / "gap.h5"), feature_grid(10.0, 200)), features, atol=1e-14
    )


def test_a_short_range_is_refused():
    omega = jnp.linspace(0, 30, 61)
    with pytest.raises(InputError, match="covers 0 to 30 meV"):
        gap_features(GapFunction(omega, omega + 0j))


def test_values_on_the_grid_are_taken_as_they_are():
    Delta = np.arange(6.0).reshape(2, 3) + 1j
    np.testing.assert_array_equal(gap_features(Delta), [[0, 1, 2, 1, 1, 1], [3, 4, 5, 1, 1, 1]])
    np.testing.assert_array_equal(gap_features(Delta[1]), [3, 4, 5, 1, 1, 1])
