"""The examples of the README run, in order, in one folder, and so do those of the documentation."""

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"```(console|python)\n(.*?)```", flags=re.DOTALL)
BLOCKS = BLOCK.findall((ROOT / "README.md").read_text())
SETUP = ("pip install -e . && diffeliash train\n", 'pip install -e ".[test]" && pytest\n')
RUN_ONCE = os.environ | {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
"""Environment of processes that would spend most of their time in the compiler."""
AS_FOR_USERS = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
"""Environment of processes that compile with the flags that users have, without those of the tests."""


def test_the_readme_contains_the_two_setup_commands():
    assert [text for kind, text in BLOCKS if "pip install" in text] == list(SETUP)


def run_examples(blocks, folder):
    """Run each line of console blocks and each Python block as a whole; return how many were run."""
    ran = 0
    for kind, text in blocks:
        lines = [text] if kind == "python" else text.strip().splitlines()
        for line in lines:
            words = [sys.executable, "-c", line] if kind == "python" else [sys.executable, "-m", *line.split()]
            done = subprocess.run(
                words, cwd=folder, env=RUN_ONCE, capture_output=True, text=True, stdin=subprocess.DEVNULL
            )
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
            ran += 1
    return ran


@pytest.mark.slowest
def test_the_examples_of_data_sets_run(tmp_path):
    text = (ROOT / "docs" / "data.md").read_text()
    smaller = re.sub(r"--num-samples \d+", "--num-samples 64", text)
    assert run_examples(BLOCK.findall(smaller), tmp_path) == 7
    assert {path.name for path in tmp_path.iterdir()} == {"data", "large", "peaks", "all.npz", "table.csv"}


@pytest.mark.slowest
def test_the_examples_of_training_run(tmp_path):
    text = (ROOT / "docs" / "training.md").read_text()
    (network,) = [code for _, code in BLOCK.findall(text) if "class ConvolutionalNetwork" in code]
    (tmp_path / "my_network.py").write_text(network)
    assert run_examples(BLOCK.findall(text), tmp_path) == 10
    assert {path.name for path in tmp_path.iterdir()} - {"__pycache__"} == {
        "data", "run", "run-without-labels", "own", "my_network.py",
    }  # fmt: skip


@pytest.mark.slowest
def test_the_examples_of_unequal_complexity_run(tmp_path):
    text = (ROOT / "docs" / "complexity.md").read_text()
    assert run_examples(BLOCK.findall(text), tmp_path) == 3
    metrics = json.loads((tmp_path / "heat" / "metrics.json").read_text())
    assert (metrics["verdict"], metrics["inputs_latent_size"], metrics["outputs_latent_size"]) == ("reduced", 4, 16)
    assert metrics["new_error"] < 0.02 < 0.2 < metrics["error"]


@pytest.mark.slowest
def test_the_examples_of_the_reproduction_run(tmp_path):
    """Runs the Python example; `cli/studies/test_reproduce.py` runs the command."""
    text = (ROOT / "docs" / "reproduction.md").read_text()
    blocks = BLOCK.findall(text)
    assert [kind for kind, _ in blocks] == ["console", "python"]
    assert run_examples(blocks[1:], tmp_path) == 1


@pytest.mark.slowest
def test_the_example_of_inversions_runs(tmp_path):
    """Runs the Python examples, which use each other; the tests in `cli/inversion` run the commands."""
    blocks = BLOCK.findall((ROOT / "docs" / "inversion.md").read_text())
    programs = [text for kind, text in blocks if kind == "python"]
    assert len(programs) == 2
    assert run_examples([("python", "".join(programs))], tmp_path) == 1


@pytest.mark.slowest
def test_the_examples_of_the_readme_run(tmp_path):
    assert run_examples([block for block in BLOCKS if block[1] not in SETUP], tmp_path) == 15
    written = {path.name for path in tmp_path.iterdir()}
    assert {
        "example.dat",
        "gap.h5",
        "gap.png",
        "data",
        "run",
        "a2f.dat",
        "gap-run-a2f.png",
        "temperatures.png",
        "inverted.png",
        "inverted.dat",
        "curve.png",
        "sigma.png",
    } <= written


@pytest.mark.slowest
def test_training_with_all_defaults_runs(tmp_path):
    """The command `diffeliash train`, compiled as for users."""
    command = [sys.executable, "-m", "diffeliash", "train"]
    done = subprocess.run(command, cwd=tmp_path, env=AS_FOR_USERS, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "runs" / "001" / "predictions.png").exists()
