"""What JSON has no word for."""

import math
from typing import Any


def finite(value: Any) -> Any:
    """The same structure with null for numbers that are not finite: JSON has no word for them."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
