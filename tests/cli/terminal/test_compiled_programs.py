"""Compiled programs on disk: only a process of its own shows where they go."""

import os
import re
import subprocess
import sys

import jax
import pytest

from diffeliash.cli.terminal._compiled_programs import SHORTEST_COMPILATION, use_compilation_cache


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


@pytest.fixture
def cache_folder():
    """The folder of the cache of these tests, which they have afterwards too."""
    folder, shortest = jax.config.jax_compilation_cache_dir, jax.config.jax_persistent_cache_min_compile_time_secs
    yield folder
    jax.config.update("jax_compilation_cache_dir", folder)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", shortest)


def test_where_they_are_kept(cache_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    use_compilation_cache()
    assert jax.config.jax_compilation_cache_dir == cache_folder  # which JAX was told of
    assert jax.config.jax_persistent_cache_min_compile_time_secs == SHORTEST_COMPILATION
    assert not list(tmp_path.iterdir())
    jax.config.update("jax_compilation_cache_dir", None)
    use_compilation_cache()
    (folder,) = (tmp_path / "diffeliash").iterdir()
    assert jax.config.jax_compilation_cache_dir == str(folder)
    assert re.fullmatch("jax-[0-9a-f]{12}", folder.name)  # one for each kind of processor
    jax.config.update("jax_compilation_cache_dir", None)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    use_compilation_cache()
    assert jax.config.jax_compilation_cache_dir is None
