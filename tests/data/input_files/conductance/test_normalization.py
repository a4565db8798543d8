import numpy as np
import pytest

from diffeliash import InputError
from diffeliash.data.input_files.conductance._smooth_functions import are_white, fit_polynomial

from ....conftest import shared
from .curves import NORMAL, V, bcs, read, table, told

G = bcs(V)
RAW = table(V, G * NORMAL, header="# bias (mV), dI/dV (S)\n")
NOISE = np.random.default_rng(9).standard_normal(V.size)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "curve.txt"


@pytest.fixture
def normal(tmp_path):
    def write(text):
        file = tmp_path / "normal.txt"
        file.write_text(text)
        return file

    return write


def test_a_smooth_normal_state_is_a_polynomial(path, normal):
    noisy = NORMAL * (1 + 5e-4 * NOISE)
    file = normal(table(V, noisy, header="# bias (mV), dI/dV (S), T = 9 K\n"))
    found = read(path, RAW, normal=file)
    assert told(found, f"divided by a polynomial of order 2 through that of the normal state, {file}")
    np.testing.assert_allclose(found.conductance, G, rtol=3e-4)  # less than the noise of each point
    assert np.max(np.abs(found.conductance / (G * NORMAL / noisy) - 1)) > 1e-3
    assert (found.T, found.background_fitted, found.errors) == (None, False, None)


@pytest.mark.parametrize("stated", [False, True])
def test_the_errors_of_the_polynomial_are_those_that_other_noise_would_make(path, normal, stated):
    divided, variances, rng = [], [], np.random.default_rng(3)
    for _ in range(60):
        noisy = NORMAL * (1 + 2e-3 * rng.standard_normal(V.size))
        columns = (V, noisy, 2e-3 * NORMAL) if stated else (V, noisy)
        header = "# bias (mV), dI/dV (S)" + (", standard error (S)" if stated else "") + "\n"
        found = read(path, RAW, normal=normal(table(*columns, header=header)))
        divided.append(found.conductance)
        variances.append(np.sum(found.systematic_errors**2, axis=0))
    np.testing.assert_allclose(np.std(divided, axis=0), np.sqrt(np.mean(variances, axis=0)), rtol=0.35)


def test_a_normal_state_with_structure_is_interpolated_and_its_noise_becomes_part_of_the_errors(path, normal):
    wiggly = NORMAL * (1 + 0.01 * np.sin(2 * V))
    raw = table(V, G * wiggly, 1e-3 * wiggly, header="# bias (mV), dI/dV (S), standard error (S)\n")
    found = read(path, raw, normal=normal(table(V, wiggly * (1 + 3e-3 * NOISE), header="# bias (mV), dI/dV (S)\n")))
    (notice,) = told(found, "divided by linear interpolation of that of the normal state")
    assert "whose noise of 0.3 % is added to the errors" in notice.replace("0.29 %", "0.3 %").replace("0.31 %", "0.3 %")
    np.testing.assert_allclose(found.conductance, G / (1 + 3e-3 * NOISE), rtol=1e-7)
    np.testing.assert_allclose(found.errors, np.hypot(1e-3, 3e-3 * G), rtol=0.1)
    assert found.systematic_errors is None


def test_errors_become_relative(path, normal):
    raw = table(V, G * NORMAL, 0 * V + 2e-6, header="# bias (mV), dI/dV (S), standard error (S)\n")
    found = read(path, raw, normal=normal(table(V, NORMAL, header="# bias (mV), dI/dV (S)\n")))
    np.testing.assert_allclose(found.errors, 2e-6 / NORMAL, rtol=1e-6)


def test_units_of_conductance_and_of_the_bias_of_both_files(path, normal):
    file = normal(table(1e-3 * V, 1e3 * NORMAL, header="# bias (V), dI/dV (mS)\n"))
    np.testing.assert_allclose(read(path, RAW, normal=file).conductance, G, rtol=1e-6)
    found = read(path, RAW, normal=normal(table(V, NORMAL)))
    np.testing.assert_allclose(found.conductance, G, rtol=1e-6)
    assert told(found, "only one of the two files states its unit of conductance")
    assert told(found, f"{file}: the bias is taken as mV")
    mild = table(V, 1.3 * G, header="# bias (mV), dI/dV\n")  # neither says whether it is normalized
    np.testing.assert_allclose(read(path, mild, normal=normal(table(V, 0 * V + 1.3 + 1e-9 * V))).conductance, G, 1e-6)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            table(V[50:], NORMAL[50:]),
            "the curve of the normal state is too short: it goes from -15 to 20 meV, the curve",
        ),
        (table(V[:-50], NORMAL[:-50]), "too short: it goes from -20 to 15 meV, the curve from -20 to 20 meV"),
        (
            table(V, 1e3 * NORMAL),
            "the curve of the normal state does not fit: divided by it, .* is 0.001 far from zero",
        ),
        (table(V, NORMAL - 2.1e-3), "the conductance is negative"),
        (table(V, G, header="# V (mV), dV/dI (Ohm)\n"), "no conductance in this file"),
    ],
)
def test_normal_states_that_do_not_belong_to_the_curve(path, normal, text, words):
    with pytest.raises(InputError, match=words) as caught:
        read(path, RAW, normal=normal(text))
    assert "normal.txt" in caught.value.where


