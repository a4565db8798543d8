import pytest
import typer

from diffeliash.cli._temperatures import parse_temperatures


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


@pytest.mark.parametrize("text", ["", "cold", "1:2", "1:2:0", "1:2:-1", "1:2:3:4", "1:inf:1", "1,,2", "0:1:1e-9"])
def test_other_words_are_refused(text):
    with pytest.raises(typer.BadParameter):
        parse_temperatures([text])
