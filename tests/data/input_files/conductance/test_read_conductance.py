import hashlib
import pathlib
import warnings

import h5py
import numpy as np
import pytest

from diffeliash import ConductanceFile, InputError, _inputs, read_conductance

from ....conftest import shared
from .curves import HEADER, NORMAL, V, bcs, read, table, told

G = bcs(V)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "curve.txt"


def test_the_normalized_curve_of_lead():
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing is assumed or changed
        found = read_conductance(shared("measured", "pb_1.2K_normalised.txt"))
    assert (found.omega.size, found.omega[0], found.omega[-1]) == (201, 0.0, 20.0)
    assert found.conductance[:2].tolist() == [4.37539407e-02, 4.47826677e-02]
    assert found.errors is found.T is found.modulation is found.asymmetry is None
    assert not found.background_fitted
    assert found.notices == ()


def test_the_raw_curve_of_lead_with_its_normal_state(path):
    raw, normal = shared("measured", "pb_4.2K_raw.txt"), shared("measured", "pb_normal_raw.txt")
    found = read(path, raw.read_text(), normal=normal)
    assert told(found, "divided by a polynomial of order 2 through that of the normal state")
    assert (found.omega.size, found.omega[0], found.omega[-1]) == (401, -25.0, 25.0)
    assert found.T is None  # 9 K is said of the other file
    np.testing.assert_allclose(np.median(found.errors[np.abs(found.omega) > 10]), 5e-4, rtol=0.01)
    both = (found.conductance - found.conductance[::-1])[:200] / (2**0.5 * found.errors[:200])
    assert abs(np.mean(both)) < 4 / 200**0.5  # the sign of the bias makes no difference,
    assert abs(np.mean(both**2) - 1) < 4 * (2 / 200) ** 0.5  # which is the noise that the file states
    assert 2e-4 < found.asymmetry < 5e-4
    far = np.abs(found.omega) > 22
    assert abs(np.mean(found.conductance[far]) - 1) < 3e-3  # Delta^2 / (2 V^2) = 0.002
    integral = np.trapezoid(found.conductance - 1, found.omega)  # no state is lost
    assert abs(integral) < 0.02 < 2.0 < np.trapezoid(np.abs(found.conductance - 1), found.omega)
    assert not found.background_fitted
    assert not told(found, "--fit-offset")


def test_the_raw_curve_of_lead_without_its_normal_state(path):
    raw, normal = shared("measured", "pb_4.2K_raw.txt"), shared("measured", "pb_normal_raw.txt")
    found, exact = read(path, raw.read_text()), read(path, raw.read_text(), normal=normal)
    assert found.background_fitted
    (notice,) = told(found, "divided by a background b0 + b1 V + b2 V^2, fitted beyond")
    assert "where it leaves only noise" in notice
    np.testing.assert_allclose(found.conductance, exact.conductance, rtol=6e-3)
    assert found.asymmetry == pytest.approx(exact.asymmetry, rel=0.05)  # the slope of the background is found


def test_a_notice_is_a_warning_with_the_name_of_the_file(path):
    path.write_text(table(V, G))
    with pytest.warns(UserWarning, match=str(path)) as caught:
        found = read_conductance(str(path))
    assert [str(each.message) for each in caught] == [f"{path}: {notice}" for notice in found.notices]
    assert len(found.notices) == 3


def test_standard_input(monkeypatch):
    monkeypatch.setattr(_inputs, "_standard_input", lambda: table(V[200:], G[200:], header=HEADER).encode())
    np.testing.assert_allclose(read_conductance("-").conductance, G[200:], rtol=1e-8)


