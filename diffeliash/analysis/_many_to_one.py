"""Whether different spectral functions have the same gap function (App. A of the paper)."""

import dataclasses

import numpy as np
from jaxtyping import Bool, Complex, Float

from ..data import as_features
from ..models import Setting
from ..training import pearson, solve_gaps


@dataclasses.dataclass(frozen=True, kw_only=True)
class ManyToOne:
    r"""How far apart pairs of spectra are, and how far apart their gap functions.

    Args:
        df: $1 - \mathrm{PCC}(f_1, f_2)$ of every pair.
        dg: $1 - \mathrm{PCC}(g_1, g_2)$, real and imaginary parts in one vector; NaN where $f_2$ has no gap
            function, or none that could be computed accurately.
        recomputed: $g_2$ [meV]; NaN there.
    """

    df: Float[np.ndarray, " pair"]
    dg: Float[np.ndarray, " pair"]
    recomputed: Complex[np.ndarray, "pair real"]

    @property
    def counted(self) -> Bool[np.ndarray, " pair"]:
        """Pairs whose gap functions can be compared: the means are over these."""
        return np.isfinite(self.dg)

    @property
    def df_mean(self) -> tuple[float, float]:
        """Mean difference of spectra, and its standard error."""
        return _mean(self.df[self.counted])

    @property
    def dg_mean(self) -> tuple[float, float]:
        """Mean difference of gap functions, and its standard error."""
        return _mean(self.dg[self.counted])


def many_to_one(
    setting: Setting,
    a2f: Float[np.ndarray, "pair freq"],
    Delta: Complex[np.ndarray, "pair real"],
    other: Float[np.ndarray, "pair freq"],
) -> ManyToOne:
    r"""Compare spectra $f_1$ with others $f_2$, and their gap functions.

    $f_1$ gives $g_1$ by the Eliashberg equations; a network gives $f_2 = S(g_1)$; $f_2$ gives $g_2$ by the equations.
    Over the points of two functions
    $\mathrm{PCC}(a, b) = \sum_i (a_i - \bar a)(b_i - \bar b) / (|a - \bar a|\,|b - \bar b|)$.

    Differences in $f$ that are much larger than those in $g$ show a map from many to one, as the paper has it in its
    Table I; `expected_difference` says how much of that is in the equations.

    Args:
        setting: Of the gap functions.
        a2f: $f_1$, one a row.
        Delta: $g_1$ [meV].
        other: $f_2$.
    """
    solved = solve_gaps(setting, other)
    recomputed = np.where(solved.ok[:, None], solved.Delta, np.nan)
    return ManyToOne(
        df=1 - pearson(a2f, other), dg=1 - pearson(as_features(Delta), as_features(recomputed)), recomputed=recomputed
    )


def _mean(values: Float[np.ndarray, " pair"]) -> tuple[float, float]:
    """Mean and standard error; NaN of nothing."""
    if not values.size:
        return float("nan"), float("nan")
    return float(np.mean(values)), float(np.std(values) / np.sqrt(values.size))
