"""`diffeliash invert`: text and HDF5 in, spectra with error bars out."""

import json

import h5py
import jax
import numpy as np
import pytest

from diffeliash import Spectrum, continue_gap, solve_gap, solve_tc
from diffeliash.cli.inversion._invert_inputs import Request, read_measured
from diffeliash.data import hdf5_bytes, read_hdf5
from diffeliash.inverse import _inverter
from diffeliash.inverse._starting_point import choose_starting_point
from diffeliash.models import Checkpoint, Predictor, PredictorConfig, Setting, fit_standardization, write_checkpoint

N = 64
OMEGA = 10.0 * np.arange(1, N + 1) / N
A2F = 0.9 * np.exp(-(((OMEGA - 3.2) / 0.8) ** 2)) + 1.1 * np.exp(-(((OMEGA - 7.0) / 0.6) ** 2))
A2F[-1] = 0.0
ENERGIES = np.linspace(0, 35, 141)
GIVEN = ("-T", 3, "--broadening", 0.3, "--omega-max", 10, "--points", N)
NOISE = 2e-3


@pytest.fixture(scope="module")
def real():
    spectrum = Spectrum(OMEGA, A2F)
    return continue_gap(solve_gap(spectrum, 3.0), spectrum, ENERGIES, broadening=0.3)


@pytest.fixture
def gap_files(tmp_path, real):
    paths = []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        Re, Im = (part + NOISE * rng.normal(size=ENERGIES.size) for part in (np.real(real.Delta), np.imag(real.Delta)))
        paths.append(tmp_path / f"gap-{seed}.txt")
        np.savetxt(paths[-1], np.stack([ENERGIES, Re, Im], axis=1))
    return paths


@pytest.mark.slow
def test_several_files_and_bad_ones_among_them(answer, gap_files, tmp_path):
    bad = tmp_path / "bad.txt"
    bad.write_text("0 1 2\nnonsense\n")
    damaged = tmp_path / "damaged.h5"
    damaged.write_bytes(hdf5_bytes({"Delta_meV": (np.arange(9.0), "meV")}, {})[:-20])
    files = (*gap_files, bad, damaged)
    found = answer("invert", *files, *GIVEN, "--noise", NOISE, "--output", "all.h5", expect=3)["results"]
    assert "damaged.h5" in found[3]["error"]["where"]
    assert "bad.txt:1" in found[2]["error"]["where"]
    assert "'nonsense'" in found[2]["error"]["why"]
    exact = Spectrum(OMEGA, A2F)
    for number, one in enumerate(found[:2]):
        assert np.mean((np.array(one["a2f_low"]) <= A2F) & (np.array(one["a2f_high"]) >= A2F)) > 0.4
        np.testing.assert_allclose(one["omega_meV"], OMEGA)
        assert 1 - np.corrcoef(one["a2f"], A2F)[0, 1] < 3e-3
        assert abs(one["lambda_ep"] - float(exact.lambda_ep)) < 4 * one["lambda_ep_std"] < 0.2
        assert abs(one["omega_log_meV"] - float(exact.omega_log)) < 4 * one["omega_log_std_meV"]
        assert abs(one["T_c_K"] - float(solve_tc(exact))) < 4 * one["T_c_std_K"] < 0.1
        assert (one["converged"], one["determined"], one["mu_star"], one["omega_max_meV"]) == (True, True, 0.1, 10)
        assert len(one["a2f_std"]) == N
        arrays, attributes = read_hdf5(tmp_path / "all.h5")
        np.testing.assert_allclose(arrays[f"a2f_{number}"], one["a2f"])
        assert arrays[f"a2f_samples_{number}"].shape == (200, N)
        assert attributes[f"converged_{number}"]


def test_table_text_and_picture(run, gap_files, tmp_path):
    shown = run("invert", gap_files[0], *GIVEN, "--noise", NOISE, "--output", "a2f.dat", "--plot", "a2f.png")
    assert "lambda" in shown.stdout
    assert "+-" in shown.stdout
    table = np.loadtxt(tmp_path / "a2f.dat")
    assert table.shape == (N, 3)
    np.testing.assert_allclose(table[:, 0], OMEGA, rtol=1e-6)
    assert (tmp_path / "a2f.png").stat().st_size > 10_000


