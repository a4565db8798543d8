r"""The result of an inversion: the most probable spectral function and samples of the posterior distribution."""

import dataclasses
import functools
import math

import numpy as np
from jaxtyping import Float

from ._model_tests import ModelTests, largest_consistent_chi2
from ._sampled_spectrum import SampledSpectrum
from .nonlinear import Conditions, Parameters

LARGEST_END_RATIO = 0.75
"""Where the end of a2F is found from data, the largest one in units of the last energy; above it phonons appear at the
end of the data or beyond."""

SIGNIFICANT_DEVIATIONS = 5.0
r"""A $\chi^2$ below its expectation by more than this many of its standard deviations is significantly too small."""

Samples = Float[np.ndarray, "sample freq"]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Inversion(SampledSpectrum):
    r"""A spectral function found by `invert`, with its uncertainty.

    The posterior is the distribution of `inverse.nonlinear`: normal errors, a prior for smooth functions,
    $\alpha^2F \ge 0$.

    Args:
        omega: Energies of a2F, shape (n,) [meV].
        a2f: The most probable non-negative spectral function, zero at the last energy; where `determined` is false,
            the mean of `samples`, which then are samples of the prior.
        a2f_std: Standard deviation of `samples` at every energy, shape (n,).
        samples: Samples of the posterior distribution of a2F, equally weighted; shape (n_samples, n).
        mu_star: Coulomb pseudopotential: the given value, or the fitted one.
        mu_star_std: Standard deviation of `mu_star`; zero if it was given.
        mu_star_samples: The Coulomb pseudopotential of every sample, shape (n_samples,); where the given value is
            doubtful (`tests.doubtful`), they differ from it.
        parameters: The parameters of the fit, given or fitted: `mu_star`, `broadening` [meV], `scale`, `slope` [1/meV],
            `curvature` [1/meV^2] and `offset` [meV].
        parameter_samples: Samples of those that were fitted, each of shape (n_samples,), in the order of `samples`.
        values: The observable that the solver finds for `a2f`, as the real numbers of the observable, in its unit: meV
            for gap functions (`ComplexGap`: all Re, then all Im), dimensionless for a density of states.
        noise: Standard deviation of the measured values in the same unit, given or estimated; one number, the root mean
            square over all values if they have different ones.
        noise_known: Whether the noise was given.
        chi2: $\chi^2/N$; at most one, by construction, where the noise is estimated.
        n_resolved: Number of independent combinations of the values of a2F (right singular vectors of the linearized
            problem) that the data determine better than the prior does.
        unseen_below: Where the data begin above the gap, the energy below which they do not show a2F [meV]; else zero.
        determined: Whether the data differ significantly from those of a normal metal.
        converged: Whether the steps of the Gauss-Newton iteration ended at a superconducting solution; whether that is
            an answer is said by `ok`.
        tests: The tests whether the residuals are noise; `None` if a2F is not determined.
        n_jacobians: Number of Jacobians that were computed.
        conditions: Temperature, cutoffs, broadening, and the energy at which a2F ends.
        end_known: Whether the energy at which a2F ends was given.
        last_energy: Largest energy of the data [meV].
    """

    omega: Float[np.ndarray, " freq"]
    a2f: Float[np.ndarray, " freq"]
    a2f_std: Float[np.ndarray, " freq"]
    samples: Samples
    mu_star: float
    mu_star_std: float
    mu_star_samples: Float[np.ndarray, " sample"]
    parameters: Parameters
    parameter_samples: dict[str, Float[np.ndarray, " sample"]]
    values: Float[np.ndarray, " value"]
    noise: float
    noise_known: bool
    chi2: float
    n_resolved: int
    unseen_below: float
    determined: bool
    converged: bool
    tests: ModelTests | None
    n_jacobians: int
    conditions: Conditions
    end_known: bool
    last_energy: float

    @property
    def ok(self) -> bool:
        """Whether the data determine a2F and the model describes them; `notes` gives the reasons if not."""
        return self.determined and self.consistent

    @property
    def broadening(self) -> tuple[float, float] | None:
        r"""The fitted broadening $\Gamma$ and its standard deviation [meV]; `None` if it was given."""
        return self._fitted("broadening")

    @property
    def scale(self) -> tuple[float, float] | None:
        """The fitted scale of the normalization and its standard deviation; `None` if it was given."""
        return self._fitted("scale")

    @property
    def slope(self) -> tuple[float, float] | None:
        """The fitted slope of the normalization and its standard deviation [1/meV]; `None` if it was not fitted."""
        return self._fitted("slope")

    @property
    def curvature(self) -> tuple[float, float] | None:
        """The fitted curvature of the normalization and its standard deviation [1/meV^2]; `None` if not fitted."""
        return self._fitted("curvature")

    @property
    def offset(self) -> tuple[float, float] | None:
        """The fitted offset of the bias and its standard deviation [meV]; `None` if it was given."""
        return self._fitted("offset")

    def _fitted(self, name: str) -> tuple[float, float] | None:
        drawn = self.parameter_samples.get(name)
        return None if drawn is None else (float(getattr(self.parameters, name)), float(np.std(drawn)))

    @property
    def notes(self) -> list[str]:
        """Warnings to read before the result is used, as whole sentences."""
        end, texts = self.conditions.omega_max, []
        if not self.determined:
            return ["the data agree with those of a normal metal within their errors: they do not determine a2F."]
        if self.end_is_beyond_data:
            texts.append(
                f"a2F does not end within the {self.last_energy:.4g} meV of these data, which do not show all phonons: "
                "state its end with --omega-max (`omega_max`), or measure up to higher energies."
            )
        elif not self.end_known:
            texts.append(f"the end of a2F was not stated; the data ask for {end:.4g} meV.")
        if self.unseen_below > 0:
            texts.append(
                f"the data begin above the gap and do not show a2F below {self.unseen_below:.2g} meV: its error bars "
                "and that of lambda allow for more weight there than acoustic phonons have."
            )
        if self.last_energy < end:
            texts.append(
                f"the data end at {self.last_energy:.4g} meV, a2F at {end:.4g} meV: beyond the data a2F is little more "
                "than a smooth extrapolation, and its error bars do not include finer structure there."
            )
        return texts + self._fit_warnings()

    def _fit_warnings(self) -> list[str]:
        r"""Warnings about convergence, $\chi^2$ and the tests of the model."""
        texts = [] if self.converged else ["the Gauss-Newton iteration did not converge."]
        if self.noise_known and not self.has_consistent_chi2:
            texts.append(
                f"chi^2/N = {self.chi2:.3g}: no a2F is consistent with these data and errors, and the error bars are "
                "not valid. Check the noise, T, the broadening, mu* and the energy at which a2F ends."
            )
            if self.omega[0] > self.conditions.broadening:
                texts[-1] += (
                    f" The points of a2F are {self.omega[0]:.2g} meV apart, more than the broadening: try more "
                    "--points (`n_points`)."
                )
        elif self.noise_is_too_large:
            texts.append(
                f"chi^2/N = {self.chi2:.3g}: the errors are smaller than stated; a2F is too smooth and its error bars "
                "are too wide. Give a smaller noise."
            )
        return texts + list((*self.tests.failures, *self.tests.doubts) if self.tests else ())

    @property
    def consistent(self) -> bool:
        r"""Whether the iteration converged, the residuals are noise, and the data show where a2F ends."""
        passed = not (self.tests and self.tests.failures) and not self.end_is_beyond_data
        return bool(self.converged and self.has_consistent_chi2 and passed)

    @property
    def end_is_beyond_data(self) -> bool:
        """Whether the end of a2F was not stated, and the data do not show it."""
        return (
            self.determined and not self.end_known and self.conditions.omega_max > LARGEST_END_RATIO * self.last_energy
        )

    @property
    def has_consistent_chi2(self) -> bool:
        r"""Whether $\chi^2$ is not too large; where the noise is estimated, `tests` compares it with the scatter."""
        n_dof = max(1, self.values.size - self.n_resolved)
        return bool(self.chi2 * self.values.size <= largest_consistent_chi2(n_dof) * n_dof or not self.noise_known)

    @property
    def noise_is_too_large(self) -> bool:
        r"""Whether $\chi^2$ is significantly below the number of degrees of freedom: the noise is overstated."""
        n_dof = self.values.size - self.n_resolved
        least = n_dof - SIGNIFICANT_DEVIATIONS * math.sqrt(2 * n_dof)
        return self.determined and self.noise_known and self.chi2 * self.values.size < least

    @functools.cached_property
    def T_c(self) -> tuple[float, float]:
        """Critical temperature and its standard deviation over the samples, of which at most 100 are used [K].

        The standard deviation is NaN if T_c is zero.

        Raises:
            InputError: The Matsubara cutoff is so high that the search cannot reach low temperatures.
            RuntimeError: JAX is not in 64-bit mode.
        """
        c = self.conditions
        return self.critical_temperature(
            self.mu_star,
            omega_c=c.omega_c,
            matsubara_cutoff=c.matsubara_cutoff,
            mu_star_samples=self.mu_star_samples,
        )
