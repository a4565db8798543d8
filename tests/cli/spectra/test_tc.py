import json

import numpy as np
import pytest
from typer.testing import CliRunner

from diffeliash import read_spectrum, solve_tc
from diffeliash._inputs import _standard_input
from diffeliash.cli._app import app


def test_the_contracts_keys_and_the_librarys_numbers(answer, spectrum_file):
    result = answer("tc", spectrum_file, "--unit", "meV", "--mu-star", 0.12, "--omega-c", 60)["results"][0]
    keys = "file lambda_ep omega_log_meV omega_2_meV T_c_K T_c_allen_dynes_K mu_star omega_c_meV converged"
    assert set(keys.split()) <= set(result)
    expected = solve_tc(read_spectrum(spectrum_file, unit="meV"), mu_star=0.12, omega_c=60.0)
    assert result["T_c_K"] == pytest.approx(float(expected), rel=1e-12)
    assert result["lambda_ep"] == pytest.approx(1.3, rel=1e-9)
    assert (result["omega_c_meV"], result["matsubara_cutoff_meV"]) == (60.0, 220.0)


def test_a_table_for_people(run, spectrum_file):
    head, row = run("tc", spectrum_file, "--unit", "meV").stdout.splitlines()
    assert "T_c [K]" in head
    assert row.startswith(str(spectrum_file))


def test_good_files_are_answered_beside_bad_ones(answer, run, spectrum_file, tmp_path):
    (tmp_path / "bad.dat").write_text("1 0.1\n2 nan\n")
    args = ("tc", tmp_path / "bad.dat", spectrum_file, tmp_path / "none", "--unit", "meV")
    bad, good, missing = answer(*args, expect=3)["results"]
    assert good["T_c_K"] > 1
    assert set(bad["error"]) == {"what", "where", "why", "hint"}
    assert bad["error"]["where"].endswith("bad.dat:2")
    assert missing["error"]["what"] == "no such file"
    assert run(*args, expect=3).stderr.count("error:") == 2


def test_a_normal_metal_is_an_answer(run, answer, tmp_path):
    (tmp_path / "weak.dat").write_text("".join(f"{w} {0.001 * w}\n" for w in range(1, 11)))
    result = answer("tc", tmp_path / "weak.dat", "--unit", "meV")["results"][0]
    assert result["T_c_K"] == 0
    assert result["converged"]
    told = run("tc", tmp_path / "weak.dat", "--unit", "meV")
    assert "normal" in told.stdout
    assert "no superconductivity down to" in told.stderr


def test_cutoffs_that_do_not_do_what_they_say_are_told(run, spectrum_file):
    assert "mu* acts only up to" in run("tc", spectrum_file, "--unit", "meV", "--omega-c", 500).stderr


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("--mu-star", 7), 3),
        (("--matsubara-cutoff", 1), 3),
        (("--matsubara-cutoff", 1e7), 3),
        (("--omega-c", 1), 3),
        (("--column", 5), 3),
        (("--unit", "furlong"), 2),
        (("--nonsense",), 2),
        (("--mu-star", "high"), 2),
    ],
)
def test_exit_codes(run, spectrum_file, args, code):
    unit = () if "--unit" in args else ("--unit", "meV")
    run("tc", spectrum_file, *unit, *args, expect=code)


