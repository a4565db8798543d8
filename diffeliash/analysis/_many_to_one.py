"""Differences of spectral functions and of their gap functions (App. A and Table I of arXiv:2007.07512)."""

import dataclasses

import numpy as np
from jaxtyping import Bool, Complex, Float

from ..data import as_features
from ..models import Setting
from ..training import pearson, solve_gaps


@dataclasses.dataclass(frozen=True, kw_only=True)
class ManyToOne:
    r"""Differences of pairs of spectra and of their gap functions; the result of `many_to_one`.

    Args:
        df: $1 - \mathrm{PCC}(f_1, f_2)$ of every pair.
        dg: $1 - \mathrm{PCC}(g_1, g_2)$ of every pair, real and imaginary parts in one vector; NaN if $f_2$ is normal
            or its gap function could not be computed accurately.
        recomputed: Gap functions $g_2$ [meV]; NaN for the same pairs.
    """

    df: Float[np.ndarray, " pair"]
    dg: Float[np.ndarray, " pair"]
    recomputed: Complex[np.ndarray, "pair real"]

    @property
    def comparable(self) -> Bool[np.ndarray, " pair"]:
        """Which pairs have two gap functions to compare; the means are over these."""
        return np.isfinite(self.dg)

    @property
    def df_mean(self) -> tuple[float, float]:
        """The mean of `df` and its standard error."""
        return _mean(self.df[self.comparable])

    @property
    def dg_mean(self) -> tuple[float, float]:
        """The mean of `dg` and its standard error."""
        return _mean(self.dg[self.comparable])


def many_to_one(
    setting: Setting,
    a2f: Float[np.ndarray, "pair freq"],
    Delta: Complex[np.ndarray, "pair real"],
    other: Float[np.ndarray, "pair freq"],
) -> ManyToOne:
    r"""Compare spectra $f_1$ with predicted spectra $f_2$, and their gap functions.

    The Eliashberg equations give $g_1$ for $f_1$, a network gives $f_2 = S(g_1)$, and the equations give $g_2$ for
    $f_2$. Both differences are measured by the Pearson correlation coefficient (`pearson`).

    According to the paper (Table I), differences in $f$ that are much larger than those in $g$ show that the map is
    many-to-one; `expected_difference` computes how large they must be for any estimate.

    Args:
        setting: Temperature, cutoffs and grids of the gap functions.
        a2f: $f_1$, one a row.
        Delta: $g_1$, one a row [meV].
        other: $f_2$, one a row.
    """
    solved = solve_gaps(setting, other)
    recomputed = np.where(solved.ok[:, None], solved.Delta, np.nan)
    return ManyToOne(
        df=1 - pearson(a2f, other), dg=1 - pearson(as_features(Delta), as_features(recomputed)), recomputed=recomputed
    )


def _mean(values: Float[np.ndarray, " pair"]) -> tuple[float, float]:
    """The mean and its standard error; NaN if there are no values."""
    if not values.size:
        return float("nan"), float("nan")
    return float(np.mean(values)), float(np.std(values) / np.sqrt(values.size))
