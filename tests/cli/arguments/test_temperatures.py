import pytest
import typer

from diffeliash import InputError
from diffeliash.cli.arguments._temperatures import MOST_TEMPERATURES, check_count, parse_temperatures


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], []),
        (["5"], [5.0]),
        (["1", "2,3.5"], [1.0, 2.0, 3.5]),
        (["1:2:0.5"], [1.0, 1.5, 2.0]),
        (["0.1:0.7:0.1"], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]),
        (["3:1:-1", "9"], [3.0, 2.0, 1.0, 9.0]),
        (["1:1.9:0.5"], [1.0, 1.5]),
        (["2:2:1"], [2.0]),
    ],
)
def test_lists_and_ranges(texts, expected):
    assert parse_temperatures(texts) == expected


@pytest.mark.parametrize("text", ["", "cold", "1:2", "1:2:0", "1:2:-1", "1:2:3:4", "1:inf:1", "1,,2"])
def test_other_words_are_refused(text):
    with pytest.raises(typer.BadParameter):
        parse_temperatures([text])


@pytest.mark.parametrize("texts", [["0:1:1e-9"], ["1:1e308:1e-300"], ["5", "1:1e9:1e-9,1:1e9:1e-9"]])
def test_too_many_are_out_of_range_and_not_made(texts):
    found = parse_temperatures(texts)
    assert len(found) == MOST_TEMPERATURES + 1
    with pytest.raises(InputError, match="more than 10000"):
        check_count(found)
    check_count(found[:-1])
