import numpy as np
import pytest

from diffeliash.data.input_files.conductance._curve import Curve, scatter

from .curves import HEADER, V, bcs, read, table, told


@pytest.fixture
def path(tmp_path):
    return tmp_path / "curve.txt"


def test_a_sweep_down(path):
    found = read(path, table(V[::-1], bcs(V)[::-1], header=HEADER))
    assert told(found, "the bias descends; its order is reversed")
    np.testing.assert_allclose(found.conductance, bcs(V), rtol=1e-8)
    assert not told(read(path, table(V, bcs(V), header=HEADER)), "descends")


def test_sweeps_up_and_down_are_averaged(path):
    up, down = bcs(V, seed=1), bcs(V, seed=2)
    text = table(np.concatenate([V, V[::-1]]), np.concatenate([up, down[::-1]]), header=HEADER)
    found = read(path, text)
    np.testing.assert_allclose(found.omega, V, atol=1e-8)
    np.testing.assert_allclose(found.conductance, (up + down) / 2, rtol=1e-7)
    assert told(found, "802 points at 401 energies: those at the same energy are averaged")
    difference = 100 * np.sqrt(np.mean((up - down) ** 2) / np.mean(up**2))
    (notice,) = told(found, "2 sweeps of the bias, up and down, are merged")
    assert f"the rms difference between up and down is {difference:.2g} %" in notice
    assert 0.13 < difference < 0.16  # the noise of the difference of two


def test_averages_with_errors_have_their_weights(path):
    header = "# bias (mV), G/G_N, err\n"
    g, errors = np.concatenate([bcs(V), bcs(V) + 0.5]), np.repeat([1e-3, 2e-3], V.size)
    found = read(path, table(np.tile(V, 2), g, errors, header=header))
    np.testing.assert_allclose(found.conductance, bcs(V) + 0.1, rtol=1e-7)
    np.testing.assert_allclose(found.errors, 1e-3 / 1.25**0.5, rtol=1e-7)


def test_a_sweep_from_zero_and_back(path):
    bias = np.concatenate([V[200:], V[::-1], V[:201]])
    found = read(path, table(bias, bcs(bias), header=HEADER))
    assert told(found, "3 sweeps of the bias")
    np.testing.assert_allclose(found.omega, V, atol=1e-8)


def test_a_sweep_without_a_signal(path):
    silent = np.where(np.arange(802) < 401, 0.0, np.tile(bcs(V), 2))
    found = read(path, table(np.concatenate([V, V[::-1]]), silent, header=HEADER))
    assert told(found, "2 sweeps of the bias, up and down, are merged.")


def test_points_without_an_order(path):
    order = np.random.default_rng(0).permutation(V.size)
    found = read(path, table(V[order], bcs(V)[order], header=HEADER))
    assert told(found, "the energies are in no order; they are sorted")
    assert not told(found, "sweeps")
    np.testing.assert_allclose(found.conductance, bcs(V), rtol=1e-8)


def test_energies_that_differ_by_rounding_only_are_the_same(path):
    found = read(path, table(np.concatenate([V, V + 2e-8]), np.tile(bcs(V), 2), header=HEADER))
    assert found.omega.size == V.size
    found = read(path, table(np.concatenate([V, V + 2e-7]), np.tile(bcs(V), 2), header=HEADER))
    assert found.omega.size == 2 * V.size


def test_scatter_is_the_noise_of_a_smooth_curve():
    noise = 3e-3 * np.random.default_rng(0).standard_normal(2000)
    assert scatter(np.linspace(1, 2, 2000) + noise) == pytest.approx(3e-3, rel=0.1)
    assert Curve(V, V, np.full(V.size, 0.2)).noise == 0.2
    assert Curve(V, np.where(np.abs(V) > 13.34, 5.0, 1.0), None).far_from_zero == 5.0
    assert Curve(V, np.where(np.abs(V) > 15, 5.0, 1.0), None).outer_part.omega.min() == -20.0