@pytest.mark.parametrize(
    ("delimiter", "comma"), [(" ", "."), ("\t", "."), (",", "."), (";", "."), (";", ","), ("\t", ",")]
)
def test_separators(path, delimiter, comma):
    header = f"Bias (mV){delimiter if delimiter != ' ' else '  '}G/G_N\n"
    found = read(path, header + table(V, G, delimiter=delimiter).replace(".", comma))
    np.testing.assert_allclose(found.conductance, G, rtol=1e-8)
    np.testing.assert_allclose(found.omega, V, atol=1e-8)


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("V (mV)\tI (A)\tG/G_N\n", (V, 1e-3 * V, G)),
        ("# G/G_N, V (mV)\n", (G, V)),
        ("V (mV);index;error;G/G_N\n", (V, V, 0 * V + 2e-3, G)),
        ("# column 1: V (mV)\n# column 2: T (K)\n# column 3: G/G_N\n", (V, 0 * V + 4.2, G)),
        ("bias\tdI/dV\tnormalized dI/dV\nmV\tnS\t-\n", (V, 1e-3 * NORMAL, G)),
    ],
)
def test_columns_by_their_names(path, header, columns):
    found = read(path, table(*columns, header=header))
    np.testing.assert_allclose(found.conductance, G, rtol=1e-8)
    np.testing.assert_allclose(found.omega, V, atol=1e-8)
    assert (found.errors is not None) == ("error" in header)
    assert told(found, "took the columns")


@pytest.mark.parametrize(
    ("name", "column", "expected"),
    [
        ("standard error", 0 * V + 2e-3, 2e-3 + 0 * V),
        ("sigma", 0 * V + 2e-3, 2e-3 + 0 * V),
        ("error (%)", 0 * V + 0.2, 2e-3 * G),
        ("relative error", 0 * V + 2e-3, 2e-3 * G),
    ],
)
def test_errors(path, name, column, expected):
    found = read(path, table(V, G, column, header=f"# bias (mV), G/G_N, {name}\n"))
    np.testing.assert_allclose(found.errors, expected, rtol=1e-7)


def test_errors_in_another_unit_of_conductance(path):
    text = table(V, 1e3 * G * NORMAL, 2.0 * G, header="# bias (mV), dI/dV (mS), standard error (uS)\n")
    found = read(path, text)
    scale = found.conductance / (G * NORMAL)
    np.testing.assert_allclose(found.errors, 2e-6 * G * scale, rtol=1e-7)


def test_a_third_column_without_a_name(path):
    found = read(path, table(V, G, 0 * V + 2e-3))
    assert np.all(found.errors == 2e-3)
    assert told(found, "the third column is taken as the standard error")
    for third in (V, 0 * V, 0 * V + 0.2):
        with pytest.raises(InputError, match=r"it is not clear what the third column is: .* Name the columns"):
            read(path, table(V, G, third))


@pytest.mark.parametrize(("factor", "notice"), [(1.0, False), (1.6, False), (3.0, True), (0.3, True)])
def test_stated_errors_are_compared_with_the_scatter(path, factor, notice):
    found = read(path, table(V, G, 0 * V + factor * 1e-3, header="# bias (mV), G/G_N, err\n"))
    assert bool(told(found, "times the scatter of neighboring points")) == notice


def test_the_example_of_the_documentation(path):
    page = (pathlib.Path(__file__).parents[4] / "docs" / "files.md").read_text()
    (line,) = [line for line in page.splitlines() if line.startswith("# bias (mV), dI/dV (S)")]
    found = read(path, table(V, G * NORMAL, 1e-3 * NORMAL, header=line + "\n"))
    assert (found.T, found.modulation, found.background_fitted) == (1.2, 0.05, True)
    np.testing.assert_allclose(found.errors, 1e-3, rtol=2e-3)
    np.testing.assert_allclose(found.omega, V, atol=1e-8)


