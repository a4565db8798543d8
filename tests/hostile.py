"""Headers as somebody might forge them: every field in turn missing, of another type, or far out of its range."""

import json
import math
from collections.abc import Iterator
from typing import Any

MISSING = object()

NESTED = "@nested@"
"""Stands for ten thousand lists in one another, which `json.dumps` cannot write."""

VALUES = {
    "missing": MISSING,
    "null": None,
    "text": "../../etc/passwd",
    "long text": "x" * 10**5,
    "empty list": [],
    "list": [1, "a", None],
    "table": {"a": 1},
    "nested": NESTED,
    "true": True,
    "NaN": math.nan,
    "infinite": math.inf,
    "negative": -1,
    "zero": 0,
    "fraction": 0.5,
    "huge": 1e300,
    "huge and whole": 10**30,
    "beyond int64": 2**63,
}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a header: all fields of tables, the first entries of lists."""
    entries = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, below in entries:
        yield (*path, key)
        yield from places(below, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A header with something else, or nothing, in one place."""
    first, rest = path[0], path[1:]
    result = dict(value) if isinstance(value, dict) else list(value)
    if rest:
        result[first] = replaced(value[first], rest, new)
    elif new is MISSING:
        del result[first]
    else:
        result[first] = new
    return result


def mutations(header: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What was done, and the header with it; where `NESTED` stands, `as_json` writes the lists."""
    for path in places(header):
        for name, new in VALUES.items():
            changed = replaced(header, path, new)
            if json.dumps(changed) != json.dumps(header):
                yield f"{'.'.join(map(str, path))}: {name}", changed


def as_json(header: Any, **options: Any) -> str:
    """The text of a header."""
    return json.dumps(header, **options).replace(f'"{NESTED}"', "[" * 10_000 + "]" * 10_000)
