"""Forged file headers for tests: each field in turn is missing, of another type, or far out of its range."""

import json
import math
from collections.abc import Iterator
from typing import Any

MISSING = object()

NESTED = "@nested@"
"""Placeholder for ten thousand nested lists, which `json.dumps` cannot write; `as_json` writes them."""

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
    """Paths to all values in a header: every field of a dictionary and the first entry of a list."""
    entries = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, below in entries:
        yield (*path, key)
        yield from places(below, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy of a header with the value at `path` replaced, or removed if `new` is `MISSING`."""
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
    """A description of each change, and the changed header, to be written by `as_json`."""
    for path in places(header):
        for name, new in VALUES.items():
            changed = replaced(header, path, new)
            if json.dumps(changed) != json.dumps(header):
                yield f"{'.'.join(map(str, path))}: {name}", changed


def as_json(header: Any, **options: Any) -> str:
    """A header as JSON text, with `NESTED` written as nested lists."""
    return json.dumps(header, **options).replace(f'"{NESTED}"', "[" * 10_000 + "]" * 10_000)
