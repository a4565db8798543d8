"""The public names of the package, and how they are imported."""

import subprocess
import sys

import pytest

import diffeliash


def test_importing_the_package_and_its_command_line_loads_no_jax():
    code = (
        "import sys, diffeliash, diffeliash.cli; "
        "assert not [m for m in sys.modules if m.split('.')[0] in ('jax', 'numpy', 'matplotlib')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", diffeliash.__all__)
def test_every_public_name_exists_and_is_documented(name):
    thing = getattr(diffeliash, name)
    assert name in dir(diffeliash)
    assert isinstance(thing, str) or thing.__doc__


def test_unknown_names_raise_attribute_errors():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = diffeliash.nonsense


def test_names_for_the_type_checker_are_those_at_run_time():
    import ast
    import pathlib

    tree = ast.parse(pathlib.Path(diffeliash.__file__).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.asname for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen | {"__version__"} == set(diffeliash.__all__)