def test_parameters_in_the_header(path):
    header = "# Pb, T = 1200 mK, \u0393 = 50 \u03bcV, mu* = 0.12, omega_c = 101 meV, modulation = 0.1 mV rms\n"
    found = read(path, table(V, G, header=header + HEADER))
    assert (found.T, found.broadening, found.mu_star, found.omega_c, found.modulation) == (1.2, 0.05, 0.12, 101.0, 0.1)
    assert isinstance(found, ConductanceFile)
    found = read(path, table(V, G, header="# T = 1.2 K, normal state at T = 9 K\n" + HEADER))
    assert found.T is None
    assert told(found, "several values of T, 1.2 and 9; none of them is used")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (table(V, G - 0.3, header=HEADER), "the conductance is negative: it is -0.2.* at .* Is it a current"),
        (table(V, -G, header=HEADER), "the conductance is negative"),
        (table(V, np.where(V == 0, np.nan, G)), ":201: 'nan' is not a finite number"),
        (table(V, np.where(V == 0, np.inf, G)), ":201: 'inf' is not a finite number"),
        (table(V[:7], G[:7], header=HEADER), "only 7 rows of numbers: a curve needs at least 8 points"),
        (table(np.repeat(V[:7], 2), G[:14], header=HEADER), "only 7 different energies"),
        (table(0 * V + 1, G, header=HEADER), "all energies coincide: they are 1"),
        (table(V, 0 * V + 1, header=HEADER), "the conductance is constant: it is 1"),
        (table(V, 0 * V, header=HEADER), "no values of a conductance: the largest is 0"),
        (table(V, 1e200 * G, header=HEADER), "no values of a conductance: the largest is 1.7.e.200"),
        (table(V, G, 0 * V, header="# V (mV) G/GN err\n"), ":2: an error of 0: standard errors must be positive"),
        (table(V, G, 0 * V + 1e-3, header="# V (mV), G/G_N, err (S)\n"), "the unit of the errors does not fit"),
        (table(V, G, G, header="# V (mV), G up, G down\n"), "several columns could be the conductance: .*G up and G d"),
        (table(V, 1e-3 * V, header="# V (mV), I (A)\n"), "no conductance .* must be differentiated"),
        (table(V, 1 / G, header="# V (mV), dV/dI (Ohm)\n"), "no conductance .* the inverse of dV/dI"),
        (table(V, G, header="# V (mV), d2I/dV2\n"), "no conductance .* the first derivative"),
        (table(V, G, header="# omega_meV N/N_F\n"), "no conductance .* --kind dos"),
        (table(V, G, header="# T (K), dI/dV (S)\n"), "no bias in this file: the header calls its columns T"),
        (table(V, G, header="# omega_meV a2F\n"), "a2F, not a measured conductance: .* `diffeliash tc`"),
        (table(V), "1 column: a curve needs two"),
        (table(V, G, G, G), "4 columns: the header does not name them"),
        ("", "the file is empty"),
        ("a curve\n", "no rows of numbers"),
        (" ".join(map(str, V)) + "\n" + " ".join(map(str, G)) + "\n", "2 rows of 401 numbers"),
    ],
)
def test_refusals(path, text, words):
    with pytest.raises(InputError, match=words) as caught:
        read(path, text)
    assert str(path) in caught.value.where


def test_noise_below_zero_is_no_negative_conductance(path):
    gap = np.where(np.abs(V) < 1.4, 0.0, 1.0) + 1e-2 * np.random.default_rng(0).standard_normal(V.size)
    assert np.min(gap) < -0.01
    assert np.min(read(path, table(V, gap, header=HEADER)).conductance) == pytest.approx(np.min(gap))
    with pytest.raises(InputError, match="the conductance is negative"):  # the stated errors are smaller
        read(path, table(V, gap, 0 * V + 1e-3, header="# bias (mV), G/G_N, err\n"))


def test_the_curve_of_a_normal_metal_is_read(path):
    found = read(path, table(V, 1 + 1e-3 * np.random.default_rng(0).standard_normal(V.size), header=HEADER))
    assert abs(np.mean(found.conductance) - 1) < 3e-4


def test_other_files(path, tmp_path):
    with h5py.File(path, "w") as file:
        file["dos"] = G
    with pytest.raises(InputError, match=r"an HDF5 file, not a measured conductance\. .*--kind dos"):
        read_conductance(path)
    path.write_bytes(hashlib.sha256(b"").digest() + b"\0")
    with pytest.raises(InputError, match="a binary file"):
        read_conductance(path)
    with pytest.raises(InputError, match="a folder"):
        read_conductance(tmp_path)
    with pytest.raises(InputError, match="no such file"):
        read_conductance(tmp_path / "none.txt")