@pytest.mark.slow
def test_files_on_different_grids_in_one_call(answer, spectrum_file, tmp_path):
    text = spectrum_file.read_text().splitlines()
    (tmp_path / "short.dat").write_text("\n".join(text[: len(text) * 4 // 5]))
    (tmp_path / "weak.dat").write_text("".join(f"{w} {0.001 * w * (10 - w)}\n" for w in range(1, 11)))
    args = ("tc", spectrum_file, tmp_path / "short.dat", tmp_path / "weak.dat", "--unit", "meV", "--csv", "tc.csv")
    together = answer(*args)["results"]
    for each in together:
        alone = float(solve_tc(read_spectrum(each["file"], unit="meV")))
        assert each["T_c_K"] == pytest.approx(alone, rel=1e-10)
    rows = (tmp_path / "tc.csv").read_text().splitlines()
    assert len(rows) == 4
    assert float(rows[1].split(",")[rows[0].split(",").index("T_c_K")]) == together[0]["T_c_K"]


def test_eigenvalues_at_temperatures(answer, run, spectrum_file, tmp_path):
    T_c = answer("tc", spectrum_file, "--unit", "meV")["results"][0]["T_c_K"]
    result = answer("tc", spectrum_file, "--unit", "meV", "-T", f"1,{T_c},20")["results"][0]
    assert result["T_K"] == [1.0, T_c, 20.0]
    assert result["eta"][1] == pytest.approx(1.0, abs=1e-7)
    assert result["eta"][0] > 1 > result["eta"][2]
    assert "eta(20 K)" in run("tc", spectrum_file, "--unit", "meV", "-T", 20, "--csv", "tc.csv").stdout
    assert "eta_20_K" in (tmp_path / "tc.csv").read_text()


def test_the_sum_in_Z_to_infinity(answer, spectrum_file):
    truncated, infinite = (
        answer("tc", spectrum_file, "--unit", "meV", "--z-sum", name)["results"][0]["T_c_K"]
        for name in ("truncated", "infinite")
    )
    assert 1e-4 < truncated / infinite - 1 < 1e-2


def test_a_temperature_without_an_answer_leaves_the_others(answer, run, spectrum_file):
    result = answer("tc", spectrum_file, "--unit", "meV", "-T", "2,1e5")["results"][0]
    assert result["eta"][0] > 1
    assert result["eta"][1] is None
    assert result["T_c_K"] > 1
    assert "no eigenvalue at 100000 K" in run("tc", spectrum_file, "--unit", "meV", "-T", "1e5").stderr
    run("tc", spectrum_file, "--unit", "meV", "-T", 0, expect=3)


def test_a_file_of_many_spectra(answer, run, spectrum_file, tmp_path):
    omega, a2f = np.loadtxt(spectrum_file).T
    records = [{"name": f"m{n}", "Freq_meV": omega.tolist(), "a2F": (n * a2f).tolist()} for n in (1, 0.5, -1)]
    (tmp_path / "many.json").write_text(json.dumps(records))
    alone = answer("tc", spectrum_file, "--unit", "meV")["results"][0]
    first, second, bad, last = answer("tc", tmp_path / "many.json", spectrum_file, "--unit", "meV", expect=3)["results"]
    assert [each.get("key") for each in (first, second, bad, last)] == ["m1", "m0.5", "m-1", None]
    assert {each["file"] for each in (first, second, bad)} == {str(tmp_path / "many.json")}
    assert bad["error"]["what"] == "a2F is nowhere positive"
    assert first["T_c_K"] == pytest.approx(alone["T_c_K"], rel=1e-12)
    assert second["lambda_ep"] == pytest.approx(first["lambda_ep"] / 2)
    (one,) = answer("tc", tmp_path / "many.json", "--key", "m0.5", "--csv", "one.csv")["results"]
    assert one["T_c_K"] == pytest.approx(second["T_c_K"], rel=1e-12)
    assert "many.json[m0.5]" in run("tc", tmp_path / "many.json", "--key", 1).stdout
    run("tc", tmp_path / "many.json", spectrum_file, "--unit", "meV", "--csv", "all.csv", expect=3)
    assert [row.split(",")[:2] for row in (tmp_path / "all.csv").read_text().splitlines()[1:]] == [
        [str(tmp_path / "many.json"), "m1"], [str(tmp_path / "many.json"), "m0.5"], [str(spectrum_file), ""],
    ]  # fmt: skip


def test_standard_input(answer, spectrum_file):
    alone = answer("tc", spectrum_file, "--unit", "meV")["results"][0]
    _standard_input.cache_clear()
    result = CliRunner().invoke(app, ["tc", "-", "--unit", "meV", "--json"], input=spectrum_file.read_bytes())
    _standard_input.cache_clear()
    assert json.loads(result.stdout)["results"] == [alone | {"file": "-"}]


def test_a_folder_in_place_of_a2f(run, tmp_path):
    (tmp_path / "pb.a2f").write_text("1 2\n")
    assert "Did you mean" in run("tc", tmp_path, expect=3).stderr
