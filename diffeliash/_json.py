"""Preparation of results for JSON, which has no NaN and no infinity."""

import math
from typing import Any


def nonfinite_to_null(value: Any) -> Any:
    """Return a nested structure with `None` (JSON null) in place of every NaN and infinity."""
    if isinstance(value, dict):
        return {key: nonfinite_to_null(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [nonfinite_to_null(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