def test_a_network_gives_the_start(answer, gap_files, tmp_path, monkeypatch):
    setting = Setting(
        omega_max=10.0, n_points=N, n_energies=ENERGIES.size, T=3.0, mu_star=0.1, omega_c=100.0, matsubara_cutoff=220.0,
        broadening=0.3,
    )  # fmt: skip
    shape = PredictorConfig(input_size=2 * ENERGIES.size, hidden_sizes=(4,), output_size=N)
    rng = np.random.default_rng(0)
    scaling = fit_standardization(rng.normal(size=(5, 2 * ENERGIES.size)), A2F + 1e-3 * rng.normal(size=(5, N)))
    model = Predictor(shape, scaling, jax.random.key(0))  # answers little else than the mean, which is the truth
    (tmp_path / "run").mkdir()
    path = tmp_path / "run" / "model.ckpt"
    write_checkpoint(path, Checkpoint(model=model, config=shape, setting=setting, origin={}))
    seen = []

    def look(forward, measurement, measured, given):
        seen.append((given, choose_starting_point(forward, measurement, measured, given)))
        return seen[-1][1]

    monkeypatch.setattr(_inverter, "choose_starting_point", look)
    (one,) = answer("invert", gap_files[0], *GIVEN, "--noise", NOISE, "--run", "run")["results"]
    (without,) = answer("invert", gap_files[0], *GIVEN, "--noise", NOISE)["results"]
    ((given, start), (none, other)) = seen
    assert len(given) == 1
    np.testing.assert_allclose(given[0].a2f, A2F, atol=0.02)
    np.testing.assert_allclose(start, np.maximum(given[0].a2f[:-1], 0.0), atol=1e-12)
    assert len(none) == 0
    assert np.max(np.abs(other - start)) > 0.01
    np.testing.assert_allclose(one["a2f"], without["a2f"], atol=0.1 * np.max(one["a2f_std"]))
    dos = tmp_path / "dos.txt"
    np.savetxt(dos, np.stack([ENERGIES, np.ones(ENERGIES.size)], axis=1))
    (refused,) = answer("invert", dos, "--kind", "dos", *GIVEN, "--run", "run", expect=3)["results"]
    assert "does not predict a2F from such data" in refused["error"]["what"]


@pytest.mark.slow
def test_density_of_states(answer, real, tmp_path):
    dos = np.asarray(real.dos) + 1e-4 * np.random.default_rng(0).normal(size=ENERGIES.size)
    np.savetxt(tmp_path / "dos.txt", np.stack([ENERGIES, dos], axis=1))
    (one,) = answer("invert", "dos.txt", "--kind", "dos", *GIVEN, "--noise", 1e-4, "--plot", "dos.png")["results"]
    assert 1 - np.corrcoef(one["a2f"], A2F)[0, 1] < 5e-3
    assert (tmp_path / "dos.png").exists()


@pytest.mark.slow
def test_a_file_of_solve_says_all_by_itself(answer, run, tmp_path):
    np.savetxt(tmp_path / "a2f.dat", np.stack([OMEGA, A2F], axis=1))
    run("solve", "a2f.dat", "--unit", "meV", "-T", 3, "--broadening", 0.3, "--output", "gap.h5")
    (one,) = answer("invert", "gap.h5", "--points", N, "--noise", NOISE)["results"]
    assert (one["T_K"], one["omega_max_meV"], one["omega_c_meV"]) == (3, 10, 100)
    assert one["converged"]
    assert 1 - np.corrcoef(one["a2f"], A2F)[0, 1] < 1e-4


