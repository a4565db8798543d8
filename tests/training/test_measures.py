import json
import math

import pytest

from diffeliash._errors import DiffeliashError
from diffeliash.cli.arguments._run_folder import METRICS, read_metrics
from diffeliash.training import read_saved_metrics

from ..hostile import as_json, mutations

ORIGIN = {"data_digest": "0" * 64, "best_epoch": 3}
ABOUT = {"metrics": {"n_test": 3, "test_mse": 0.1, "df_mean": 0.2, "dg_mean": None}, **ORIGIN}


def test_the_measures_of_the_network_and_of_no_other(tmp_path):
    (tmp_path / METRICS).write_text(json.dumps(ABOUT))
    found = read_metrics(tmp_path, ORIGIN)
    assert found["df_mean"] == 0.2
    assert math.isnan(found["dg_mean"])
    assert read_metrics(tmp_path, ORIGIN | {"best_epoch": 4}) is None
    assert read_metrics(tmp_path, {}) is None
    assert read_metrics(tmp_path / "none", ORIGIN) is None


def test_every_field_of_every_kind(tmp_path):
    for what, forged in mutations(ABOUT):
        (tmp_path / METRICS).write_text(as_json(forged))
        try:
            read_saved_metrics(tmp_path / METRICS)
        except DiffeliashError:
            assert read_metrics(tmp_path, ORIGIN) is None, what
        found = read_metrics(tmp_path, ORIGIN)
        assert found is None or all(type(found[name]) is float for name in ("df_mean", "dg_mean")), what


@pytest.mark.parametrize("content", [b"", b"[1]", b"{", b"\xff", b"[" * 10_000, b'{"metrics": {}}'])
def test_files_that_are_none(tmp_path, content):
    (tmp_path / METRICS).write_bytes(content)
    assert read_metrics(tmp_path, ORIGIN) is None
