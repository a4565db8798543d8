r"""The errors of one measured part: their size, and how those of neighboring energies are correlated.

Published self-energies are often smoothed along the energy. Their errors are then correlated, and a fit that took them
as independent would find structure in them that is none, with error bars that are too small.
"""

import functools
import math
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.linalg import cholesky, solve_triangular, toeplitz
from scipy.stats import chi2

INDEPENDENT = 1e-3
"""Part of the variance that is not correlated, such as that of rounding: a running mean leaves nothing at some
frequencies, which must not be trusted without limit."""

LAGS, LEAST_PROBABILITY = 10, 1e-3
"""Residuals are correlated if their autocorrelation at the first lags is less probable than this for white noise."""


class Correlation(NamedTuple):
    r"""The correlation $c_k$ of two errors $k$ energies apart.

    Args:
        kind: `"mean"` for data that were replaced by running means over a number $m$ of energies,
            $c_k = \max(0, 1 - k/m)$, or `"exponential"`, $c_k = e^{-k/m}$.
        length: The number $m$ of energies.
    """

    kind: Literal["mean", "exponential"]
    length: float

    def at(self, n: int) -> Float[np.ndarray, " freq"]:
        """The correlations of the first error with all of `n`."""
        k = np.arange(float(n))
        return np.maximum(0.0, 1 - k / self.length) if self.kind == "mean" else np.exp(-k / self.length)

    @property
    def n_correlated(self) -> float:
        """The number of neighboring values that hold as much information as one independent value."""
        return float(self.length) if self.kind == "mean" else 1 / math.tanh(0.5 / self.length)

    @property
    def words(self) -> str:
        """What it is, for a message."""
        if self.kind == "mean":
            return f"as after a running mean over {self.length:g} energies"
        return f"over {self.length:g} energies"


WHITE = Correlation("mean", 1)
"""Independent errors."""

CORRELATIONS = (
    WHITE,
    *(Correlation("mean", n) for n in (2, 3, 4, 5, 7, 9)),
    *(Correlation("exponential", length) for length in (1, 2, 4, 8)),
)
"""The correlations that are compared."""


class PartErrors(NamedTuple):
    r"""Normal errors with standard deviations $\sigma_i$ and correlations $c_{|i - j|}$.

    Args:
        sizes: $\sigma_i$, or numbers proportional to them, shape (n,) [meV].
        correlation: The correlations.
    """

    sizes: Float[np.ndarray, " freq"]
    correlation: Correlation

    def whiten(self, rows: Float[np.ndarray, "freq *columns"]) -> Float[np.ndarray, "freq *columns"]:
        r"""Make the errors of rows $x$ independent with unit variance: $L^{-1}x/\sigma$, $c_{|i-j|} = (LL^T)_{ij}$."""
        return solve_triangular(_root(self.correlation, len(rows)), (rows.T / self.sizes).T, lower=True)

    @property
    def log_determinant(self) -> float:
        r"""The logarithm of the determinant of $L$."""
        return float(np.sum(np.log(np.diag(_root(self.correlation, len(self.sizes))))))

    def scaled(self, factor: float) -> "PartErrors":
        """The same errors with all sizes multiplied by a factor."""
        return PartErrors(factor * self.sizes, self.correlation)


@functools.lru_cache(maxsize=64)
def _root(correlation: Correlation, n: int) -> Float[np.ndarray, "freq freq"]:
    """The triangular root of the matrix of correlations."""
    row = (1 - INDEPENDENT) * correlation.at(n)
    row[0] = 1.0
    return cholesky(toeplitz(row), lower=True)


def are_correlated(residuals: Float[np.ndarray, " freq"]) -> bool:
    r"""Whether residuals are correlated along the energy, by the test of Ljung and Box.

    $$ Q = n(n + 2)\sum_{k\le10}\frac{r_k^2}{n - k} $$

    with the autocorrelations $r_k$ has the distribution of $\chi^2$ with ten degrees of freedom for white noise (G. M.
    Ljung and G. E. P. Box, Biometrika 65, 297 (1978), doi:10.1093/biomet/65.2.297).
    """
    n = len(residuals)
    lags = np.arange(1, min(LAGS, n - 1) + 1)
    products = np.array([residuals[:-k] @ residuals[k:] for k in lags]) / max(residuals @ residuals, 1e-300)
    return bool(chi2.sf(n * (n + 2) * np.sum(products**2 / (n - lags)), lags.size) < LEAST_PROBABILITY)
