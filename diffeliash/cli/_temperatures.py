"""Temperatures on the command line: numbers, lists and ranges."""

import math

import typer

MOST = 10_000
"""Temperatures in one command."""


def parse_temperatures(texts: list[str]) -> list[float]:
    """The temperatures [K] of `5`, `1,2.5,4` and `1:10:0.5` (first, last, step), in the order given.

    Raises:
        typer.BadParameter: A word that is none of these, or too many temperatures.
    """
    found: list[float] = []
    for text in (word for words in texts for word in words.split(",")):
        numbers = [_number(part, text) for part in text.split(":")]
        if len(numbers) == 1:
            found += numbers
        elif len(numbers) == 3:
            found += _range(*numbers, text=text)
        else:
            raise _misunderstood(text)
        if len(found) > MOST:
            raise typer.BadParameter(f"more than {MOST} temperatures.")
    return found


def _number(part: str, text: str) -> float:
    try:
        return float(part)
    except ValueError:
        raise _misunderstood(text) from None


def _range(first: float, last: float, step: float, *, text: str) -> list[float]:
    if not all(map(math.isfinite, (first, last, step))) or step == 0 or (last - first) / step < 0:
        raise _misunderstood(text)
    count = math.floor((last - first) / step * (1 + 1e-12) + 1e-9) + 1
    return [round(first + i * step, 12) for i in range(min(count, MOST + 1))]


def _misunderstood(text: str) -> typer.BadParameter:
    return typer.BadParameter(f"{text!r} is no temperature; write 5, 1,2.5,4 or 1:10:0.5 (first, last, step).")
