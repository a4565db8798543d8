import importlib.metadata
import pathlib
import shutil
import subprocess
import sys

import pytest

import diffeliash
from diffeliash.data import software_versions

PACKAGE = pathlib.Path(diffeliash.__file__).parent


@pytest.fixture
def nothing_installed(monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    software_versions.cache_clear()
    yield
    software_versions.cache_clear()


def test_without_any_metadata(nothing_installed):
    found = software_versions()
    assert found["diffeliash"] == diffeliash.__version__
    assert {found[name] for name in ("jax", "jaxlib", "numpy", "h5py")} == {"unknown"}


def test_versions_of_what_is_installed():
    assert software_versions()["numpy"] == importlib.metadata.version("numpy")


def test_from_a_tree_that_is_not_installed(tmp_path):
    """Python with all that is installed but this package: its own search path is made from the others'."""
    shutil.copytree(PACKAGE, tmp_path / "diffeliash", ignore=shutil.ignore_patterns("__pycache__"))
    site = tmp_path / "site"
    site.mkdir()
    for path in pathlib.Path(str(importlib.metadata.distribution("jax").locate_file(""))).iterdir():
        if "diffeliash" not in path.name and path.suffix != ".pth":
            (site / path.name).symlink_to(path)
    code = (
        f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(site)!r}]; import importlib.metadata, diffeliash; "
        "from diffeliash.data import software_versions; "
        "print(software_versions()['diffeliash'], diffeliash.__file__); "
        "print([d.name for d in importlib.metadata.distributions() if d.name == 'diffeliash'])"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first == f"{diffeliash.__version__} {tmp_path / 'diffeliash' / '__init__.py'}"
    assert second == "[]"
