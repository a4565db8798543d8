"""`diffeliash invert --kind didv`: curves as they are measured in, a2F and what was found of the junction out."""

import math

import numpy as np
import pytest

from diffeliash import Spectrum, continue_gap, differential_conductance, solve_gap

N, T, BROADENING, MU_STAR, RMS = 64, 2.0, 0.3, 0.12, 0.3
OMEGA = 10.0 * np.arange(1, N + 1) / N
A2F = 0.9 * np.exp(-(((OMEGA - 3.2) / 0.8) ** 2)) + 1.1 * np.exp(-(((OMEGA - 7.0) / 0.6) ** 2))
A2F[-1] = 0.0
BIAS = np.linspace(0.0, 30.0, 151)
NOISE = 1e-3 * np.random.default_rng(0).normal(size=BIAS.size)
HEADER = "bias (mV), G/G_N"
DIDV = ("--kind", "didv", "-T", T)
JUNCTION = (*DIDV, "--omega-max", 10, "--points", N, "--samples", 20, "--modulation-peak", math.sqrt(2) * RMS)


@pytest.fixture(scope="module")
def conductance():
    spectrum = Spectrum(OMEGA, A2F)
    sol = solve_gap(spectrum, T, mu_star=MU_STAR, omega_c=100.0, matsubara_cutoff=220.0)
    return np.asarray(differential_conductance(continue_gap(sol, spectrum, BIAS, broadening=BROADENING), T, RMS))


def write(path, *columns, header=HEADER):
    np.savetxt(path, np.column_stack(columns), header=header)
    return path


@pytest.fixture
def curve(tmp_path, conductance):
    return write(tmp_path / "curve.txt", BIAS, conductance + NOISE)


@pytest.mark.slow
def test_a_raw_curve_in_volts_with_its_normal_state(answer, conductance, tmp_path):
    """In siemens at biases of both signs, with everything about the junction but the temperature fitted."""
    bias = 1e-3 * np.concatenate([-BIAS[:0:-1], BIAS])
    normal = 2e-3 * (1 + 3.0 * bias + 60.0 * bias**2)
    both = np.concatenate([conductance[:0:-1], conductance])
    rng = np.random.default_rng(1)
    noisy = normal * (both + 1e-3 * rng.normal(size=bias.size))
    header = "bias (V), dI/dV (S)"
    write(tmp_path / "raw.txt", bias, noisy, header=header)
    write(tmp_path / "normal.txt", bias, normal * (1 + 1e-4 * rng.normal(size=bias.size)), header=header)
    write(tmp_path / "a2f.dat", OMEGA, A2F, header="omega (meV), a2F")
    options = ("--normal", "normal.txt", "--fit-mu-star", "--fit-scale", "--fit-offset")
    written = ("--plot", "a2f.png", "--compare", "a2f.dat", "--output", "found.dat")
    (one,) = answer("invert", "raw.txt", *JUNCTION, *options, *written)["results"]
    assert (one["ok"], one["converged"], one["determined"], one["notes"]) == (True, True, True, [])
    assert one["modulation_meV"] == pytest.approx(RMS)
    assert any("it is fitted" in notice for notice in one["notices"])
    exact = float(Spectrum(OMEGA, A2F).lambda_ep)
    for name, unit, truth, most in (
        ("lambda_ep", "", exact, 0.03),
        ("broadening", "_meV", BROADENING, 0.02),
        ("scale", "", 1.0, 1e-3),
        ("slope", "_per_meV", 0.0, 1e-4),
        ("curvature", "_per_meV2", 0.0, 1e-5),
        ("offset", "_meV", 0.0, 0.01),
        ("mu_star", "", MU_STAR, 0.02),
    ):
        std = one[f"{name}_std{unit}"]
        assert 0 < std < most
        assert abs(one[f"{name}{unit}"] - truth) < 5 * std  # of 20 samples
    assert 0 < one["T_c_std_K"] < 0.05
    assert (tmp_path / "a2f.png").stat().st_size > 10_000
    assert np.loadtxt(tmp_path / "found.dat").shape == (N, 3)


def test_a_wrong_model_is_converged_but_not_ok(run, answer, conductance, tmp_path):
    """The exit code is 4 exactly where `ok` is false, and the table says it."""
    write(tmp_path / "displaced.txt", BIAS, 1.01 * conductance + NOISE)
    options = ("displaced.txt", *JUNCTION, "--broadening", BROADENING, "--mu-star", MU_STAR)
    (one,) = answer("invert", *options, expect=4)["results"]
    assert (one["converged"], one["determined"], one["ok"]) == (True, True, False)
    assert any("--fit-scale" in note for note in one["notes"])
    assert (one["broadening_meV"], one["broadening_std_meV"], one["mu_star_std"]) == (BROADENING, 0, 0)
    shown = run("invert", *options, expect=4)
    assert "NO" in shown.stdout
    assert "--fit-scale" in shown.stderr
    (right,) = answer("invert", *options, "--fit-scale")["results"]
    assert right["ok"]
    assert right["scale"] == pytest.approx(1.01, abs=5 * right["scale_std"])


