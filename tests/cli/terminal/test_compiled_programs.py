"""Compiled programs on disk: only a process of its own shows where they go."""

import os
import re
import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["cache", "spectrum/none"])
def test_programs_are_kept_where_that_is_possible(tmp_path, folder):
    (tmp_path / "spectrum").write_text("".join(f"{w} {0.2 * w * (5 - w)}\n" for w in range(1, 6)))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JAX_")}
    environment["XDG_CACHE_HOME"] = str(tmp_path / folder)
    command = [sys.executable, "-m", "diffeliash", "tc", str(tmp_path / "spectrum"), "--unit", "meV"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    progress = re.compile(r"T_c of 1/1, \d+ s\n")  # and no warning
    assert progress.fullmatch(done.stderr)
    kept = [path.name for path in tmp_path.glob("cache/diffeliash/jax-*/*")]
    assert bool(kept) == (folder == "cache")
    if kept:
        for path in tmp_path.glob("cache/diffeliash/jax-*/*"):
            path.write_bytes(b"damaged")
        again = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert again.stdout == done.stdout
        assert progress.fullmatch(again.stderr)
