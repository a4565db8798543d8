"""`diffeliash predict` with a network that answers one spectrum, whatever it is asked: right once, wrong otherwise."""

import jax
import numpy as np
import pytest

from diffeliash import Spectrum, continue_gap, solve_gap
from diffeliash.models import Checkpoint, Predictor, PredictorConfig, Setting, fit_standardization, write_checkpoint

N, N_ENERGIES = 64, 141
OMEGA = 10.0 * np.arange(1, N + 1) / N
A2F = 0.9 * np.exp(-(((OMEGA - 3.2) / 0.8) ** 2)) + 1.1 * np.exp(-(((OMEGA - 7.0) / 0.6) ** 2))
A2F[-1] = 0.0
ENERGIES = np.linspace(0, 35, N_ENERGIES)


def checkpoint(path, a2f, task="gap-to-a2f"):
    size = N_ENERGIES if task == "dos-to-a2f" else 2 * N_ENERGIES
    setting = Setting(
        omega_max=10.0, n_points=N, n_energies=N_ENERGIES, T=3.0, mu_star=0.1, omega_c=100.0, matsubara_cutoff=220.0,
        broadening=0.3, task=task,
    )  # fmt: skip
    shape = PredictorConfig(input_size=size, hidden_sizes=(4,), output_size=N)
    rng = np.random.default_rng(0)
    scaling = fit_standardization(rng.normal(size=(5, size)), a2f + 1e-6 * rng.normal(size=(5, N)))
    model = Predictor(shape, scaling, jax.random.key(0))
    write_checkpoint(path, Checkpoint(model=model, config=shape, setting=setting, origin={}))


def gap_file(path, scale):
    spectrum = Spectrum(OMEGA, scale * A2F)
    real = continue_gap(solve_gap(spectrum, 3.0), spectrum, ENERGIES, broadening=0.3)
    np.savetxt(path, np.stack([ENERGIES, np.real(real.Delta), np.imag(real.Delta)], axis=1))
    np.savetxt(path.with_suffix(".dos"), np.stack([ENERGIES, real.dos], axis=1))


@pytest.fixture
def files(tmp_path):
    for name, scale in (("right", 1.0), ("strong", 2.0)):
        gap_file(tmp_path / f"{name}.dat", scale)
    checkpoint(tmp_path / "net.ckpt", A2F)
    return tmp_path


def test_an_answer_that_gives_back_the_gap_function(files, answer):
    (found,) = answer("predict", "net.ckpt", "right.dat")["results"]
    assert (found["ok"], found["notes"], found["converged"]) == (True, [], True)
    # the names of `invert`; a network without a posterior distribution has no error bars
    assert found["T_c_K"] > 3.0
    for name in ("lambda_ep_std", "omega_log_std_meV", "omega_2_std_meV", "T_c_std_K"):
        assert found[name] is None
    assert set(found["a2f_std"]) == set(found["a2f_low"]) == set(found["a2f_high"]) == {None}


@pytest.mark.slow
def test_one_that_does_not_is_exit_4_with_the_reasons(files, run, answer):
    (found,) = answer("predict", "net.ckpt", "strong.dat", expect=4)["results"]
    assert (found["ok"], found["converged"]) == (False, True)
    assert "the largest |Delta|" in " ".join(found["notes"])
    assert "note: strong.dat: the largest |Delta|" in run("predict", "net.ckpt", "strong.dat", expect=4).stderr
    checkpoint(files / "odd.ckpt", -A2F)
    (found,) = answer("predict", "odd.ckpt", "right.dat", expect=4)["results"]
    assert "is not positive" in found["notes"][0]
    assert "is not superconducting" in found["notes"][-1]
    np.savetxt(files / "zero.dat", np.stack([ENERGIES, 0 * ENERGIES, 0 * ENERGIES], axis=1))
    (found,) = answer("predict", "net.ckpt", "zero.dat", expect=4)["results"]
    assert "normal metal" in found["notes"][0]


@pytest.mark.slow
def test_densities_of_states(files, answer):
    checkpoint(files / "dos.ckpt", A2F, task="dos-to-a2f")
    assert answer("predict", "dos.ckpt", "right.dos")["results"][0]["ok"]
    np.savetxt(files / "flat.dos", np.stack([ENERGIES, 1 + 0 * ENERGIES], axis=1))
    assert not answer("predict", "dos.ckpt", "flat.dos", expect=4)["results"][0]["ok"]


@pytest.mark.slow
def test_a_function_of_another_setting_is_refused(files, run, answer):
    np.savetxt(files / "long.dat", np.stack([np.append(OMEGA, 20.0), np.append(A2F, 0.0)], axis=1))
    solve = ("--unit", "meV", "-T", 3, "--broadening", 0.3, "--output", "gap.h5")
    run("solve", files / "long.dat", *solve)
    error = answer("predict", "net.ckpt", "gap.h5", expect=3)["error"]
    assert "a Coulomb cutoff of 200 meV, a Matsubara cutoff of 440 meV, an a2F up to 20 meV" in error["what"]
    assert "a Coulomb cutoff of 100 meV, a Matsubara cutoff of 220 meV, an a2F up to 10 meV at 3 K" in error["why"]
    for command in (("predict", "net.ckpt"), ("invert", "-T", 3, "--broadening", 0.3)):
        with open(files / "far.dat", "w") as file:
            file.write((files / "right.dat").read_text() + "1e12 0 0\n")
        assert "1e+12 meV" in run(*command, "far.dat", expect=3).stderr