def test_a_normal_metal(answer, tmp_path):
    write(tmp_path / "normal.txt", BIAS, 1 + NOISE)
    for options in ((), ("--fit-scale", "--fit-offset", "--fit-mu-star", "--fit-broadening")):
        (one,) = answer("invert", "normal.txt", *JUNCTION, *options, expect=4)["results"]
        assert (one["determined"], one["ok"], one["T_c_K"]) == (False, False, None)
        assert "normal metal" in one["notes"][0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--modulation", 0.1, "--modulation-peak", 0.1), "--modulation and --modulation-peak"),
        (("--broadening", 0.1, "--fit-broadening"), "--broadening and --fit-broadening"),
        (("--mu-star", 0.1, "--fit-mu-star"), "--mu-star and --fit-mu-star"),
        (("--compare", "a2f.dat"), "--compare needs --plot"),
        (("--kind", "dos", "--unit", "mV"), "--unit: only with --kind didv"),
        (("--kind", "dos", "--modulation", 0.1), "--modulation: only with"),
        (("--kind", "gap", "--normal", "normal.txt"), "--normal: only with"),
        (("--kind", "gap", "--fit-scale"), "for conductances and densities of states"),
        (("--kind", "gap", "--fit-offset"), "for conductances and densities of states"),
        (("--unit", "parsec"), "parsec"),
    ],
)
def test_options_that_exclude_each_other(run, curve, options, words):
    said = run("invert", curve, *DIDV, *options, expect=2).output
    assert words in " ".join(said.replace("│", " ").split())


def refused(answer, *options):
    """The error of a file that is refused, after which nothing is written."""
    (one,) = answer("invert", *options, "--output", "out.h5", "--plot", "out.png", expect=3)["results"]
    return one["error"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda G: np.where(BIAS == 3.0, np.nan, G), "nan"),
        (lambda G: G - 1.0, "the conductance is negative"),
        (lambda G: 0 * G + 1, "constant"),
    ],
)
def test_curves_that_are_refused(answer, conductance, tmp_path, change, words):
    write(tmp_path / "bad.txt", BIAS, change(conductance + NOISE))
    error = refused(answer, "bad.txt", *JUNCTION)
    assert words in " ".join(map(str, error.values()))
    assert not list(tmp_path.glob("out.*"))


def test_without_an_answer_there_is_no_progress(run, tmp_path):
    write(tmp_path / "bad.txt", BIAS, np.full(BIAS.size, np.nan))
    shown = run("invert", "bad.txt", *JUNCTION, expect=3)
    assert shown.stdout == ""
    assert "T_c of" not in shown.stderr
    assert "inverted" not in shown.stderr


def test_too_few_points(answer, conductance, tmp_path):
    write(tmp_path / "short.txt", BIAS[::30], conductance[::30])
    error = refused(answer, "short.txt", *JUNCTION)
    assert "points" in " ".join(map(str, error.values())) or "energies" in " ".join(map(str, error.values()))
    assert not list(tmp_path.glob("out.*"))


def test_what_is_not_known(answer, curve, tmp_path):
    error = refused(answer, curve, "--kind", "didv", "--omega-max", 10)
    assert (error["what"], error["hint"]) == ("the temperature is not known", "Give it with -T, in kelvin.")
    error = refused(answer, curve, *DIDV, "--normal", curve)
    assert "same file" in error["what"]
    error = refused(answer, curve, *DIDV, "--unit", "uV")
    assert "meV" in " ".join(map(str, error.values()))  # the header says mV
    assert not list(tmp_path.glob("out.*"))


def test_an_energy_range_of_another_unit_and_a_huge_modulation(answer, curve, tmp_path):
    error = refused(answer, curve, "--kind", "didv", "-T", 300)
    assert "check the unit of the energies" in error["what"]
    error = refused(answer, curve, *DIDV, "--modulation", 1e3)
    assert "modulation" in error["what"]
    assert not list(tmp_path.glob("out.*"))


@pytest.mark.parametrize("modulation", [-0.1, "nan", "inf"])
def test_modulations_out_of_range(answer, curve, modulation):
    error = answer("invert", curve, *DIDV, "--modulation", modulation, expect=3)["error"]
    assert "--modulation" in error["what"]
