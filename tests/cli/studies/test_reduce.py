import io
import json
import os
import tracemalloc
import zipfile

import numpy as np
import pytest

from diffeliash import InputError
from diffeliash.cli.studies._reduce import _read_npz


@pytest.mark.slow
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
    assert "does not predict a2F" in run("predict", folder / "predictor.ckpt", "gap.dat", expect=3).stderr
    run(*args, expect=5)


def test_the_smallest_tables(answer, tmp_path):
    """What one epoch makes of them decides nothing, but everything is written."""
    numbers = np.random.default_rng(0).normal(size=(60, 2))
    np.savez(tmp_path / "two.npz", inputs=numbers @ np.ones((2, 5)), outputs=numbers @ np.eye(2, 9))
    args = ("reduce", "two.npz", "--epochs", 1, "--batch-size", 16, "--latent-sizes", 1, "--run", "out")
    found = answer(*args)["metrics"]
    assert found["verdict"] in ("good", "reduced", "wider bottlenecks needed", "change hyper-parameters")
    assert json.loads((tmp_path / "out" / "metrics.json").read_text()) == found
    assert (tmp_path / "out" / "reduction.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "out" / "predictor.ckpt").exists()


def test_bad_files(run, tmp_path):
    np.savez(tmp_path / "one.npz", inputs=np.ones((20, 2)))
    (tmp_path / "text.npz").write_text("no")
    for path in ("one.npz", "text.npz", "none.npz"):
        run("reduce", path, expect=3)
    np.savez(tmp_path / "complex.npz", inputs=1j * np.ones((20, 2)), outputs=np.ones((20, 3)))
    assert "as separate columns" in run("reduce", "complex.npz", expect=3).stderr
    np.savez(tmp_path / "two.npz", inputs=np.ones((20, 2)), outputs=np.ones((20, 3)))
    run("reduce", "two.npz", "--latent-sizes", "2,x", expect=2)
    run("reduce", "two.npz", "--latent-sizes", "2,1", expect=3)
    assert {path.name for path in tmp_path.iterdir()} == {"one.npz", "text.npz", "complex.npz", "two.npz"}


def zip_bomb(path):
    """100 kB that would be 100 MB, and whose header claims a terabyte."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("inputs", "outputs"):
            head = io.BytesIO()
            np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": (2**37,)})
            archive.writestr(f"{name}.npy", head.getvalue() + bytes(10**8))


def not_numbers(path):
    np.savez(path, inputs=np.array(["a", "b"]), outputs=np.ones((2, 3)))


def objects(path):
    np.savez(path, inputs=np.array([{}, []], dtype=object), outputs=np.ones((2, 3)), allow_pickle=True)


def cut(path):
    np.savez(path, inputs=np.ones((20, 2)), outputs=np.ones((20, 3)))
    path.write_bytes(path.read_bytes()[:-30])


def damaged(path):
    np.savez(path, inputs=np.ones((20, 2)), outputs=np.ones((20, 3)))
    content = bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(content)


def one_array(path):
    with path.open("wb") as file:
        np.save(file, np.ones((20, 2)))


@pytest.mark.parametrize("make", [zip_bomb, not_numbers, objects, cut, damaged, one_array])
def test_tables_that_are_none(tmp_path, make):
    make(tmp_path / "two.npz")
    tracemalloc.start()
    with pytest.raises(InputError, match="lacks two arrays of numbers"):
        _read_npz(tmp_path / "two.npz")
    assert tracemalloc.get_traced_memory()[1] < 10**7
    tracemalloc.stop()


def test_a_file_that_is_none(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "missing"):
        with pytest.raises(InputError, match=r"cannot be read|no such file"):
            _read_npz(tmp_path / name)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_tables_of_any_order(tmp_path, save):
    inputs, outputs = np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(8).reshape(2, 4))
    save(tmp_path / "two.npz", inputs=inputs, outputs=outputs)
    for found, wanted in zip(_read_npz(tmp_path / "two.npz"), (inputs, outputs), strict=True):
        np.testing.assert_array_equal(found, wanted)
        assert found.dtype == wanted.dtype
