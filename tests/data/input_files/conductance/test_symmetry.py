import numpy as np
import pytest

from diffeliash.data.input_files.conductance._curve import Curve
from diffeliash.data.input_files.conductance._symmetry import asymmetry, center_of_symmetry

from .curves import HEADER, V, bcs, read, table, told


@pytest.fixture
def path(tmp_path):
    return tmp_path / "curve.txt"


def curve(values):
    return Curve(V, values, None)


def test_asymmetry_of_a_slope():
    values = 1 + 0.1 * V / 20
    odd, even = (V / 20)[201:] * 0.1, 1.0
    expected = np.sqrt(np.mean(odd**2) / np.mean(even**2 + odd**2))
    assert asymmetry(curve(values)) == pytest.approx(expected, rel=1e-9)
    assert asymmetry(curve(1 + (V / 20) ** 2)) < 1e-15


def test_one_sign(path):
    found = read(path, table(V[200:], bcs(V)[200:], header=HEADER))
    assert found.asymmetry is None
    assert not told(found, "signs")
    found = read(path, table(V[:201], bcs(V)[:201], header=HEADER))  # negative bias stays negative
    assert (found.omega[0], found.omega[-1], found.asymmetry) == (-20.0, 0.0, None)


def test_a_notice_says_that_both_signs_are_used(path):
    found = read(path, table(V, bcs(V), header=HEADER))
    assert found.omega[0] == -20.0
    (notice,) = told(found, "both signs of the bias are used together; half their difference is")
    assert f"{100 * found.asymmetry:.2g} % of the conductance (rms)." in notice
    assert 5e-4 < found.asymmetry < 9e-4  # noise / sqrt(2)
    found = read(path, table(V, bcs(V) * (1 + 0.02 * V / 20), header=HEADER))
    assert told(found, "more than its noise of 0.0")


@pytest.mark.parametrize("offset", [0.12, -0.3, 1.0, 0.01])
@pytest.mark.parametrize("noise", [0.0, 1e-3])
def test_the_center_of_symmetry(path, offset, noise):
    values = bcs(V, noise, center=offset)
    found, deviation = center_of_symmetry(curve(values))
    assert abs(found - offset) < max(5 * deviation, 1e-3)
    assert told(
        read(path, table(V, values, header=HEADER)), f"the curve is symmetric about {found:.3g} mV: give --fit-offset"
    )


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("slope", [0.0, 0.02])
def test_no_center_is_reported_for_a_symmetric_curve(seed, slope):
    found, deviation = center_of_symmetry(curve(bcs(V, 3e-3, seed) * (1 + slope * V / 20)))
    assert abs(found) < 5 * deviation
    assert deviation < 0.01  # it would have been found


@pytest.mark.parametrize("seed", range(20))
def test_no_center_is_reported_for_an_unsteady_bias(seed):
    unsteady = V + 0.06 * np.random.default_rng(seed).standard_normal(
        V.size
    )  # what matters at the edge of the gap only
    found, deviation = center_of_symmetry(curve(bcs(unsteady, 1e-3, seed)))
    assert abs(found) < 5 * deviation


def test_no_center_without_a_gap_or_without_both_signs():
    found, deviation = center_of_symmetry(curve(1 + 1e-3 * np.random.default_rng(0).standard_normal(V.size))) or (0, 1)
    assert abs(found) < 5 * deviation
    assert center_of_symmetry(Curve(V[200:], bcs(V)[200:], None)) is None
