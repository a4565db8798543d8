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
        ("[train]\nepochs = '3'\nnoise = true", "`epochs` must be of the kind int.*`noise`"),
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
