"""The README is true: its examples run, in order, in one folder."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
BLOCKS = re.findall(r"```(console|python)\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
SETUP = ("pip install -e . && diffeliash train\n", 'pip install -e ".[test]" && pytest\n')


def test_the_two_setup_commands_are_there():
    assert [text for kind, text in BLOCKS if "pip install" in text] == list(SETUP)


def test_the_examples_run(tmp_path):
    ran = []
    for kind, text in BLOCKS:
        if text in SETUP:
            continue
        lines = [text] if kind == "python" else text.strip().splitlines()
        for line in lines:
            words = [sys.executable, "-c", line] if kind == "python" else [sys.executable, "-m", *line.split()]
            done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, stdin=subprocess.DEVNULL)
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
            ran.append(line)
    assert len(ran) == 9
    written = {path.name for path in tmp_path.iterdir()}
    assert {"example.dat", "gap.h5", "gap.png", "data", "run", "a2f.dat", "gap-a2f.png", "temperatures.png"} <= written


def test_the_main_job(tmp_path):
    done = subprocess.run([sys.executable, "-m", "diffeliash", "train"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "runs" / "001" / "predictions.png").exists()
