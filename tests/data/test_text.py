import pathlib

import numpy as np
import pytest

from diffeliash import InputError
from diffeliash.data._text import parse_table, read_bytes


def parse(text):
    return parse_table(pathlib.Path("file.dat"), text.encode())


def test_comments_separators_and_fortran_numbers():
    table = parse("# head\nw, a2F\n1.0D-03; 2\n\n 0.5-100\t-.25E+1\n! inside\n3,4 # last\nlambda = 1\n")
    np.testing.assert_array_equal(table.rectangle(), [[1e-3, 2], [0.5e-100, -2.5], [3, 4]])
    assert table.header == ["# head", "w, a2F"]
    assert table.footer == ["lambda = 1"]
    assert table.lines == [3, 5, 7]


def test_a_byte_order_mark_does_not_hide_the_first_row():
    table = parse_table(pathlib.Path("file.dat"), b"\xef\xbb\xbf1 2\r\n3 4\r\n")
    np.testing.assert_array_equal(table.rectangle(), [[1, 2], [3, 4]])


@pytest.mark.parametrize("text", ["1,2\n3,4\n", "1, 2\n3, 4\n", "1,2 # 0,5\n3,4\n", "1 ,2\n3 ,4\n"])
def test_commas_between_numbers(text):
    np.testing.assert_array_equal(parse(text).rectangle(), [[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2\n3 ****\n", r"file.dat:2: '\*\*\*\*' is not a number"),
        ("1 2\n3 nan\n", "file.dat:2: 'nan' is not a finite number"),
        ("1 2\nfoo\n3 4\n", "file.dat:2: 'foo' is not a number"),
        ("words only\n", "no rows of numbers"),
        ("1 2\0\n", "binary"),
        ("# w a2F\n0,5\t1,25\n1,0\t1,5\n", "file.dat:2: decimal commas"),
        ("0,5;1,25e-2\n", "decimal commas"),
    ],
)
def test_bad_tables(text, message):
    with pytest.raises(InputError, match=message):
        parse(text)


def test_ragged_rows_are_named():
    with pytest.raises(InputError, match=r"file\.dat:3: 3 columns where the first row has 2"):
        parse("1 2\n3 4\n5 6 7\n").rectangle()


def test_missing_empty_and_folder(tmp_path):
    (tmp_path / "empty").write_text(" \n")
    for name, message in (("none", "no such file"), ("empty", "empty"), (".", "folder")):
        with pytest.raises(InputError, match=message):
            read_bytes(tmp_path / name)
