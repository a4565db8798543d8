"""The files of a run of `reproduce`, as somebody might forge them."""

import dataclasses
import json

import numpy as np
import pytest

from diffeliash import InputError, IntegrityError
from diffeliash._errors import DiffeliashError
from diffeliash.paper import QUICK, PaperConfig, read_paper_config
from diffeliash.paper.stages._stage_files import StageContext

from ..hostile import as_json, mutations
from ..models.test_hostile_checkpoint import forge, parts


def test_sizes_come_back(tmp_path):
    for config in (QUICK, PaperConfig(seed=7)):
        (tmp_path / "config.json").write_text(json.dumps(dataclasses.asdict(config), indent=1))
        assert read_paper_config(tmp_path / "config.json") == config


def test_every_field_of_every_kind(tmp_path):
    path, accepted = tmp_path / "config.json", []
    for what, forged in mutations(json.loads(json.dumps(dataclasses.asdict(QUICK)))):
        path.write_text(as_json(forged))
        try:
            found = read_paper_config(path)
        except InputError:
            continue
        accepted.append(what)
        assert type(found) is PaperConfig
    assert {what.split(": ")[1] for what in accepted} <= {"missing", "zero"}  # what is missing is the paper's
    assert [what for what in accepted if what.endswith("zero")] in ([], ["seed: zero"])


def kept(folder):
    context = StageContext(QUICK, folder, lambda text: None)
    return context.cached("thing", lambda context: {"values": np.array([1.0, np.nan]), "n": 3, "gap": np.array([1j])})


def test_a_stage_comes_back(tmp_path):
    made, read = kept(tmp_path), kept(tmp_path)
    assert set(made) == set(read) == {"values", "n", "gap", "seconds"}
    np.testing.assert_array_equal(read["values"], made["values"])
    with pytest.raises(IntegrityError, match=r"it has no `other`.*computed again"):
        read["other"]


def test_every_field_of_a_stage(tmp_path):
    kept(tmp_path)
    path = tmp_path / "stages" / "thing.stage"
    header, payload = parts(path)
    accepted = set()
    for what, forged in mutations(header):
        forge(path, as_json(forged).encode(), payload)
        try:
            kept(tmp_path)
        except DiffeliashError:
            continue
        accepted.add(what)
    left = {what for what in accepted if not what.startswith(("versions.", "names.0: ", "revision: missing"))}
    assert left == set()
    forge(path, json.dumps(header | {"names": ["n", "n", "gap", "seconds"]}).encode(), payload)
    with pytest.raises(IntegrityError, match="one different name for each"):
        kept(tmp_path)
