"""All that `reproduce` does, on spectra of few points at a high temperature: what stages keep, and the report."""

import dataclasses
import json
import re

import numpy as np
import pytest

from diffeliash import ComplexFamily, GenerateConfig, SimpleFamily, generate, read_dataset
from diffeliash.paper import QUICK, all_stages, run_stages, write_report
from diffeliash.paper.stages._stage_files import FIELDS, StageContext

SMALL = dataclasses.replace(QUICK, epochs=2, more_epochs=2, basis_epochs=4, latent_sizes=(2,), batch_size=8)
DATA = GenerateConfig(
    num_samples=128, T=3.0, omega_c=30.0, matsubara_cutoff=40.0, n_energies=60, broadening=0.4, shard_size=128
)
FAMILIES = {
    "simple": SimpleFamily(n_points=41),
    "complex": ComplexFamily(n_points=41, window=0.1),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run, its results, and what its progress was told."""
    folder, told = tmp_path_factory.mktemp("run"), []

    def samples(context, name, family, n):
        del family, n
        generate(dataclasses.replace(DATA, family=FAMILIES[name]), context.folder / "data" / name, resume=True)
        return read_dataset(context.folder / "data" / name, FIELDS)

    (folder / "data").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StageContext, "_samples", samples)
        results = run_stages(SMALL, folder, lambda done, remark: told.append((done, remark)))
    return folder, results, told


def test_every_stage_is_kept_and_told(run):
    folder, results, told = run
    assert list(results) == list(all_stages(SMALL))
    assert {path.stem for path in (folder / "stages").iterdir()} == {*results, "complex-200"}
    assert [remark for done, remark in told if remark in results and done][-1] == list(results)[-1]
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    for name, found in results.items():
        for key, values in found.items():
            assert np.all(np.isfinite(values)), (name, key)


def test_what_does_not_depend_on_the_size(run):
    """The scaling law, what noise and the imaginary axis leave open, and the inversion without a network."""
    _, results, _ = run
    assert results["scaling"]["worst"] < 1e-6
    assert results["information"]["df"][0][0] < results["information"]["df"][0][-1]
    assert results["information"]["df"][0][0] < results["information"]["df_iw"][0]
    assert 0 < results["inversion"]["exact"] < 0.01 < results["baseline"]["complex"]


def test_a_run_goes_on_after_its_last_stage(run):
    folder, results, _ = run
    (folder / "stages" / "reverse.stage").unlink()
    told = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StageContext, "_samples", lambda run, name, *_: read_dataset(run.folder / "data" / name, FIELDS))
        again = run_stages(SMALL, folder, lambda done, remark: told.append(remark))
    assert {remark.split(",")[0] for remark in told if "epoch" in remark} == {"reverse"}
    for name, found in results.items():
        for key in set(found) - {"seconds"}:
            np.testing.assert_array_equal(again[name][key], found[key])


def test_the_report_has_all_items_and_pictures(run, tmp_path):
    _, results, _ = run
    content = write_report(results, SMALL, tmp_path, command="diffeliash reproduce --quick")
    text, page = (tmp_path / "report.md").read_text(), (tmp_path / "report.html").read_text()
    for item in content.items:
        assert item.verdict in {"reproduced", "trend reproduced", "not reproduced"}
        assert f"## {item.name}: {item.title}" in text
    pictures = set(re.findall(r"!\[[^]]+\]\((.*)\)", text))
    assert pictures == {path.name for path in tmp_path.glob("*.png")}
    assert len(pictures) == page.count("<img") == 15
    assert set(json.loads((tmp_path / "numbers.json").read_text())["stages"]) == set(results)
