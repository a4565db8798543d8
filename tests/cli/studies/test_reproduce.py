"""`diffeliash reproduce`, small: interrupted, gone on with, and its report."""

import dataclasses
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import pytest

from diffeliash import InputError, IntegrityError, paper
from diffeliash.paper import QUICK, all_stages, run_stages, write_report
from diffeliash.paper.report._markdown_and_html import Content
from diffeliash.paper.verdicts import Answer, PaperItem

from ...conftest import output

FIGURES = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
VERDICTS = {"reproduced", "trend reproduced", "not reproduced"}
DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs" / "reproduction.md"


def start(folder, *words):
    command = [sys.executable, "-m", "diffeliash", "reproduce", *words]
    quick = os.environ | {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}  # of the compiler: programs that run once
    return subprocess.Popen(command, cwd=folder, env=quick, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The command of the documentation, stopped in its second stage, then gone on with; the folder and the answer."""
    folder = tmp_path_factory.mktemp("paper")
    words = re.findall(r"```console\ndiffeliash reproduce (.*)\n```", DOCS.read_text())[0].split()
    first = folder / "quick" / "stages" / "simple.stage"
    process = start(folder, *words)
    while process.poll() is None and not first.exists():
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, said = output(process)
    assert process.returncode == 143, said
    assert "resume the run by: diffeliash reproduce --run quick --resume" in said
    before = {path: path.read_bytes() for path in first.parent.iterdir()}
    assert first in before
    assert not (folder / "quick" / "report.md").exists()
    process = start(folder, "--run", "quick", "--resume", "--json")
    answer, said = output(process)
    assert process.returncode == 0, said
    assert {path: path.read_bytes() for path in before} == before
    return folder / "quick", json.loads(answer)


@pytest.mark.slowest
def test_every_item_has_a_verdict(finished):
    folder, answer = finished
    assert {path.stem for path in (folder / "stages").iterdir()} == {*all_stages(QUICK), "complex-200"}
    names = " ".join(item["name"] for item in answer["items"])
    assert {int(n) for text in re.findall(r"Figs?\. ([\d, ]+)", names) for n in re.findall(r"\d+", text)} == FIGURES
    assert {"Table I", "Table II", "DOS as the input"} <= {item["name"] for item in answer["items"]}
    text = (folder / "report.md").read_text()
    assert answer["summary"] in text
    for paragraph in answer["answer"]:
        assert paragraph in text
    for item in answer["items"]:
        assert item["verdict"] in VERDICTS
        assert f"## {item['name']}: {item['title']}" in text
        assert item["ours"] in text
        assert item["why"] in text
    assert pathlib.Path(answer["report"]).name == "report.html"


@pytest.mark.slowest
def test_the_report_needs_no_other_file(finished):
    folder, _ = finished
    page, text = (folder / "report.html").read_text(), (folder / "report.md").read_text()
    assert set(re.findall(r'(?:src|href)="(\w+:)', page)) == {"data:"}
    pictures = re.findall(r"!\[[^]]+\]\((.*)\)", text)
    assert len(set(pictures)) == page.count("<img") == len(list(folder.glob("*.png"))) == 15
    for name in pictures:
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
    assert "nan" not in re.sub(r'"data:[^"]*"', "", page)
    assert "diffeliash reproduce --quick" in page
    assert "nothing can be concluded" in page
    assert "nothing can be concluded" in text


@pytest.mark.slowest
def test_what_does_not_depend_on_the_size(finished):
    """What holds for spectra of any number: the scaling law, the inversion without a network, what Pade does to it."""
    folder, _ = finished
    numbers = json.loads((folder / "numbers.json").read_text())["stages"]
    assert numbers["scaling"]["worst"] < 1e-6
    assert numbers["inversion"]["exact"] < 0.003 < 0.1 < numbers["inversion"]["pade"]
    limit = numbers["information"]
    assert limit["df"][0][0] < 1e-3 < limit["df_iw"][0]
    assert limit["df"][0] == sorted(limit["df"][0])
    assert numbers["plain"]["dg"] < 0.1 * numbers["plain"]["df"]
    assert numbers["plain"]["df"] < numbers["baseline"]["complex"] < 1
    assert numbers["reverse"]["dg"] < 0.1 * numbers["plain"]["df"]
    assert numbers["separate-2"]["df_reduced"] > numbers["reduced-2"]["df_reduced"]


@pytest.mark.slowest
def test_the_report_is_drawn_again_from_the_stages(finished, tmp_path):
    folder, answer = finished
    results = run_stages(QUICK, folder)
    again = write_report(results, QUICK, tmp_path, command="diffeliash reproduce --quick").items
    assert [dataclasses.asdict(item) for item in again] == [
        item | {"table": item["table"] and tuple(map(tuple, item["table"]))} for item in answer["items"]
    ]
    assert (tmp_path / "report.html").read_bytes() == (folder / "report.html").read_bytes()


@pytest.mark.slowest
def test_it_is_no_run_of_other_sizes(finished):
    with pytest.raises(InputError, match="another configuration"):
        run_stages(dataclasses.replace(QUICK, epochs=9), finished[0])


@pytest.mark.slowest
def test_stages_of_different_versions_are_not_mixed(finished, monkeypatch):
    monkeypatch.setattr("diffeliash.paper.stages._stage_files.software_versions", lambda: {"diffeliash": "9.9"})
    with pytest.raises(InputError, match=r"another version of the program: diffeliash .*; this is 9\.9"):
        run_stages(QUICK, finished[0])
    monkeypatch.undo()
    monkeypatch.setattr("diffeliash.paper.stages._stage_files.REVISION", 2)
    with pytest.raises(InputError, match=r"revision 1; this is .*, revision 2"):
        run_stages(QUICK, finished[0])


@pytest.mark.slowest
def test_a_damaged_stage_says_what_to_do(finished, tmp_path):
    whole = (finished[0] / "stages" / "baseline.stage").read_bytes()
    (tmp_path / "stages").mkdir()
    for content in (whole[:-40] + bytes([whole[-40] ^ 1]) + whole[-39:], b"", whole[:100]):
        (tmp_path / "stages" / "baseline.stage").write_bytes(content)
        with pytest.raises(IntegrityError, match=r"damaged stage.*computed again"):
            run_stages(QUICK, tmp_path)


def test_what_cannot_be_gone_on_with(run, tmp_path):
    assert "--run" in run("reproduce", "--resume", expect=3).stderr
    assert "no run to resume" in run("reproduce", "--resume", "--run", tmp_path / "none", expect=3).stderr
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "config.json").write_text('{"epochs": "many"}')
    assert "no run to resume" in run("reproduce", "--resume", "--run", tmp_path / "odd", expect=3).stderr
    assert "neither --quick nor --seed" in run("reproduce", "--resume", "--run", "x", "--quick", expect=3).stderr
    assert "will not overwrite" in run("reproduce", "--quick", "--run", tmp_path / "odd", expect=5).stderr
    assert "seed" in run("reproduce", "--quick", "--seed", "-1", "--run", "new", expect=3).stderr
    assert not (tmp_path / "new").exists()


def test_what_the_command_says(run, answer, tmp_path, monkeypatch):
    """Of stages that were never done and a report that was never written."""
    item = PaperItem(name="Fig. 3", title="A figure.", paper="a", ours="b", verdict="reproduced", why="c")
    reply = Answer(table=(("network", "0.1"),), text=("It is **not** many-to-one.",), points=(), missed={})
    told, interrupted = [], []

    def run_stages(config, folder, progress):
        told.append(config)
        progress(len(all_stages(config)), "done")
        if interrupted:
            raise SystemExit(143)
        return {}

    monkeypatch.setattr(paper, "run_stages", run_stages)
    monkeypatch.setattr(paper, "write_report", lambda *_, command: Content([item], reply, {"command": command}, "One."))
    said = run("reproduce", "--quick", "--run", "quick")
    assert "Fig. 3" in said.stdout
    assert "It is not many-to-one." in said.stdout
    assert "written to quick: report.html" in said.stdout
    n = len(all_stages(QUICK))
    assert f"stages {n}/{n}" in said.stderr
    found = answer("reproduce", "--run", "quick", "--resume")
    assert (found["run"], found["report"], found["summary"]) == ("quick", "quick/report.html", "One.")
    assert (found["items"][0]["name"], found["answer"]) == ("Fig. 3", ["It is **not** many-to-one."])
    assert told == [QUICK, QUICK]
    interrupted.append(True)
    stopped = run("reproduce", "--seed", 3, "--run", "whole", expect=143)
    assert "resume the run by: diffeliash reproduce --run whole --resume" in stopped.stderr
    assert told[-1] == paper.PaperConfig(seed=3)
    assert json.loads((tmp_path / "whole" / "config.json").read_text())["seed"] == 3
