import json

import numpy as np


def test_two_tables(run, answer, tmp_path):
    numbers = np.random.default_rng(0).normal(size=(200, 4))
    np.savez(tmp_path / "two.npz", inputs=numbers[:, :1] @ np.ones((1, 5)), outputs=numbers @ np.eye(4, 9))
    args = ("reduce", "two.npz", "--epochs", 40, "--batch-size", 8, "--latent-sizes", "1,4", "--run", "out")
    found = answer(*args)["metrics"]
    assert (found["verdict"], found["inputs_latent_size"], found["outputs_latent_size"]) == ("reduced", 1, 4)
    folder = tmp_path / "out"
    checkpoints = {"predictor.ckpt", "new-predictor.ckpt", "autoencoder.ckpt"}
    assert {path.name for path in folder.iterdir()} == checkpoints | {"reduced.npz", "metrics.json", "reduction.png"}
    assert json.loads((folder / "metrics.json").read_text()) == found
    assert np.load(folder / "reduced.npz")["outputs"].shape == (200, 9)
    for name in checkpoints:
        run("verify", folder / name)
    np.savetxt(tmp_path / "gap.dat", np.ones((5, 3)))
    assert "does not answer" in run("predict", folder / "predictor.ckpt", "gap.dat", expect=3).stderr
    run(*args, expect=5)


def test_bad_files(run, tmp_path):
    np.savez(tmp_path / "one.npz", inputs=np.ones((20, 2)))
    (tmp_path / "text.npz").write_text("no")
    for path in ("one.npz", "text.npz", "none.npz"):
        run("reduce", path, expect=3)
    np.savez(tmp_path / "complex.npz", inputs=1j * np.ones((20, 2)), outputs=np.ones((20, 3)))
    assert "side by side" in run("reduce", "complex.npz", expect=3).stderr
    np.savez(tmp_path / "two.npz", inputs=np.ones((20, 2)), outputs=np.ones((20, 3)))
    run("reduce", "two.npz", "--latent-sizes", "2,x", expect=3)
    run("reduce", "two.npz", "--latent-sizes", "2,1", expect=3)
    assert {path.name for path in tmp_path.iterdir()} == {"one.npz", "text.npz", "complex.npz", "two.npz"}
