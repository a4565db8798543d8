"""64-bit JAX and a cache of compiled programs for all tests, and where the shared reference material is."""

import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from typing import Any

import jax
import pytest


def with_flag(flag: str) -> dict[str, str]:
    """The environment with one more flag for the compiler."""
    return os.environ | {"XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} {flag}".strip()}


def compile_loops_fast() -> None:
    """An older way of XLA to compile fused loops for a CPU, which takes half the time; JAX ends where it is unknown."""
    faster = with_flag("--xla_cpu_use_fusion_emitters=false")
    known = subprocess.run([sys.executable, "-c", "import jax; jax.devices()"], env=faster, capture_output=True)
    if known.returncode == 0:
        os.environ |= faster


if "PYTEST_XDIST_WORKER" not in os.environ:  # the workers of pytest-xdist inherit it, and so do processes of tests
    _CACHE = tempfile.TemporaryDirectory(prefix="diffeliash-tests-")
    os.environ["JAX_COMPILATION_CACHE_DIR"] = _CACHE.name
    compile_loops_fast()
jax.config.update("jax_compilation_cache_dir", os.environ["JAX_COMPILATION_CACHE_DIR"])
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
jax.config.update("jax_disable_most_optimizations", True)
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "warn")

SHARED = pathlib.Path(__file__).resolve().parents[2] / "shared"


def shared(*parts: str) -> pathlib.Path:
    """A path in the shared folder beside the project; the test is skipped where there is none."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs {'/'.join(parts)} of the shared reference folder, which is not beside this checkout")
    return path


def rest_slow(cases: Iterable[Any], fast: int = 1) -> list[Any]:
    """Cases of one test of which the first ones are for every run of the tests and the others for the slow ones."""
    cases = [case if isinstance(case, tuple) else (case,) for case in cases]
    return [pytest.param(*case, marks=() if i < fast else pytest.mark.slow) for i, case in enumerate(cases)]


LONGEST = (
    "test_readme.py",
    "test_reproduce.py",
    "test_generate.py",
    "test_continue_gap.py",
    "test_solve_tc.py",
    "test_invert.py",
    "test_run_stages.py",
    "test_solve_gap.py",
    "test_solve.py",
    "test_train.py",
)
"""Files of which pytest-xdist must not begin one when all others are done."""


def pytest_collection_modifyitems(items):
    for item in items:  # here and not in pyproject.toml: notices of other plugins, at configure time, are no errors
        item.add_marker(pytest.mark.filterwarnings("error"), append=False)
    items.sort(key=lambda item: item.path.name not in LONGEST)


def output(process: subprocess.Popen[str]) -> tuple[str, str]:
    """What a process writes until it ends; one that hangs is killed after minutes, which no slow machine needs."""
    try:
        return process.communicate(timeout=600)
    finally:
        process.kill()


AS_FOR_USERS = ("datasets/test_generate.py",)
"""Files whose tests compile with all optimizations, because they compare digits with those of other processes."""


@pytest.fixture(scope="module", autouse=True)
def compile_as_for_users(request):
    """Where it matters; elsewhere hundreds of programs run once, and most of the time is that of the compiler."""
    if any(request.path.match(name) for name in AS_FOR_USERS):
        jax.config.update("jax_disable_most_optimizations", False)
    yield
    jax.config.update("jax_disable_most_optimizations", True)


@pytest.fixture(scope="module", autouse=True)
def forget_compiled_programs():
    """Every program compiled for a CPU holds memory maps; a process has 65 530 of them, and XLA crashes beyond."""
    yield
    jax.clear_caches()
