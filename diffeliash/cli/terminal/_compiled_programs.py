"""Compiled programs kept on disk, so that a command that ran before starts at once."""

import contextlib
import hashlib
import os
import pathlib
import platform
import warnings

SHORTEST_COMPILATION = 0.2
"""Seconds; what compiles faster is not kept."""


def use_compilation_cache() -> None:
    """Use JAX's cache on disk: in the folder that JAX is told of, or else in the user's cache folder.

    Programs are compiled for one processor. Where a home directory is shared by different machines, each kind has a
    folder of its own. Without a place to write, nothing is kept.
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
    # a full disk or a truncated entry costs a compilation, nothing else
    warnings.filterwarnings("ignore", message=".*persistent compilation cache.*")


def _machine() -> str:
    """A name for the kind of processor."""
    words = [platform.machine(), platform.processor()]
    with contextlib.suppress(OSError):
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        words += sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))})
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:12]