def test_a_normal_metal_is_not_determined(answer, tmp_path):
    rng = np.random.default_rng(0)
    np.savetxt(tmp_path / "gap.txt", np.column_stack([ENERGIES, NOISE * rng.normal(size=(ENERGIES.size, 2))]))
    (one,) = answer("invert", "gap.txt", *GIVEN, "--noise", NOISE, "--plot", "n.png", expect=4)["results"]
    assert (one["determined"], one["ok"], one["n_resolved"], one["T_c_K"]) == (False, False, 0, None)
    assert min(one["a2f_std"][4:-4]) > 1
    assert max(one["a2f_high"]) < 40
    assert one["a2f_low"][N // 2] < 2
    assert any("normal metal" in note for note in one["notes"])


def test_errors_that_are_larger_than_said_are_noticed(answer, gap_files, tmp_path):
    (one,) = answer("invert", gap_files[0], *GIVEN, "--noise", 0.85 * NOISE, expect=4)["results"]
    assert 1.2 < one["chi2"] < 1.6
    assert any("no a2F is consistent with these data" in note for note in one["notes"])
    (wide,) = answer("invert", gap_files[0], *GIVEN, "--noise", 3 * NOISE, "--samples", 20, "--output", "wide.h5")[
        "results"
    ]
    assert any("smaller than stated" in note for note in wide["notes"])
    assert wide["mu_star_std"] == 0
    arrays, attributes = read_hdf5(tmp_path / "wide.h5")
    assert arrays["a2f_samples"].shape == (20, N)
    np.testing.assert_allclose(arrays["a2f"], wide["a2f"])
    assert attributes["converged"] == wide["converged"]
    (right,) = answer("invert", gap_files[0], *GIVEN, "--noise", NOISE)["results"]
    assert right["notes"] == []
    assert (one["determined"], one["converged"], one["ok"]) == (True, True, False)


def test_what_is_missing_is_named(answer, run, gap_files, tmp_path):
    (one,) = answer("invert", gap_files[0], expect=3)["results"]
    assert (one["error"]["what"], one["error"]["hint"]) == (
        "the temperature is not known", "Give it with -T, in kelvin.",
    )  # fmt: skip
    (one,) = answer("invert", gap_files[0], "-T", 3, expect=3)["results"]
    assert "--fit-broadening" in one["error"]["hint"]
    run("invert", gap_files[0], *GIVEN, "--mu-star", 0.1, "--fit-mu-star", expect=2)
    for noise in (-1, 0, "nan"):
        error = answer("invert", gap_files[0], *GIVEN, "--noise", noise, expect=3)["error"]
        assert "--noise must be positive" in error["what"]
    error = answer("invert", gap_files[0], *GIVEN, "--mu-star", 2, expect=3)["error"]
    assert "--mu-star" in error["what"]
    error = answer("invert", *gap_files, *GIVEN, "--output", "a2f.dat", expect=3)["error"]
    assert ".h5" in error["hint"]
    error = answer("invert", gap_files[0], *GIVEN, "--run", tmp_path / "no-run", expect=3)["error"]
    assert "no-run" in json.dumps(error)
    assert not (tmp_path / "a2f.dat").exists()
    with h5py.File(tmp_path / "many.h5", "w"):
        pass
    (one,) = answer("invert", "many.h5", *GIVEN, expect=3)["results"]
    assert "many.h5" in one["error"]["where"]


@pytest.mark.parametrize(("kind", "columns"), [("gap", 2), ("dos", 1)])
def test_values_that_no_metal_has(run, tmp_path, kind, columns):
    np.savetxt(tmp_path / "huge.txt", np.stack([ENERGIES, *[1e300 + 0 * ENERGIES] * columns], axis=1))
    said = run("invert", "huge.txt", "--kind", kind, "-T", 3, "--broadening", 0.3, expect=3).stderr
    assert "reaches 1e+300" in said
    assert "Warning" not in said


@pytest.mark.slow
def test_another_sum_in_Z_is_told(run, tmp_path):
    np.savetxt(tmp_path / "a2f.dat", np.stack([OMEGA, A2F], axis=1))
    options = ("-T", 3, "--broadening", 0.3, "--z-sum", "infinite", "--output", "gap.h5")
    run("solve", "a2f.dat", "--unit", "meV", *options)
    request = Request(kind="gap", unit=None, normal=None, modulation=None, stated={}, fitted=frozenset())
    given = read_measured(tmp_path / "gap.h5", request).file
    assert given.z_sum == "InfiniteSum"
    assert "solved with 'InfiniteSum' for Z" in given.notices[-1]
