"""What a result depends on beside its configuration: software and hardware."""

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
"""The parts of this package that the digits of a data set depend on."""


@functools.cache
def software_versions() -> dict[str, str]:
    """Versions of everything that decides the digits of a result, and our git commit where there is a checkout."""
    versions = {name: _version_of(name) for name in ("jax", "jaxlib", "numpy", "h5py")}
    return {"diffeliash": __version__} | versions | {"git_commit": _git_commit()}


def _version_of(name: str) -> str:
    """As its distribution says, if it was installed as one."""
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
    """What must be equal for results to be equal to the last digit: versions, code, kind of processor.

    The number of cores, of devices or of processes does not matter.
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
    """Architecture and model: programs are compiled for what this model can do."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor()
    return f"{platform.machine()} {model}".strip()
