import h5py
import numpy as np
import pytest

from diffeliash import FullMatsubara, Newton, continue_gap, gap_edge, read_spectrum, solve_gap

from ...cases import gaussian_peak
from ...conftest import rest_slow


def test_the_contracts_keys_and_the_librarys_numbers(answer, spectrum_file):
    results = answer("solve", spectrum_file, "--unit", "meV", "-T", 1.5, "-T", 3)["results"]
    assert [result["T_K"] for result in results] == [1.5, 3.0]
    keys = "file T_K Delta_iw0_meV Z_iw0 gap_edge_meV superconducting converged residual"
    assert set(keys.split()) <= set(results[0])
    sol = solve_gap(read_spectrum(spectrum_file, unit="meV"), 3.0, frequencies=FullMatsubara(), solver=Newton())
    assert results[1]["Delta_iw0_meV"] == pytest.approx(float(sol.Delta[0]), rel=1e-12)
    assert results[1]["gap_edge_meV"] == pytest.approx(float(gap_edge(sol, sol.spectrum)), rel=1e-6)


@pytest.mark.slow
def test_normal_state_has_no_gap_edge(answer, spectrum_file):
    result = answer("solve", spectrum_file, "--unit", "meV", "-T", 50)["results"][0]
    assert result["gap_edge_meV"] is None
    assert (result["superconducting"], result["converged"], result["Delta_iw0_meV"]) == (False, True, 0.0)


def test_output_and_picture(run, spectrum_file, tmp_path):
    run("solve", spectrum_file, "--unit", "meV", "-T", 2, "--output", "gap.h5", "--plot", "gap.png")
    with h5py.File(tmp_path / "gap.h5") as file:
        assert file["Delta_meV"].attrs["unit"] == "meV"
        assert file.attrs["T_K"] == 2.0
        sol = solve_gap(read_spectrum(spectrum_file, unit="meV"), 2.0, frequencies=FullMatsubara(), solver=Newton())
        np.testing.assert_allclose(file["Delta_iw_meV"], sol.Delta, rtol=1e-12)
        real = continue_gap(sol, sol.spectrum, file["omega_real_meV"][:50], broadening=file.attrs["broadening_meV"])
        np.testing.assert_allclose(file["Delta_meV"][:50], real.Delta, rtol=1e-8)
        np.testing.assert_allclose(file["dos"][:50], real.dos, rtol=1e-7)
        assert 0 < file.attrs["continuation_error"] <= 1e-8
        both = file.attrs["continuation_error"] + file.attrs["sampling_error"]
        assert file.attrs["real_axis_error"] == pytest.approx(both, rel=1e-12)
        assert 0 < file.attrs["cauchy_residual"] < 1e-4
    assert (tmp_path / "gap.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("-T", 0), 3),
        (("-T", "nan"), 3),
        (("-T", 1, "--broadening", -1), 3),
        (("-T", 1, "--broadening", 1e-9), 3),
        (("-T", 1, "--pade-points", 12), 3),
        (("-T", 1, "--method", "pade", "--pade-points", 1), 3),
        (("-T", 1, "--plot", "gap.docx"), 3),
        (("-T", "1:2"), 2),
        (("-T", 1e6, "--matsubara-cutoff", 220), 3),
        (("-T", 40, "--broadening", 1e6), 3),
        (("-T", 1, "--method", "pade", "--pade-points", 100000), 3),
        (("-T", 40, "--csv", "none/gap.csv"), 5),
        (("-T", 40, "--csv", "gap.png", "--plot", "gap.png"), 3),
        (("-T", 40, "--converge-cutoff", 7), 3),
        (("-T", 1e-5), 3),
        (("-T", 40, "--output", "none/gap.h5"), 5),
        (("-T", 40, "--output", "peak.dat"), 3),
        (("-T", 40, "--output", "gap.png", "--plot", "gap.png"), 3),
        ((), 2),
    ],
)
def test_exit_codes(run, spectrum_file, tmp_path, args, code):
    before = spectrum_file.read_bytes()
    run("solve", spectrum_file, "--unit", "meV", *args, expect=code)
    assert spectrum_file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["peak.dat"]


