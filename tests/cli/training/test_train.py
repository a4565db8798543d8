"""The main job from end to end, at the smallest size."""

import json
import shutil
import tomllib

import numpy as np
import pytest


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A data set and a run on it."""
    from typer.testing import CliRunner

    from diffeliash.cli._app import app

    folder = tmp_path_factory.mktemp("train")
    common = ("--json", "--seed", "1")
    data = CliRunner().invoke(app, ["generate", str(folder / "data"), "--num-samples", "80", *common])
    assert data.exit_code == 0, data.output
    args = ["train", str(folder / "data"), "--run", str(folder / "run"), "--epochs", "3", "--batch-size", "16"]
    run = CliRunner().invoke(app, [*args, "--max-labels", "20", "--equation-weight", "1", *common])
    assert run.exit_code == 0, run.output
    return folder, json.loads(data.stdout), json.loads(run.stdout)


def test_generate_reports_what_became_of_the_samples(made):
    _, data, _ = made
    assert {"n_requested", "n_kept", "n_normal", "n_rejected", "seconds", "digest"} <= set(data)
    assert data["n_requested"] == 80 == data["n_kept"] + data["n_normal"] + data["n_rejected"]


def test_train_leaves_a_complete_run(made):
    folder, data, run = made
    assert run["run"] == str(folder / "run")
    assert {"test_mse", "df_mean", "dg_mean"} <= set(run["metrics"])
    assert all(isinstance(value, int | float) for value in run["metrics"].values())
    files = {path.name for path in (folder / "run").iterdir()}
    pictures, state = {"history.png", "predictions.png"}, "state-000003.ckpt"
    assert files == {"model.ckpt", "config.toml", "metrics.json", "history.csv", state} | pictures
    assert len((folder / "run" / "history.csv").read_text().splitlines()) == 4
    assert json.loads((folder / "run" / "metrics.json").read_text())["data_digest"] == data["digest"]


@pytest.mark.slow
def test_resume(made, run, answer, tmp_path):
    folder, _, first = made
    copy = tmp_path / "copy"
    shutil.copytree(folder / "run", copy)
    assert answer("train", "--run", copy, "--resume")["metrics"] == first["metrics"]
    assert (copy / "model.ckpt").read_bytes() == (folder / "run" / "model.ckpt").read_bytes()
    assert "nor other options" in run("train", "--run", copy, "--resume", "--epochs", 4, expect=3).stderr
    assert "config.toml" in run("train", "--run", tmp_path, "--resume", expect=3).stderr
    config = copy / "config.toml"
    config.write_text(config.read_text().replace("batch_size = 16", "batch_size = 8"))
    assert "belongs to another run" in run("train", "--run", copy, "--resume", expect=3).stderr


def test_configurations(run, tmp_path):
    (tmp_path / "mine.toml").write_text("[train]\nepochs = 7\nnoise = 0.01\n")
    text = run(
        "train", "--config", "mine.toml", "--epochs", 9, "--seed", 5, "--num-samples", 77, "--print-config"
    ).stdout
    found = tomllib.loads(text)
    assert (found["train"]["epochs"], found["train"]["noise"], found["data"]["num_samples"]) == (9, 0.01, 77)
    assert (found["train"]["network"], found["train"]["hidden_sizes"]) == ("fully-connected", [500, 800])
    for options, network in (((), "inversion"), (("--task", "dos-to-a2f"), "fully-connected")):
        given = tomllib.loads(run("train", *options, "--print-config").stdout)["train"]
        assert given["network"] == network
    assert "inversion" in run("train", "--network", "inversoin", expect=2).stderr
    assert "needs gap functions" in run("train", "--network", "inversion", "--task", "dos-to-a2f", expect=3).stderr
    assert found["train"]["seed"] == found["data"]["seed"] == 5
    assert (
        tomllib.loads(run("train", "--preset", "paper-dos", "--print-config").stdout)["train"]["task"] == "dos-to-a2f"
    )
    assert "physics" in run("train", "--preset", "phisics", expect=2).stderr
    run("train", "--preset", "physics", "--config", "mine.toml", expect=3)
    assert {path.name for path in tmp_path.iterdir()} == {"mine.toml"}


def test_verify(made, run, answer):
    folder = made[0]
    assert answer("verify", folder / "data") == {"ok": True, "problems": []}
    run("verify", folder / "run" / "model.ckpt")
    run("verify", folder / "run")
    broken = folder / "run" / "state-000002.ckpt"
    broken.write_bytes((folder / "run" / "state-000003.ckpt").read_bytes()[:-50])
    run("verify", folder / "run", expect=6)
    broken.unlink()
    copy = folder / "copy.ckpt"
    content = bytearray((folder / "run" / "model.ckpt").read_bytes())
    content[-100] ^= 1
    copy.write_bytes(bytes(content))
    assert not answer("verify", copy, expect=6)["ok"]
    (folder / "gap.dat").write_text("0 1 0\n40 1 0\n")
    run("predict", copy, folder / "gap.dat", expect=6)
    run("verify", folder / "none", expect=3)


def gap_text(folder):
    from diffeliash import read_dataset

    dataset = read_dataset(folder / "data")
    return np.stack([dataset.omega_real, dataset.Delta[0].real, dataset.Delta[0].imag], axis=1)


def test_predict_from_text(made, run, answer, tmp_path):
    folder = made[0]
    np.savetxt(tmp_path / "gap.dat", gap_text(folder))
    result = answer("predict", folder / "run", tmp_path / "gap.dat", "--output", "a2f.dat")["results"][0]
    assert len(result["omega_meV"]) == len(result["a2f"]) == 1000
    assert result["omega_meV"][-1] == pytest.approx(10.0)
    assert (tmp_path / "gap-run-a2f.png").read_bytes().startswith(b"\x89PNG")
    test = made[2]["metrics"]
    assert (result["test_1_minus_pcc"], result["test_recomputed_1_minus_pcc"]) == (test["df_mean"], test["dg_mean"])
    np.testing.assert_allclose(np.loadtxt(tmp_path / "a2f.dat")[:, 1], result["a2f"], rtol=1e-6, atol=1e-8)
    said = run("predict", folder / "run", tmp_path / "gap.dat")
    assert "does not state" in said.stderr
    assert f"on its own test set: 1 - PCC {test['df_mean']:.2e} (a2F" in said.stdout
    shutil.copy(folder / "run" / "model.ckpt", tmp_path)
    assert answer("predict", "model.ckpt", "gap.dat")["results"][0]["test_1_minus_pcc"] == test["df_mean"]
    assert (tmp_path / "gap-model-a2f.png").exists()


@pytest.mark.slow
def test_predict_from_a_solution_at_another_scale(made, answer, tmp_path, spectrum_file):
    # energies five times as large at five times the temperature
    data = np.loadtxt(spectrum_file)
    np.savetxt(tmp_path / "large.dat", data * [5, 1])
    common = ("--unit", "meV", "--mu-star", 0.1)
    answer("solve", spectrum_file, *common, "-T", 1.16, "--broadening", 0.1, "--output", "small.h5")
    answer("solve", tmp_path / "large.dat", *common, "-T", 5.8, "--broadening", 0.5, "--output", "large.h5")
    folder = made[0]
    small = answer("predict", folder / "run", tmp_path / "small.h5")["results"][0]
    large = answer("predict", folder / "run", tmp_path / "large.h5")["results"][0]
    assert large["omega_meV"][-1] == pytest.approx(50.0)
    # networks are single precision
    np.testing.assert_allclose(large["a2f"], small["a2f"], atol=1e-4 * max(small["a2f"]))


@pytest.mark.slow
def test_predict_from_a_density_of_states(made, run, answer, tmp_path):
    from diffeliash import read_dataset

    folder = made[0]
    answer("train", folder / "data", "--run", "run", "--task", "dos-to-a2f", "--epochs", 1, "--batch-size", 16)
    dataset = read_dataset(folder / "data", ("a2f", "dos"))
    np.savetxt(tmp_path / "dos.dat", np.stack([dataset.omega_real, dataset.fields["dos"][0]], axis=1))
    result = answer("predict", "run", "dos.dat")["results"][0]
    assert len(result["a2f"]) == 1000
    assert 0 < result["recomputed_1_minus_pcc"] < 0.5
    np.savetxt(tmp_path / "gap.dat", gap_text(folder))
    assert "density of states needs two" in run("predict", "run", "gap.dat", expect=3).stderr


def test_predict_refuses_other_settings(made, run, tmp_path):
    folder = made[0]
    table = gap_text(folder)
    np.savetxt(tmp_path / "gap.dat", table)
    np.savetxt(tmp_path / "short.dat", table[:50])
    np.savetxt(tmp_path / "two.dat", table[:, :2])
    assert "--broadening 0.1" in run("predict", folder / "run", "gap.dat", "--broadening", 0.3, expect=3).stderr
    assert "needs" in run("predict", folder / "run", "gap.dat", "-T", 5, "--broadening", 0.1, expect=3).stderr
    assert "covers" in run("predict", folder / "run", "short.dat", expect=3).stderr
    assert "three" in run("predict", folder / "run", "two.dat", expect=3).stderr
    run("predict", folder / "none", "gap.dat", expect=3)
    run("predict", folder / "run", "gap.dat", "--plot", "a2f.txt", expect=3)
    run("predict", folder / "run", "gap.dat", "--output", "gap.dat", expect=3)


@pytest.mark.slow
def test_train_without_data_makes_some_and_numbers_its_runs(run, tmp_path):
    args = ("train", "--num-samples", 60, "--epochs", 2, "--batch-size", 8)
    result = run(*args)
    assert "1 - PCC" in result.stdout
    assert "making a data set" in result.stderr
    assert (tmp_path / "runs" / "001" / "data" / "manifest.json").exists()
    assert (tmp_path / "runs" / "001" / "predictions.png").exists()


@pytest.mark.slow
def test_a_refused_run_leaves_nothing_and_can_be_tried_again(made, run, answer, tmp_path, monkeypatch):
    data = made[0] / "data"
    (tmp_path / "mine").mkdir()
    refused = ("train", data, "--run", "mine", "--epochs", 1, "--batch-size")
    assert "do not fill one batch" in answer(*refused, 10_000, expect=3)["error"]["what"]
    assert "do not fill" in run("train", "--num-samples", 40, "--batch-size", 640, "--run", "a/b/c", expect=3).stderr
    assert "at least 20 labels" in run("train", "--max-labels", 5, "--run", "a/b/c", expect=3).stderr
    plain = ("--network", "fully-connected")
    assert "5 labels" in run("train", *plain, "--max-labels", 5, "--run", "a/b/c", expect=3).stderr
    kept = ("train", *plain, "--num-samples", 50, "--batch-size", 40, "--epochs", 1, "--run", "a/b/c", "--json")
    assert "training samples do not fill" in run(*kept, expect=3).stderr  # not all of 50 samples are kept
    labels = ("train", data, *plain, "--run", "a", "--batch-size", 16, "--max-labels", 5)
    assert "5 labels do not fill one batch of 16" in run(*labels, expect=3).stderr
    run("train", "--num-samples", 20, "--batch-size", 4, "--config", "none.toml", expect=3)
    assert sorted(tmp_path.iterdir()) == [tmp_path / "mine"]
    assert list((tmp_path / "mine").iterdir()) == []
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    assert "not empty" in run(*refused, 16, expect=5).stderr
    (tmp_path / "mine" / "notes.txt").unlink()
    assert (answer(*refused, 16)["run"], (tmp_path / "mine" / "model.ckpt").exists()) == ("mine", True)


@pytest.mark.slow
def test_divergence_is_told_from_bad_input_and_leaves_only_data_that_are_whole(made, run, answer, tmp_path):
    diverges = ("--epochs", 2, "--batch-size", 8, "--learning-rate", 1e30)
    answer_ = answer("train", made[0] / "data", "--run", "one", *diverges, expect=4)
    assert set(answer_["error"]) == {"what", "where", "why", "hint"}
    assert "diverged in epoch 1" in answer_["error"]["what"]
    assert list(tmp_path.iterdir()) == []
    own = ("train", "--num-samples", 60, "--run", "two")
    assert "the data set in two/data is complete and kept" in run(*own, *diverges, expect=4).stderr
    assert [path.name for path in (tmp_path / "two").iterdir()] == ["data"]
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "two" / "data").glob("*.h5")}
    others = run("train", "--num-samples", 50, "--run", "two", "--batch-size", 8, expect=3).stderr
    assert "another data set" in others
    assert [path.name for path in (tmp_path / "two").iterdir()] == ["data"]
    assert answer(*own, "--epochs", 1, "--batch-size", 8)["run"] == "two"
    assert before == {path.name: path.stat().st_mtime_ns for path in (tmp_path / "two" / "data").glob("*.h5")}
    assert (tmp_path / "two" / "model.ckpt").exists()


@pytest.mark.slow
def test_an_interrupted_run_keeps_what_it_needs_to_go_on(made, run, tmp_path, monkeypatch):
    from diffeliash.cli.training import _train

    def stop(*args):
        raise SystemExit(143)

    monkeypatch.setattr(_train, "write_results", stop)
    run("train", made[0] / "data", "--run", "one", "--epochs", 1, "--batch-size", 16, expect=143)
    monkeypatch.undo()
    assert {"config.toml", "model.ckpt"} < {path.name for path in (tmp_path / "one").iterdir()}
    run("train", "--run", tmp_path / "one", "--resume")


@pytest.mark.parametrize("where", ["node", "node:99999,2,0", ":123,2,0", "node:123,2,2", "node:123,2"])
def test_addresses_that_cannot_be_are_refused_at_once(run, where):
    assert "ADDRESS:PORT,COUNT,INDEX" in run("train", "data", "--run", "run", "--distributed", where, expect=3).stderr


def test_nothing_is_overwritten(made, run):
    folder = made[0]
    assert "cannot be given with DATA" in run("train", folder / "data", "--num-samples", 10, expect=3).stderr
    run("train", folder / "data", "--run", folder / "run", expect=5)
    run("generate", folder / "data", "--num-samples", 4, expect=5)


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("train", "nowhere"), 3),
        (("train", "--epochs", 0), 3),
        (("train", "--solver-weight", -1), 3),
        (("train", "--solver-weight", -1, "--task", "gap"), 2),
        (("generate", "out", "--num-samples", 0), 3),
        (("generate", "out", "--mu-star", 3), 3),
        (("generate", "out", "--family", "unknown"), 2),
        (("generate", "out", "--num-samples", 16, "--device", "gpu"), 8),
    ],
)
def test_exit_codes(run, tmp_path, args, code):
    import jax

    if code == 8 and jax.default_backend() == "gpu":
        pytest.skip("this machine has a GPU")
    run(*args, expect=code)
    assert not (tmp_path / "out").exists()
