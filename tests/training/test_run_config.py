import dataclasses

import pytest

from diffeliash import InputError
from diffeliash.training import RunConfig, preset_names, read_preset, read_run_config
from diffeliash.training._run_config import parse_run_config


def test_a_configuration_is_its_own_toml():
    changed = parse_run_config('[train]\nepochs = 3\nhidden_sizes = [7]\n[data.family]\nname = "simple"', "here")
    assert (changed.train.epochs, changed.train.hidden_sizes) == (3, (7,))
    for config in (RunConfig(), changed, dataclasses.replace(changed, dataset='a "b" \\c')):
        assert parse_run_config(config.as_toml(), "here") == config


def test_presets():
    assert preset_names() == ["paper-complex", "paper-dos", "paper-simple", "physics", "quick"]
    for name in preset_names():
        assert read_preset(name) != RunConfig()
    assert read_preset("paper-dos").train.task == "dos-to-a2f"
    with pytest.raises(InputError, match="did you mean `physics`"):
        read_preset("phisics")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[train]\nepoch = 3", "`epoch`, did you mean `epochs`"),
        ("[trian]\nepochs = 3", "`trian`, did you mean `train`"),
        ("[data]\nnum_sample = 3", "did you mean `num_samples`"),
        ("[data.family]\nwindw = 3", "no parameter windw"),
        ("[train]\nepochs = '3'\nnoise = true", "`epochs` must be of the type int.*`noise`"),
        ("[train]\nepochs = -3", "`epochs` must be positive"),
        ("train = 3", "must be a table"),
        ("[train", "not a TOML file"),
    ],
)
def test_bad_files(tmp_path, text, message):
    path = tmp_path / "run.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_run_config(path)
    assert "run.toml" in caught.value.where


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_run_config(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = " + "[" * 10_000, "not a TOML file"),
        ("[train]\nepochs = " + "9" * 5000, "not a TOML file"),
        ("[train]\nepochs = " + "9" * 30, "`epochs` must be at most"),
        ("[train]\nseed = " + "9" * 30, "`seed` must be at most"),
        ("[train]\nbatch_size = 0", "`batch_size` must be positive"),
        ("[train]\nlearning_rate = nan", "`learning_rate` must be positive"),
        ("[train]\nlearning_rate = true", "of the type float"),
        ("[train]\nhidden_sizes = [1.5]", "`hidden_sizes` must be a list of whole"),
        ("[train]\nhidden_sizes = [true]", "`hidden_sizes` must be a list of whole"),
        ("[train]\nhidden_sizes = [[1]]", "`hidden_sizes` must be a list of whole"),
        ("[train]\nhidden_sizes = ['a']", "`hidden_sizes` must be a list of whole"),
        ("[train]\nhidden_sizes = [99999999]", "`hidden_sizes` must be at most 100 integers from 1 to"),
        ("[train]\nhidden_sizes = [" + "1," * 300 + "]", "at most 100 integers from 1 to 65536, got 300 of them"),
        ("[train]\ntask = []", "of the type str"),
        ("[data]\nT = 0.0", "`T` must be positive"),
        ("[data]\nT = 1e-300", "`T` must lie in"),
        ("[data]\nT = 5e-324", "`T` must lie in"),
        ("[data]\nT = 1e-6", "`matsubara_cutoff` must be so small"),
        ("[data]\nT = 1e300", "`T` must lie in"),
        ("[data]\nT = '../../etc/passwd'", "of the type float"),
        ("[data]\nnum_samples = 9223372036854775807", "raise `shard_size`"),
        ("[data]\nn_energies = true", "of the type int"),
        ("[data.family]\nname = []", "bad configuration"),
        ("[data.family]\nn_points = inf", "`n_points` must be int"),
        ("dataset = 3", "`dataset` must be a folder"),
        ("dataset = 1979-05-27", "`dataset` must be a folder"),
    ],
)
def test_values_that_cannot_be(tmp_path, text, message):
    (tmp_path / "run.toml").write_text(text)
    with pytest.raises(InputError, match=message):
        read_run_config(tmp_path / "run.toml")


def test_a_configuration_is_a_small_text_file(tmp_path):
    (tmp_path / "large.toml").write_text("#" * (2**20 + 1))
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "zero.toml").symlink_to("/dev/zero")
    for name, message in (("large", "far too large"), ("binary", "cannot read"), ("zero", "cannot be read")):
        with pytest.raises(InputError, match=message):
            read_run_config(tmp_path / f"{name}.toml")
