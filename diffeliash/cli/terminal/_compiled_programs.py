"""The cache of compiled programs on disk, which makes later runs of a command start faster."""

import contextlib
import hashlib
import os
import pathlib
import platform
import warnings

SHORTEST_COMPILATION = 0.2
"""Shortest compilation time of a program that is stored in the cache [s]."""


def use_compilation_cache() -> None:
    """Turn on JAX's compilation cache, in the folder that JAX is configured with or else in the user's cache folder.

    Programs are compiled for one kind of processor; each kind has its own folder, for home directories that several
    computers share. If the folder cannot be made, there is no cache.
    """
    import jax

    if not jax.config.jax_compilation_cache_dir:  # pyright: ignore[reportAttributeAccessIssue]
        home = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
        folder = home / "diffeliash" / f"jax-{_machine()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            return
        jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", SHORTEST_COMPILATION)
    # if the disk is full or an entry is damaged, the program is only compiled again
    warnings.filterwarnings("ignore", message=".*persistent compilation cache.*")


def _machine() -> str:
    """Return a digest that identifies the kind of processor."""
    words = [platform.machine(), platform.processor()]
    with contextlib.suppress(OSError):
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        words += sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))})
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:12]
