"""What a header may say: types and ranges stand beside its fields, and are checked before it is used. Loads no JAX."""

import functools
import reprlib
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, with_config

from ._errors import DiffeliashError, IntegrityError

SMALLEST_VALUE, LARGEST_VALUE = 1e-15, 1e9
"""Between them lie all energies [meV] and temperatures [K], with room for ratios and squares of them."""

MOST_REASONS = 6
"""Fields that a message names; the others are counted."""


def _not_tiny(value: float) -> float:
    if value < SMALLEST_VALUE:
        raise ValueError(f"must not lie below {SMALLEST_VALUE:g}")
    return value


Positive = Annotated[float, Field(gt=0, lt=LARGEST_VALUE, allow_inf_nan=False), AfterValidator(_not_tiny)]
"""An energy [meV] or a temperature [K]."""

Finite = Annotated[float, Field(allow_inf_nan=False)]

Fraction = Annotated[float, Field(ge=0, le=1)]

Count = Annotated[int, Field(ge=0, le=2**53)]

Word = Annotated[str, Field(max_length=1000)]
"""A name, a version: nothing long."""

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
"""SHA-256."""

WHOLE = BeforeValidator(lambda value: int(value) if isinstance(value, float) and value.is_integer() else value)
"""Beside an integer: 3.0 is one, as users' families have them."""

header = with_config(ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True))
"""A dataclass is the schema of a header: no other fields, no number from text, no truth value as a number."""

part_of_header = with_config(ConfigDict(extra="ignore", strict=True))
"""The same for what is looked at before the rest: other fields are left alone."""

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
    """A header from its JSON, with every field of its type and in its range; deeply nested text is refused.

    Args:
        schema: A dataclass with `header`, whose fields may be dataclasses that have no such mark themselves.
        text: The JSON.
        where: The file, for the message.
        what: The message begins with.
        hint: It ends with.
        kind: Of error.

    Raises:
        DiffeliashError: Of this kind, naming all bad fields.
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
