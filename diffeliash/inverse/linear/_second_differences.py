"""How much a function on an even grid bends."""

import numpy as np
from jaxtyping import Float


def second_differences(n: int) -> Float[np.ndarray, "boson boson"]:
    """Of `n` values between two that are zero."""
    return np.diff(np.eye(n + 2), n=2, axis=0)[:, 1:-1]
