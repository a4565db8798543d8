"""Second differences on a uniform grid."""

import numpy as np
from jaxtyping import Float


def second_differences(n: int) -> Float[np.ndarray, "boson boson"]:
    """The matrix of the second differences of `n` values, with zeros beyond both ends."""
    return np.diff(np.eye(n + 2), n=2, axis=0)[:, 1:-1]
