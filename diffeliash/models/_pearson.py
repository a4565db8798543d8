"""Pearson's correlation coefficient, by which functions are compared."""

import numpy as np
from jaxtyping import Array, Float


def pearson(
    a: Float[Array | np.ndarray, "sample point"], b: Float[Array | np.ndarray, "sample point"]
) -> Float[np.ndarray, " sample"]:
    r"""Compute the Pearson correlation coefficient of each pair of rows; NaN where a row is constant.

    $$ \mathrm{PCC}(a, b) = \frac{\sum_i (a_i - \bar a)(b_i - \bar b)}{|a - \bar a|\,|b - \bar b|} $$

    This is the measure of arXiv:2007.07512, App. A.
    """
    a = np.asarray(a, dtype=np.float64)
    b = np.asarray(b, dtype=np.float64)
    a = a - np.mean(a, axis=1, keepdims=True)
    b = b - np.mean(b, axis=1, keepdims=True)
    norm = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.sum(a * b, axis=1) / np.where(norm > 0, norm, np.nan)
