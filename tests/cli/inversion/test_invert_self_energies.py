"""`diffeliash invert --kind self-energy`: one file or two in, a2F with error bars and a verdict on both parts out."""

import numpy as np
import pytest

from diffeliash import Spectrum, normal_self_energy
from diffeliash.data import read_hdf5

from ...conftest import shared

T = 6.0
ENERGIES = np.linspace(-95.0, 0.0, 191)
OMEGA = 0.05 * np.arange(1, 801)
A2F = OMEGA**2 / (OMEGA**2 + 100) * (
    0.25 * np.exp(-(((OMEGA - 14) / 4) ** 2)) + 0.4 * np.exp(-(((OMEGA - 31) / 3) ** 2))
)  # fmt: skip
LAMBDA = float(Spectrum(OMEGA, A2F).lambda_ep)
NOISE = 0.2
GIVEN = ("--kind", "self-energy", "--points", 64, "--samples", 50, "--omega-max", 40)


@pytest.fixture(scope="module")
def sigma():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=ENERGIES.size) + 1j * rng.normal(size=ENERGIES.size)
    exact = np.asarray(normal_self_energy(Spectrum(OMEGA, A2F), ENERGIES, T))
    return exact + 1.5 + 0.03 * ENERGIES - 20j + NOISE * noise


@pytest.fixture
def file(tmp_path, sigma):
    path = tmp_path / "sigma.txt"
    header = "energy_meV ReSigma_meV ImSigma_meV"
    np.savetxt(path, np.column_stack([ENERGIES, sigma.real, sigma.imag]), header=header)
    return path


def test_both_parts_of_one_file(answer, file, tmp_path):
    (one,) = answer("invert", file, *GIVEN, "-T", T, "--output", "a2f.h5", "--plot", "a2f.png")["results"]
    assert (one["ok"], one["compatible"], one["determined"], one["converged"]) == (True, True, True, True)
    assert (one["part"], one["T_K"], one["mu_star"], one["omega_max_meV"]) == ("both", T, 0.1, 40)
    assert abs(one["lambda_ep"] - LAMBDA) < 3 * one["lambda_ep_std"] < 0.1
    for name in ("real", "imaginary"):
        assert abs(one[f"lambda_ep_{name}"] - LAMBDA) < 4 * one[f"lambda_ep_{name}_std"] < 0.4
        assert one[f"noise_{name}_meV"] == pytest.approx(NOISE, rel=0.2)
        assert one[f"scatter_{name}_meV"] == pytest.approx(NOISE, rel=0.4)
        assert (one[f"noise_{name}_known"], one[f"n_correlated_{name}"]) == (False, 1)
    for name, unit, truth in (("constant", "_meV", 1.5), ("slope", "", 0.03), ("impurity", "_meV", 20.0)):
        assert abs(one[f"{name}{unit}"] - truth) < 4 * one[f"{name}_std{unit}"] < truth
    assert 10 < one["omega_log_meV"] - 3 * one["omega_log_std_meV"] < one["omega_2_meV"] < 40
    assert 0.8 < one["chi2"] < 1.2
    assert one["error_factor"] == pytest.approx(1.0, abs=0.1)
    assert one["probability"] > 0.01
    assert all(len(one[name]) == 64 for name in ("omega_meV", "a2f", "a2f_std", "a2f_low", "a2f_high"))
    assert one["notes"] == []
    arrays, attributes = read_hdf5(tmp_path / "a2f.h5")
    np.testing.assert_allclose(arrays["a2f"], one["a2f"])
    assert arrays["a2f_samples"].shape == (50, 64)
    assert attributes["converged"]
    assert (tmp_path / "a2f.png").stat().st_size > 10_000


def test_table_and_text(run, file, tmp_path):
    shown = run("invert", file, *GIVEN, "-T", T, "--output", "a2f.dat", "--free", "constant,slope,impurity,electrons")
    for word in ("lambda", "real part alone", "compatible", "+-", "electrons [1/meV]", "impurity [meV]"):
        assert word in shown.stdout
    assert "written to a2f.dat" in shown.stdout
    assert "the real part is taken to be in meV" in shown.stderr
    assert np.loadtxt(tmp_path / "a2f.dat").shape == (64, 3)


