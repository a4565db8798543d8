"""Parsing of temperatures: numbers, lists and ranges."""

import math

import typer

from ..._errors import InputError

MOST_TEMPERATURES = 10_000
"""Largest number of temperatures in one command."""


def parse_temperatures(texts: list[str]) -> list[float]:
    """Return the temperatures [K] of texts such as `5`, `1,2.5,4` and `1:10:0.5` (first, last, step), in this order.

    Ranges are cut one temperature beyond the limit, which `check_count` then reports.

    Raises:
        typer.BadParameter: A text has another form.
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
    """Check the number of temperatures.

    Raises:
        InputError: There are more than `MOST_TEMPERATURES`.
    """
    if len(temperatures) > MOST_TEMPERATURES:
        raise InputError(f"--temperature gives more than {MOST_TEMPERATURES} temperatures.")


def _number(part: str, text: str) -> float:
    try:
        return float(part)
    except ValueError:
        raise _parse_error(text) from None


def _range(first: float, last: float, step: float, *, text: str, most: int) -> list[float]:
    if not all(map(math.isfinite, (first, last, step))) or step == 0 or (last - first) / step < 0:
        raise _parse_error(text)
    steps = min((last - first) / step, most)  # the quotient may be infinite
    count = math.floor(steps * (1 + 1e-12) + 1e-9) + 1
    return [round(first + i * step, 12) for i in range(min(count, most))]


def _parse_error(text: str) -> typer.BadParameter:
    return typer.BadParameter(f"{text!r} is not a temperature; write 5, 1,2.5,4 or 1:10:0.5 (first, last, step).")
