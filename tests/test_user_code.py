"""Classes and functions of users, by name."""

import sys
import textwrap

import pytest

from diffeliash import InputError
from diffeliash._user_code import is_reference, load_user_code, reference_to


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return tmp_path


def write(path, text):
    path.write_text(textwrap.dedent(text))


def test_from_a_module_and_from_a_file(folder):
    write(folder / "user_a.py", "def double(x): return 2 * x\n")
    one, other = load_user_code("user_a:double"), load_user_code("user_a.py:double")
    assert one.value(3) == other.value(3) == 6
    assert one.source_digest == other.source_digest
    assert load_user_code("user_a.py:double").value is other.value
    assert reference_to(one.value).reference == "user_a:double"
    assert reference_to(other.value)[:2] == ("user_a.py:double", one.source_digest)
    assert reference_to(lambda: 0) is None
    assert is_reference("user_a:double")
    assert not is_reference("complex")


def test_another_source_is_refused_before_it_runs(folder):
    write(folder / "user_b.py", "f = 1\n")
    digest = load_user_code("user_b:f").source_digest
    write(folder / "user_c.py", "import pathlib\npathlib.Path('ran').touch()\nf = 1\n")
    with pytest.raises(InputError, match="not the one that was used before"):
        load_user_code("user_c:f", digest)
    with pytest.raises(InputError, match="not the one that was used before"):
        load_user_code("user_c.py:f", digest)
    assert not (folder / "ran").exists()
    assert load_user_code("user_b:f", digest).value == 1


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("user_d:Nett", "Did you mean user_d:Net?"),
        ("user_e:Net", "there is no module"),
        ("no.such.module:Net", "cannot import"),
        ("user_e.py:Net", "there is no file"),
        ("user_f:Net", "ZeroDivisionError"),
        ("user_f.py:Net", "ZeroDivisionError"),
        ("user_d:", "does not name"),
        ("user_d", "does not name"),
        (":Net", "does not name"),
        ("sys:path", "there is no module"),
        ("user_d:a.b", "does not name"),
    ],
)
def test_what_cannot_be_loaded(folder, reference, why):
    write(folder / "user_d.py", "class Net: pass\n")
    write(folder / "user_f.py", "1 / 0\n")
    with pytest.raises(InputError) as caught:
        load_user_code(reference)
    assert why in f"{caught.value}"