def test_one_part(answer, file, tmp_path, sigma):
    (of_both,) = answer("invert", file, *GIVEN, "-T", T, "--part", "imaginary", "--noise", NOISE)["results"]
    np.savetxt(tmp_path / "im.txt", np.column_stack([ENERGIES, sigma.imag]), header="energy_meV ImSigma_meV")
    (alone,) = answer("invert", "im.txt", *GIVEN, "-T", T, "--part", "imaginary", "--noise", NOISE)["results"]
    assert of_both["part"] == alone["part"] == "imaginary"
    assert alone["lambda_ep"] == pytest.approx(of_both["lambda_ep"], rel=1e-6)
    assert alone["noise_imaginary_known"]
    assert "lambda_ep_real" not in alone
    assert "slope" not in alone
    (one,) = answer("invert", "im.txt", *GIVEN, "-T", T, expect=3)["results"]
    assert "not known which" in one["error"]["what"]
    assert "--part imaginary" in one["error"]["hint"]


def test_parts_that_contradict_each_other_end_with_code_4(answer, tmp_path, sigma):
    np.savetxt(tmp_path / "re.txt", np.column_stack([ENERGIES, sigma.real]), header="energy_meV ReSigma_meV")
    np.savetxt(tmp_path / "im.txt", np.column_stack([ENERGIES, 1.4 * sigma.imag]), header="energy_meV ImSigma_meV")
    files = ("re.txt", "--imaginary", "im.txt", "--plot", "bad.png")
    (one,) = answer("invert", *files, *GIVEN, "-T", T, expect=4)["results"]
    assert (one["ok"], one["compatible"], one["determined"]) == (False, False, True)
    assert any("not compatible" in note for note in one["notes"])
    assert (tmp_path / "bad.png").exists()


def test_nothing_but_noise_is_not_determined(answer, tmp_path):
    noise = np.random.default_rng(0).normal(size=(191, 2))
    np.savetxt(tmp_path / "n.txt", np.column_stack([ENERGIES, noise]), header="energy_meV ReSigma_meV ImSigma_meV")
    (one,) = answer("invert", "n.txt", *GIVEN, "-T", T, "--plot", "n.png", expect=4)["results"]
    assert (one["ok"], one["determined"], one["n_resolved"], one["T_c_K"]) == (False, False, 0, None)
    assert "do not determine a2F" in one["notes"][0]


def test_a_bad_file_among_good_ones(answer, run, file, tmp_path):
    (tmp_path / "bad.txt").write_text("nonsense\n")
    bad, good = answer("invert", "bad.txt", file, *GIVEN, "-T", T, expect=3)["results"]
    assert "bad.txt" in bad["error"]["where"]
    assert good["ok"]
    error = answer("invert", file, "bad.txt", *GIVEN, "-T", T, "--output", "a2f.dat", expect=3)["error"]
    assert ".h5" in error["hint"]


def test_what_is_missing_or_means_nothing_is_named(answer, run, file):
    (one,) = answer("invert", file, *GIVEN, expect=3)["results"]
    assert "the temperature is not known" in one["error"]["what"]
    assert "-T" in one["error"]["hint"]
    for options, words in (
        (("--broadening", 0.1), "--broadening: not with"),
        (("--fit-scale",), "--fit-scale: not with"),
        (("--matsubara-cutoff", 100), "--matsubara-cutoff: not with"),
        (("--unit", "mV"), "--unit must be meV or eV"),
        (("--part", "real", "--imaginary", file), "cannot be given together"),
        (("--free", "mass"), "--free must be some of"),
        (("--compare", file), "--compare needs --plot"),
    ):
        said = run("invert", file, *GIVEN, "-T", T, *options, expect=2)
        assert words in " ".join(said.output.replace("│", " ").split())
    said = run("invert", file, file, *GIVEN, "-T", T, "--imaginary", file, expect=2)
    assert "goes with one file" in " ".join(said.output.replace("│", " ").split())
    said = run("invert", file, "-T", T, "--part", "real", expect=2)
    assert "only with --kind self-energy" in " ".join(said.output.replace("│", " ").split())
    error = answer("invert", file, *GIVEN, "-T", -1, "--noise", 0, expect=3)["error"]
    assert "--temperature" in error["what"]
    assert "--noise" in error["what"]


@pytest.mark.parametrize("band", ["alpha", "beta"])
def test_measured_bands(answer, band):
    real, imaginary = (shared("measured", "CsV3Sb5", f"{band}_{part}.dat") for part in ("real", "imaginary"))
    (one,) = answer(
        "invert", real, "--imaginary", imaginary, "--kind", "self-energy", "-T", T, "--points", 96, expect=4
    )["results"]
    assert (one["ok"], one["compatible"], one["determined"]) == (False, False, True)
    assert one["lambda_ep"] + one["lambda_ep_std"] > 0.45
    assert one["lambda_ep"] - one["lambda_ep_std"] < 0.6
    assert one["n_correlated_real"] == one["n_correlated_imaginary"] == 3
    assert any("taken to be in eV" in notice for notice in one["notices"])
    assert any("column 2" in notice for notice in one["notices"])