@pytest.mark.slow
def test_a_range_of_temperatures_for_two_files_beside_a_bad_one(answer, spectrum_file, tmp_path):
    text = spectrum_file.read_text().splitlines()
    (tmp_path / "short.dat").write_text("\n".join(text[: len(text) * 4 // 5]))
    (tmp_path / "bad.dat").write_text("1 0.1\n2 nan\n")
    files = ("peak.dat", "bad.dat", "short.dat")
    args = (
        "solve",
        *files,
        "--unit",
        "meV",
        "-T",
        "2:1:-1,4",
        "--csv",
        "gap.csv",
        "--plot",
        "T.svg",
        "--output",
        "gap.h5",
    )
    results = answer(*args, expect=3)["results"]
    assert [(each["file"], each["T_K"]) for each in results] == [(f, T) for f in files for T in (2.0, 1.0, 4.0)]
    assert all(("error" in each) == (each["file"] == "bad.dat") for each in results)
    gaps = [each["Delta_iw0_meV"] for each in results[:3]]
    assert gaps[2] < gaps[0] < gaps[1]
    sol = solve_gap(read_spectrum(tmp_path / "short.dat", unit="meV"), 2.0, frequencies=FullMatsubara())
    assert results[6]["Delta_iw0_meV"] == pytest.approx(float(sol.Delta[0]), rel=1e-10)
    assert "T_c" in (tmp_path / "T.svg").read_text()
    rows = (tmp_path / "gap.csv").read_text().splitlines()
    assert len(rows) == 1 + 6
    assert float(rows[1].split(",")[rows[0].split(",").index("Delta_iw0_meV")]) == results[0]["Delta_iw0_meV"]
    with h5py.File(tmp_path / "gap.h5") as file:
        assert [file.attrs[f"T_K_{i}"] for i in range(6)] == [2.0, 1.0, 4.0] * 2


def test_a_bad_temperature_harms_no_other(answer, spectrum_file):
    results = answer("solve", spectrum_file, "--unit", "meV", "-T", "3,-1,2", expect=3)["results"]
    assert ["error" in each for each in results] == [False, True, False]


@pytest.mark.slow
def test_the_cutoff_is_raised_until_the_gap_stops_moving(answer, spectrum_file):
    args = ("solve", spectrum_file, "--unit", "meV", "-T", 3)
    fixed, raised = (answer(*args, *more)["results"][0] for more in ((), ("--converge-cutoff", 1e-3)))
    assert raised["matsubara_cutoff_meV"] > fixed["matsubara_cutoff_meV"]
    assert 0 < raised["cutoff_change"] < 1e-3
    assert raised["Delta_iw0_meV"] == pytest.approx(fixed["Delta_iw0_meV"], rel=3e-3)


@pytest.mark.slow
def test_very_low_temperatures(answer, spectrum_file):
    args = ("solve", spectrum_file, "--unit", "meV", "--broadening", 0.05, "-T")
    low, limit = (answer(*args, T)["results"][0] for T in (0.02, 0.4))
    assert low["n_frequencies"] > FullMatsubara.largest
    assert low["converged"]
    assert low["Delta_iw0_meV"] == pytest.approx(limit["Delta_iw0_meV"], rel=1e-3)
    # the limit of low temperatures, but for what whole frequencies count at the cutoffs
    assert low["gap_edge_meV"] == pytest.approx(limit["gap_edge_meV"], rel=1e-4)
    assert low["gap_ratio"] == pytest.approx(2 * low["gap_edge_meV"] / (0.08617333262 * low["T_c_K"]), rel=1e-12)


@pytest.mark.slow
def test_a_pade_approximant_on_request_tells_what_it_is_worth(run, answer, spectrum_file):
    args = ("solve", spectrum_file, "--unit", "meV", "-T", 1, "--method", "pade")
    assert "Pade" in run(*args).stderr
    exact, pade, few = (answer(*args, *more)["results"][0] for more in (("--method", "msc"), (), ("--pade-points", 12)))
    assert pade["real_axis_error"] > 1e-3 > 1e-8 >= exact["continuation_error"]
    assert pade["cauchy_residual"] is None
    assert few["real_axis_error"] != pade["real_axis_error"]
    assert pade["gap_edge_meV"] == pytest.approx(exact["gap_edge_meV"], rel=1e-3)


@pytest.mark.slow
def test_agreement_by_chance_is_no_accuracy(run, answer, spectrum_file):
    args = ("solve", spectrum_file, "--unit", "meV", "-T", 1, "--method", "pade", "--pade-points", 3)
    (found,) = answer(*args)["results"]
    said = run(*args).stderr
    assert f"differ by up to {100 * found['real_axis_error']:.2g} % of its maximum" in said
    assert "true error can be many times larger; --method msc is exact" in said
    assert "--method msc" not in run("solve", spectrum_file, "--unit", "meV", "-T", 1).stderr


@pytest.mark.slow
def test_the_user_is_told_when_a2f_has_too_few_points(run, answer, tmp_path):
    for n in (20, 400):
        peak = gaussian_peak(1.3, n=n)
        np.savetxt(tmp_path / f"{n}.dat", np.stack([peak.omega, peak.a2f], axis=1))
    few, many = answer("solve", "20.dat", "400.dat", "--unit", "meV", "-T", 1)["results"]
    assert few["sampling_error"] > 1e-2 > 1e-3 > many["sampling_error"] > 0
    assert few["real_axis_error"] == pytest.approx(few["sampling_error"] + few["continuation_error"], rel=1e-12)
    told = run("solve", "20.dat", "400.dat", "--unit", "meV", "-T", 1).stderr
    assert "because a2F has only 20 points: give it on a finer grid" in told.replace("\n", " ")
    assert "400 points" not in told


@pytest.mark.parametrize("more", rest_slow([[], ["--converge-cutoff", 1e-2], ["--method", "pade"]]))
def test_temperatures_above_every_cutoff_are_normal(run, answer, spectrum_file, tmp_path, more):
    args = ("solve", spectrum_file, "--unit", "meV", "-T", "2,1000,1e6", *more)
    cold, hot, hottest = answer(*args, "--output", "gap.h5", "--plot", "gap.png", "--csv", "gap.csv")["results"]
    assert cold["superconducting"]
    for result, T in ((hot, 1e3), (hottest, 1e6)):
        assert (result["superconducting"], result["converged"]) == (False, True)
        assert (result["Delta_iw0_meV"], result["gap_edge_meV"], result["T_c_K"]) == (0.0, None, cold["T_c_K"])
        assert result["matsubara_cutoff_meV"] >= 8 * np.pi * 0.08617333262 * T > 220
        # what is left of Z at the lowest frequency are thermal bosons
        assert result["Z_iw0"] == pytest.approx(1 + 1.3, rel=1e-3)
    if not more:
        assert cold["matsubara_cutoff_meV"] == 220
    with h5py.File(tmp_path / "gap.h5") as file:
        np.testing.assert_array_equal(file["dos_1"], 1.0)
    told = run(*args).stderr.replace("\n", " ")
    assert "no Matsubara frequency lies below the default cutoff of 220 meV at 1000, 1e+06 K: it was raised" in told


@pytest.mark.slow
def test_a_broadening_beyond_a2f_is_noticed(run, spectrum_file):
    args = ("solve", spectrum_file, "--unit", "meV", "-T", 40, "--broadening")
    assert "broadening is larger than all energies of a2F (up to 10 meV)" in run(*args, 15).stderr.replace("\n", " ")
    assert "broadening is larger" not in run(*args, 1).stderr


@pytest.mark.parametrize("value", ["1e300", "1e308"])
def test_values_that_nobody_has(run, tmp_path, value):
    rows = [f"{w} {value if w == 5 else 0.1}" for w in range(1, 11)]
    (tmp_path / "wild.dat").write_text("\n".join(rows))
    for command in (("solve", "-T", 3), ("tc",)):
        told = run(*command, "wild.dat", "--unit", "meV", expect=3).stderr
        assert "these values cannot be a2F: its coupling constant would be" in told.replace("\n", " ")
