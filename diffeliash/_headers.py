"""Validation of file headers: types and ranges are declared with the fields. This module does not import JAX."""

import functools
import reprlib
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, with_config

from ._errors import DiffeliashError, IntegrityError

SMALLEST_VALUE, LARGEST_VALUE = 1e-15, 1e9
"""Range of all energies [meV] and temperatures [K]; products and ratios of two such numbers cannot overflow."""

MOST_REASONS = 6
"""Number of invalid fields that an error message lists; further ones are only counted."""


def _not_tiny(value: float) -> float:
    if value < SMALLEST_VALUE:
        raise ValueError(f"must not lie below {SMALLEST_VALUE:g}")
    return value


Positive = Annotated[float, Field(gt=0, lt=LARGEST_VALUE, allow_inf_nan=False), AfterValidator(_not_tiny)]
"""Type of an energy [meV] or a temperature [K] in a header."""

Finite = Annotated[float, Field(allow_inf_nan=False)]

Fraction = Annotated[float, Field(ge=0, le=1)]

Count = Annotated[int, Field(ge=0, le=2**53)]

ShortText = Annotated[str, Field(max_length=1000)]
"""Type of a name or a version in a header."""

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
"""Type of a SHA-256 checksum in a header: 64 hexadecimal digits."""

INTEGER_FROM_FLOAT = BeforeValidator(
    lambda value: int(value) if isinstance(value, float) and value.is_integer() else value
)
"""Validator of integer fields that also accepts a float with an integral value, such as 3.0."""

header = with_config(ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True))
"""Decorator of a dataclass that is the schema of a header: unknown fields and conversions of type are refused."""

part_of_header = with_config(ConfigDict(extra="ignore", strict=True))
"""Decorator of a dataclass that is the schema of some fields of a header: unknown fields are ignored."""

_Header = TypeVar("_Header")


def parse_header(
    schema: type[_Header],
    text: str | bytes,
    where: str,
    *,
    what: str = "damaged file",
    hint: str = "",
    kind: type[DiffeliashError] = IntegrityError,
) -> _Header:
    """Parse a header from JSON and check the type and range of every field; deeply nested JSON is refused.

    Args:
        schema: A dataclass decorated with `header` or `part_of_header`; nested dataclasses need no decorator.
        text: The JSON text.
        where: File named in the error message.
        what: Beginning of the error message.
        hint: End of the error message.
        kind: Class of the error.

    Raises:
        DiffeliashError: Of class `kind`, if fields are missing, unknown or invalid; the message names them.
    """
    try:
        return _parser(schema)(text)
    except ValidationError as error:
        raise kind(what, where=where, why=_reasons(error), hint=hint) from None


@functools.cache
def _parser(schema: type) -> Callable[..., Any]:
    return TypeAdapter(schema).validate_json


def _reasons(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_context=False)
    lines = [_reason(".".join(map(str, each["loc"])), each["msg"], each["input"]) for each in found[:MOST_REASONS]]
    if len(found) > MOST_REASONS:
        lines.append(f"{len(found) - MOST_REASONS} more")
    return "; ".join(lines) + "."


def _reason(field: str, why: str, value: Any) -> str:
    why = why.removeprefix("Value error, ").rstrip(".")
    return f"`{reprlib.repr(field)[1:-1]}`: {why}, got {reprlib.repr(value)}" if field else why
