"""A spectral function predicted by a network, with its error bars, and the check by the equations."""

import dataclasses
import functools
import math

import numpy as np
from jaxtyping import Float

from ...data import DosFile, GapFile
from ...inverse import SampledSpectrum
from ...physics import GapSolution, RealAxisGap
from .._setting import Setting


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Prediction(SampledSpectrum):
    r"""A spectral function that a network predicts for a measured or computed function; the result of `predict`.

    The equations are solved for the prediction, and the result is compared with what the network was given. With
    samples, `lambda_ep`, `omega_log`, `omega_2` and `T_c` are means and standard deviations over them: `a2f` has the
    smallest mean square error, but such moments of it may be off by more than their error bars.

    Args:
        omega: Energies of a2F, shape (n,) [meV].
        a2f: The predicted spectral function.
        samples: Samples of the posterior distribution of a2F, shape (n_samples, n); none for networks without one.
        setting: Temperature, cutoffs and broadening for which the prediction holds.
        given: The function that the network was given.
        noise: Standard deviation of its noise [meV], given or estimated; zero for networks that do not take it.
        sol: The solution on the imaginary axis for the prediction.
        real: Its continuation to the energies of the given function.
        recomputed_1_minus_pcc: 1 - PCC (Pearson correlation coefficient) of the given and the recomputed function.
        notes: Reasons to doubt the prediction, as whole sentences; empty if there are none.
    """

    omega: Float[np.ndarray, " freq"]
    a2f: Float[np.ndarray, " freq"]
    samples: Float[np.ndarray, "sample freq"]
    setting: Setting
    given: GapFile | DosFile
    noise: float
    sol: GapSolution
    real: RealAxisGap
    recomputed_1_minus_pcc: float
    notes: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether the equations give back the given function; `notes` says why not."""
        return bool(self.sol.converged) and not self.notes

    @functools.cached_property
    def a2f_std(self) -> Float[np.ndarray, " freq"]:
        """Standard deviation of a2F at every energy; NaN without samples."""
        return np.std(self.samples, axis=0) if len(self.samples) else np.full(self.omega.size, math.nan)

    def _value(self, of_a2f: float, of_samples: Float[np.ndarray, " sample"]) -> float:
        return float(np.mean(of_samples)) if len(of_samples) else of_a2f

    @functools.cached_property
    def T_c(self) -> tuple[float, float]:
        """Critical temperature and its standard deviation over the samples, of which at most 100 are used [K].

        The standard deviation is NaN if T_c is zero, or without samples.

        Raises:
            InputError: The Matsubara cutoff is so high that the search cannot reach low temperatures.
            RuntimeError: JAX is not in 64-bit mode.
        """
        s = self.setting
        return self.critical_temperature(s.mu_star, omega_c=s.omega_c, matsubara_cutoff=s.matsubara_cutoff)
