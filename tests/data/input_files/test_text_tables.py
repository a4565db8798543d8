import pathlib

import numpy as np
import pytest

from diffeliash import InputError
from diffeliash.data.input_files._text_tables import parse_table, read_bytes


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


@pytest.mark.parametrize("separator", [";", "\t", "  ", " ; "])
def test_decimal_commas_with_other_separators(separator):
    table = parse("# w a2F\n" + separator.join(["0,05", "0,3"]) + "\n" + separator.join(["0,1", "1,25e-2"]) + "\n")
    np.testing.assert_array_equal(table.rectangle(), [[0.05, 0.3], [0.1, 1.25e-2]])
    assert table.notices == ["commas are taken as decimal commas."]


@pytest.mark.parametrize("space", ["\u00a0", "\u2009", "\u202f", "\u3000", "\x0c"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_spaces_of_web_pages_are_spaces(space, encoding):
    if encoding == "cp1252" and ord(space) > 255:
        return
    content = f"# w a2F\n1{space}2\n3{space}4\n".encode(encoding)
    np.testing.assert_array_equal(parse_table(pathlib.Path("file.dat"), content).rectangle(), [[1, 2], [3, 4]])


def test_minus_signs_of_web_pages():
    np.testing.assert_array_equal(parse("\u22121 2\n3 4e\u22122\n").rectangle(), [[-1, 2], [3, 4e-2]])


@pytest.mark.parametrize(
    ("text", "notice"),
    [
        ("2024-05-01 by me\n1 2\n3 4\n", "line 1 begins like a number and was not read: '2024-05-01 by me'"),
        ("1 2\n3 4\n2nd table follows\n", "line 3 begins like a number and was not read: '2nd table follows'"),
        ("# w a2F\n#0 0\n1 2\n3 4\n", "line 2 is commented out, but would be read as rows without the comment sign."),
        (
            "1.0 0.200\n2.0 0.300\n3.0 0.",
            "the last row is shorter than all others and has no end of line: the file may be cut off.",
        ),
        (
            "1 2\n! 2 3\n# 3 4\n5 6\n",
            "2 lines (2, 3) are commented out, but would be read as rows without the comment sign.",
        ),
    ],
)
def test_no_row_vanishes_without_a_word(text, notice):
    assert parse(text).notices == [notice]


def test_headers_and_footers_with_numbers_need_no_notice():
    text = "# E(THz) 0.005 0.010\n# 3 columns\nw[meV] for 10 values\n1 2 3\n4 5 6\n# 0.1 0.2\nlambda = 1.5\n"
    assert parse(text).notices == []
    assert parse("1.0 0.200\n2.0 0.300\n3.0 0.100").notices == []
    assert parse("1.0 0.200\n2.0 0.300\n3.0 0.\n").notices == []


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
        ("0,05,0,3\n0,10,0,5\n", "file.dat:1: decimal commas: in '0,05,0,3' commas may"),
        ("1.000,5;0,3\n", "decimal commas"),
        ("0.5;1,25\n", "decimal commas"),
        (
            "# w a2F\n0.1|0.2\n0.2|0.3\n0.3 0.4\n",
            r"file.dat:2: '0.1\|0.2' is no row of numbers: 2 lines \(2, 3\) are not",
        ),
        ("0.1 0,2x\n0.3 0.4\n", "file.dat:1: decimal commas: in '0.1 0,2x'"),
        ("0.1x 0.2\n0.3 0.4\n", "file.dat:1: '0.1x 0.2' is no row of numbers"),
        ("0.3 0.4\n0.5 0.6\n0.7;a 0.8\n", "file.dat:3: 'a' is not a number"),
        ("0.3 0.4\n0.5 0.6\n0.7a 0.8\n", "file.dat:3: '0.7a 0.8' is no row of numbers"),
        ("1_000 1\n2000 1\n", "file.dat:1: '1_000 1' is no row of numbers"),
        ("1 2\n3 " + "1" * 40000 + "\n", "file.dat:2: '1{64}...' is not a number$"),
        ("1 2\n3 " + "1" * 40000 + "+x\n", "file.dat:2: '1{64}...' is not a number$"),
    ],
)
def test_bad_tables(text, message):
    with pytest.raises(InputError, match=message):
        parse(text)


@pytest.mark.parametrize(
    "row", ["(5, 6)", "[5 6]", "'5 6", "| 5.0 6.0", "> 5 6", "& 5 6", "$5 6$", "~5 6", "\u2022 5 6", "x5.0 6", "E=5 6"]
)
@pytest.mark.parametrize("lines", [("{row}", "1 2", "3 4"), ("1 2", "3 4", "{row}")])
def test_rows_in_disguise_do_not_vanish(row, lines):
    with pytest.raises(InputError, match=r"is no row of numbers|is not a number"):
        parse("\n".join(lines).format(row=row))


def test_quoted_cells():
    table = parse('"E (meV)","a2F"\n"1.0","0.5"\n"2.0","0.25"\n')
    np.testing.assert_array_equal(table.rectangle(), [[1, 0.5], [2, 0.25]])
    np.testing.assert_array_equal(parse('"1,0","0,5"\n"2,0","0,25"\n').rectangle(), [[1, 0.5], [2, 0.25]])


def test_rows_that_stand_for_columns():
    with pytest.raises(InputError, match="2 rows of 60 numbers"):
        parse(" ".join(map(str, range(60))) + "\n" + " ".join(map(str, range(60)))).rectangle()


def test_ragged_rows_are_named():
    with pytest.raises(InputError, match=r"file\.dat:3: 3 columns where the first row has 2"):
        parse("1 2\n3 4\n5 6 7\n").rectangle()


def test_missing_empty_and_folder(tmp_path):
    (tmp_path / "empty").write_text(" \n")
    for name, message in (("none", "no such file"), ("empty", "empty"), (".", "folder")):
        with pytest.raises(InputError, match=message):
            read_bytes(tmp_path / name)
