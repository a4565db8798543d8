"""Forged files on the command line: exit codes 3 and 6, and never a bug."""

import json

import numpy as np
import pytest

from diffeliash.data.dataset._manifest import make_manifest
from diffeliash.data.storage._sealed_hdf5 import hdf5_bytes
from diffeliash.models import Checkpoint, write_checkpoint
from diffeliash.training import RunConfig, TrainConfig

from ..data.test_hostile_files import CONFIG, SOLUTION, STATED, sealed_text, write_set
from ..hostile import as_json, mutations
from ..models.test_checkpoint import SETTING
from ..models.test_hostile_checkpoint import ORIGIN, forge, parts
from ..models.test_predictor import CONFIG as SHAPE
from ..models.test_predictor import make


def some(found):
    """Every seventh of many."""
    return list(found)[::7]


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "model.ckpt"
    (tmp_path / "gap.dat").write_text("0 1 0\n1 1 0\n")
    write_checkpoint(path, Checkpoint(model=make(3), config=SHAPE, setting=SETTING, origin=ORIGIN))
    return path


@pytest.fixture
def folder(tmp_path):
    return write_set(tmp_path / "set", make_manifest(CONFIG))


def test_checkpoints(run, answer, checkpoint):
    run("verify", checkpoint)
    header, payload = parts(checkpoint)
    for what, forged in some(mutations({name: header[name] for name in ("config", "setting", "leaves")})):
        forge(checkpoint, as_json(header | forged).encode(), payload)
        if len(forged) == 3 and not what.endswith(("fraction", "zero", "true")) and what != "setting: null":
            assert not answer("verify", checkpoint, expect=6)["ok"], what
            error = answer("predict", checkpoint, "gap.dat", expect=6)["error"]
            assert "model.ckpt" in error["where"], what


def test_weights_that_are_not_numbers(answer, checkpoint):
    header, payload = parts(checkpoint)
    forge(checkpoint, json.dumps(header).encode(), np.float32(np.nan).tobytes() + payload[4:])
    assert "not finite" in answer("verify", checkpoint, expect=6)["problems"][0]
    assert "not finite" in answer("predict", checkpoint, "gap.dat", expect=6)["error"]["why"]


def test_solutions(answer, checkpoint, tmp_path):
    path = tmp_path / "gap.h5"
    for name, value in (("T_K", "cold"), ("T_K", np.nan), ("broadening_meV", -1.0), ("mu_star", True)):
        path.write_bytes(hdf5_bytes(SOLUTION, STATED | {name: value}))
        error = answer("predict", checkpoint, path, expect=6)["error"]
        assert name in error["why"]
        assert "gap.h5" in error["where"]


def test_data_sets(run, answer, folder, tmp_path):
    assert answer("verify", folder)["ok"]
    path = folder / "manifest.json"
    train = RunConfig(train=TrainConfig(epochs=1, batch_size=1), dataset=str(folder))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.toml").write_text(train.as_toml())
    fields = json.loads(path.read_text())
    for what, forged in some(mutations({"config": fields["config"]}))[::2]:
        path.write_bytes(sealed_text(fields | forged if forged else fields | {"config": {}}))
        if what.endswith(("fraction", "zero", "true")) or what.startswith(("config.seed", "config.family.")):
            continue
        assert not answer("verify", folder, expect=6)["ok"], what
        assert "error" in answer("train", "--run", "run", "--resume", expect=6), what
        assert "error" in answer("reduce", folder, "--run", "new", expect=6), what


@pytest.mark.parametrize("text", ["[train]\nepochs = nan", "x = " + "[" * 10_000, "[data]\nT = 0.0", "dataset = 1"])
def test_configurations(answer, tmp_path, text):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.toml").write_text(text)
    assert "config.toml" in answer("train", "--run", "run", "--resume", expect=3)["error"]["where"]
    assert "config.toml" in answer("train", "--config", "run/config.toml", expect=3)["error"]["where"]