def test_a_normalized_curve_with_a_normal_state(path, normal):
    file = normal(table(V, NORMAL, header="# bias (mV), dI/dV (S)\n"))
    with pytest.raises(InputError, match=r"the conductance is normalized already: its header says so.*--normal only"):
        read(path, table(V, G, header="# bias (mV), G/G_N\n"), normal=file)
    with pytest.raises(InputError, match=r"does not fit.* not normalized yet"):
        read(path, table(V, G), normal=file)
    with pytest.raises(InputError, match="are the same file"):
        read(path, RAW, normal=path)
    both = table(V, G * NORMAL, G, header="# bias (mV), dI/dV (S), G/G_N\n")  # the one that can be divided is
    np.testing.assert_allclose(read(path, both, normal=file).conductance, G, rtol=1e-6)
    np.testing.assert_allclose(read(path, both).conductance, G, rtol=1e-7)


@pytest.mark.parametrize("header", ["# bias (mV), dI/dV (S)\n", "# bias (mV), dI/dV\n", "# bias (mV), G/G_N\n"])
def test_without_a_normal_state_a_background_is_fitted(path, header):
    found = read(path, table(V, G * NORMAL, header=header))
    assert found.background_fitted
    (notice,) = told(found, "divided by a background b0 + b1 V + b2 V^2, fitted beyond 10 meV")
    assert "where it leaves only noise" in notice
    assert "its scale and curvature are not certain; --normal FILE" in notice
    np.testing.assert_allclose(found.conductance, G, rtol=5e-4)  # the tail of a constant gap is known
    assert bool(told(found, "the header says normalized, but far from zero bias")) == ("G_N" in header)


def test_a_conductance_near_one_with_a_unit_is_not_normalized(path):
    found = read(path, table(V, 1.2 * G, header="# bias (mV), dI/dV (mS)\n"))
    assert found.background_fitted
    np.testing.assert_allclose(found.conductance, G, rtol=5e-4)
    found = read(path, table(V, 1.2 * G, header="# bias (mV), dI/dV\n"))
    assert not found.background_fitted
    np.testing.assert_allclose(found.conductance, 1.2 * G, rtol=1e-7)
    assert told(found, "taken as normalized, as it is 1.2 far from zero bias")
    assert told(found, "not one. Is it normalized?")


def test_a_background_of_one_sign_has_no_slope(path):
    raw = table(V[200:], (G * (2e-3 + 1e-4 * (V / 20) ** 2))[200:], header="# bias (mV), dI/dV (S)\n")
    assert told(read(path, raw), "a background b0 + b2 V^2,")


def test_the_background_is_fitted_beyond_the_structure(path):
    phonons = 1 + 0.03 * np.where(np.abs(V) < 15, np.sin(2 * V), 0)
    found = read(path, table(V, G * NORMAL * phonons, header="# bias (mV), dI/dV (S)\n"))
    assert told(found, "fitted beyond 15 meV, where it leaves only noise")
    found = read(path, table(V, G * NORMAL * (1 + 0.03 * np.sin(2 * V)), header="# bias (mV), dI/dV (S)\n"))
    assert told(found, "where too few points or too much structure are left to be sure")
    found = read(path, table(V[::40], (G * NORMAL)[::40], header="# bias (mV), dI/dV (S)\n"))
    assert told(found, "a background b0, fitted beyond 12 meV, where too few points")


def test_a_background_that_is_not_positive_is_refused(path):
    bias = V[V > 2]  # far enough from zero bias that the sum rule says nothing
    steep = np.maximum((bias / 20) ** 2 - 0.2, 0.01) + 1e-4 * NOISE[: bias.size]
    with pytest.raises(
        InputError, match=r"no smooth background for the normalization: what is fitted beyond .* --normal"
    ):
        read(path, table(bias, steep, header="# bias (mV), dI/dV (S)\n"))


def test_the_background_is_right_where_one_sign_is_shorter_or_missing(path):
    even = G * (NORMAL + NORMAL[::-1]) / 2  # a slope could not be told from the rest
    header = "# bias (mV), dI/dV (S)\n"
    for part in (V > -5, V < 5, V >= 0.05, V <= -0.05):
        found = read(path, table(V[part], even[part], header=header))
        assert told(found, "a background b0 + b2 V^2,")
        np.testing.assert_allclose(found.conductance, G[part], rtol=2e-3)
    part = V > 4.0  # without zero bias the extrapolation is less certain
    np.testing.assert_allclose(read(path, table(V[part], even[part], header=header)).conductance, G[part], rtol=0.02)


def test_points_with_large_errors_count_little_for_the_background(path):
    errors, raw = np.where(V > 17, 0.1, 1e-3) * NORMAL, np.where(V > 17, 1.05, 1.0) * G * NORMAL
    found = read(path, table(V, raw, errors, header="# bias (mV), dI/dV (S), err (S)\n"))
    np.testing.assert_allclose(found.conductance[V < 17], G[V < 17], rtol=5e-3)


def test_the_tail_of_a_gap_is_not_negative(path):
    bias, g = np.loadtxt(shared("measured", "pb_1.2K_normalised.txt"), unpack=True)  # the phonons are still near
    raw = g * 2e-3 * (1 + 0.06 * (bias / 20) ** 2)
    found = read(path, table(bias, raw, header="# bias (mV), dI/dV (S)\n"))
    np.testing.assert_allclose(found.conductance, g, rtol=7e-3)


def test_the_order_of_a_polynomial_is_that_of_the_function():
    choices = [tuple(range(order + 1)) for order in range(9)]
    for order in (0, 1, 3, 5):
        values = 2.0 + 0.3 * (V / 20) ** order + 1e-4 * NOISE
        found, residuals = fit_polynomial(V, values, None, choices)
        assert len(found.powers) - 1 == order
        np.testing.assert_allclose(found(V), values - residuals, rtol=1e-12)
        assert are_white(residuals, 2.0)
    assert not are_white(np.sin(V), 1.0)
    assert are_white(1e-12 * np.sin(V), 1.0)
