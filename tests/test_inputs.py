import io
import os
import pathlib
import sys

import pytest

from diffeliash import InputError
from diffeliash import _inputs as inputs


def test_an_ordinary_file_and_a_link_to_it_are_read(tmp_path):
    (tmp_path / "file").write_bytes(b"1 2\n")
    (tmp_path / "link").symlink_to("file")
    for name in ("file", "link"):
        inputs.check_input(tmp_path / name)
        assert inputs.read_input(tmp_path / name) == b"1 2\n"


def make_fifo(path):
    os.mkfifo(path)


def make_loop(path):
    path.symlink_to(path.name)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.mkdir(), "a folder"),
        (make_fifo, "a pipe or a device"),
        (make_loop, "cannot be read"),
        (lambda path: path.symlink_to("/dev/zero"), "a pipe or a device"),
        (lambda path: path.write_bytes(b"12345"), "far too large"),
    ],
)
def test_anything_but_an_ordinary_file_is_refused_at_once(tmp_path, make, message):
    path = tmp_path / "input"
    make(path)
    for function in (inputs.check_input, inputs.read_input):
        with pytest.raises(InputError, match=message):
            function(path, largest=4)


def test_a_name_that_no_file_can_have_is_refused():
    with pytest.raises(InputError, match="cannot be read"):
        inputs.read_input(pathlib.Path("a\0b"))


def test_a_file_that_grows_after_its_size_was_checked_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "input"
    path.write_bytes(b"123")
    monkeypatch.setattr(inputs, "_read", lambda path, file, largest: b"12345")
    with pytest.raises(InputError, match="far too large"):
        inputs.read_input(path, largest=4)


def test_standard_input_is_read_once_and_its_size_is_limited(monkeypatch):
    inputs._standard_input.cache_clear()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"1 2\n")))
    try:
        for _ in range(2):
            assert inputs.read_input(inputs.STANDARD_INPUT, largest=4) == b"1 2\n"
        inputs._standard_input.cache_clear()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"12345")))
        with pytest.raises(InputError, match="far too large"):
            inputs.read_input(inputs.STANDARD_INPUT, largest=4)
    finally:
        inputs._standard_input.cache_clear()
