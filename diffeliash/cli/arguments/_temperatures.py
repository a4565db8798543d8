"""Temperatures on the command line: numbers, lists and ranges."""

import math

import typer

from ..._errors import InputError

MOST_TEMPERATURES = 10_000
"""Temperatures in one command."""


def parse_temperatures(texts: list[str]) -> list[float]:
    """The temperatures [K] of `5`, `1,2.5,4` and `1:10:0.5` (first, last, step), in the order given.

    There are no more of them than it takes to see that they are too many.

    Raises:
        typer.BadParameter: A word that is none of these.
    """
    found: list[float] = []
    for text in (word for words in texts for word in words.split(",")):
        numbers = [_number(part, text) for part in text.split(":")]
        if len(numbers) == 1:
            found += numbers
        elif len(numbers) == 3:
            found += _range(*numbers, text=text, most=max(0, MOST_TEMPERATURES + 1 - len(found)))
        else:
            raise _parse_error(text)
    return found


def check_count(temperatures: list[float]) -> None:
    """Refuse more temperatures than anybody waits for.

    Raises:
        InputError: There are more.
    """
    if len(temperatures) > MOST_TEMPERATURES:
        raise InputError(f"--temperature: more than {MOST_TEMPERATURES} temperatures.")


def _number(part: str, text: str) -> float:
    try:
        return float(part)
    except ValueError:
        raise _parse_error(text) from None


def _range(first: float, last: float, step: float, *, text: str, most: int) -> list[float]:
    if not all(map(math.isfinite, (first, last, step))) or step == 0 or (last - first) / step < 0:
        raise _parse_error(text)
    steps = min((last - first) / step, most)  # which may be infinite
    count = math.floor(steps * (1 + 1e-12) + 1e-9) + 1
    return [round(first + i * step, 12) for i in range(min(count, most))]


def _parse_error(text: str) -> typer.BadParameter:
    return typer.BadParameter(f"{text!r} is no temperature; write 5, 1,2.5,4 or 1:10:0.5 (first, last, step).")
