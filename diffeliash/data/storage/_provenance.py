"""Provenance of results: versions of the software, and the kind of hardware."""

import functools
import hashlib
import importlib.metadata
import pathlib
import platform
import subprocess
from typing import Any

import jax

from ..._version import __version__

PACKAGE = pathlib.Path(__file__).resolve().parents[2]

NUMERICAL_CODE = (
    "units.py",
    "physics/**/*.py",
    "data/families/*.py",
    "data/_features.py",
    "data/generation/_sample_record.py",
)
"""Source files of this package on which the numbers in a data set depend to the last digit."""


@functools.cache
def software_versions() -> dict[str, str]:
    """Return the versions of this package and its numerical libraries, and the git commit if run from a checkout."""
    versions = {name: _version_of(name) for name in ("jax", "jaxlib", "numpy", "h5py")}
    return {"diffeliash": __version__} | versions | {"git_commit": _git_commit()}


def _version_of(name: str) -> str:
    """Return the version of an installed distribution, else "unknown"."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _git_commit() -> str:
    checkout = PACKAGE.parent
    if not (checkout / ".git").exists():
        return "none"
    words = ["git", "-C", str(checkout), "rev-parse", "HEAD"]
    try:
        return subprocess.run(words, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def numerical_environment() -> dict[str, Any]:
    """Return all that the last digit of a result depends on: versions, digest of the code, kind of processor.

    The number of cores, devices and processes is not part of it.
    """
    versions = software_versions()
    device = jax.local_devices()[0]
    return {
        "jax": versions["jax"],
        "jaxlib": versions["jaxlib"],
        "numpy": versions["numpy"],
        "code": _code_digest(),
        "platform": device.platform,
        "device": device.device_kind if device.platform != "cpu" else _cpu_name(),
    }


@functools.cache
def _code_digest() -> str:
    digest = hashlib.sha256()
    for pattern in NUMERICAL_CODE:
        for path in sorted(PACKAGE.glob(pattern)):
            digest.update(f"{path.relative_to(PACKAGE)} ".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


@functools.cache
def _cpu_name() -> str:
    """Return architecture and model of the processor, which decide the instructions of compiled programs."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor()
    return f"{platform.machine()} {model}".strip()
