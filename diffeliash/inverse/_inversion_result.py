r"""What an inversion finds: the most probable spectral function, and how far the data leave others possible."""

import dataclasses
import functools
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..physics import CompressedMatsubara, Spectrum, solve_tc
from ..units import BOLTZMANN
from .refinement import Conditions

CONSISTENT = 1.2
r"""Up to this $\chi^2/N$ a spectral function accounts for what was measured."""

FEW = 5.0
r"""Standard deviations of $\chi^2$ that are no chance."""

LOWER = 0.5
"""A program for the derivative of $T_c$ reaches down to this part of it."""

Samples = Float[np.ndarray, "sample freq"]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Inversion:
    r"""A spectral function with its uncertainty, from something that was measured.

    Args:
        omega: Energies of a2F [meV].
        a2f: The most probable spectral function that is nowhere negative, zero at the last energy; where `determined`
            is false, the mean of `samples`, which then says no more than that a2F is smooth.
        a2f_std: Standard deviation of the samples.
        samples: Spectral functions drawn from all that the data allow, each as probable as the next.
        mu_star: Coulomb pseudopotential: as given, or found.
        mu_star_std: Its standard deviation; zero where it was given.
        mu_star_samples: The one of every sample.
        values: What the solver finds for `a2f`, in the form of what was measured.
        noise: Standard deviation of the measured values: as given, or estimated.
        noise_known: Whether it was given.
        chi2: $\chi^2/N$; at most one, by construction, where the noise is estimated.
        n_resolved: Numbers of the spectral function that the data fix better than the preference for smooth ones.
        determined: Whether the data say anything: not if they are those of a normal metal within their errors.
        converged: Whether the steps came to an end.
        n_jacobians: How often the solver was linearized.
        conditions: Temperature, cutoffs, broadening, and where a2F ends.
        end_known: Whether it was given where a2F ends.
        last_energy: Of those at which something was measured [meV].
    """

    omega: Float[np.ndarray, " freq"]
    a2f: Float[np.ndarray, " freq"]
    a2f_std: Float[np.ndarray, " freq"]
    samples: Samples
    mu_star: float
    mu_star_std: float
    mu_star_samples: Float[np.ndarray, " sample"]
    values: Float[np.ndarray, " value"]
    noise: float
    noise_known: bool
    chi2: float
    n_resolved: int
    determined: bool
    converged: bool
    n_jacobians: int
    conditions: Conditions
    end_known: bool
    last_energy: float

    @property
    def ok(self) -> bool:
        """Whether the data determine a spectral function that accounts for them; `notes` says why if not."""
        return self.determined and self.consistent

    @property
    def notes(self) -> list[str]:
        """What one should know before the answer is trusted."""
        end, texts = self.conditions.omega_max, []
        if not self.end_known:
            texts.append(f"a2F is taken to end at {end:.4g} meV; say --omega-max (`omega_max`) if it does not.")
        if not self.determined:
            return [*texts, "these are data of a normal metal within their errors: they do not determine a2F."]
        if self.last_energy < end:
            texts.append(
                f"the data end at {self.last_energy:.4g} meV, a2F at {end:.4g} meV: beyond the data it is little more "
                "than a smooth end, and the bars do not allow for finer structure there."
            )
        return texts + self._doubts()

    def _doubts(self) -> list[str]:
        """Of the fit itself."""
        texts = [] if self.converged else ["the steps did not come to an end."]
        if self.chi2 > CONSISTENT:
            texts.append(
                f"chi^2/N = {self.chi2:.3g}: no a2F accounts for these data with such errors, and the bars do not "
                "hold. Is the noise larger, or T, broadening, mu* or where a2F ends another?"
            )
            if self.omega[0] > self.conditions.broadening:
                texts[-1] += (
                    f" The points of a2F are {self.omega[0]:.2g} meV apart, more than the broadening: try more "
                    "--points (`n_points`)."
                )
        elif self.noise_is_too_large:
            texts.append(
                f"chi^2/N = {self.chi2:.3g}: the errors are smaller than said; a2F is too smooth, its bars are wide."
            )
        return texts

    @property
    def consistent(self) -> bool:
        r"""Whether the steps came to an end at a spectral function that accounts for the data: $\chi^2/N \le 1.2$."""
        return bool(self.converged and self.chi2 <= CONSISTENT)

    @property
    def noise_is_too_large(self) -> bool:
        r"""Whether $\chi^2$ is far below the number of values less that of the numbers resolved: errors overstated."""
        left = self.values.size - self.n_resolved
        return self.determined and self.noise_known and self.chi2 * self.values.size < left - FEW * math.sqrt(2 * left)

    @property
    def spectrum(self) -> Spectrum:
        """The most probable spectral function."""
        return Spectrum(self.omega, self.a2f)

    @functools.cached_property
    def lambda_ep(self) -> tuple[float, float]:
        r"""$\lambda$ and its standard deviation."""
        return self._moment(lambda spectrum: spectrum.lambda_ep)

    @functools.cached_property
    def omega_log(self) -> tuple[float, float]:
        r"""$\omega_{\log}$ and its standard deviation [meV]."""
        return self._moment(lambda spectrum: spectrum.omega_log)

    @functools.cached_property
    def omega_2(self) -> tuple[float, float]:
        r"""$\bar\omega_2$ and its standard deviation [meV]."""
        return self._moment(lambda spectrum: spectrum.omega_2)

    @functools.cached_property
    def T_c(self) -> tuple[float, float]:
        """Critical temperature and its standard deviation [K], to first order in the deviations of the samples."""
        c, omega = self.conditions, self.omega
        known = functools.partial(solve_tc, omega_c=c.omega_c, matsubara_cutoff=c.matsubara_cutoff)
        T_c = float(known(self.spectrum, mu_star=self.mu_star))
        if not T_c > 0:
            return T_c, math.nan
        enough = CompressedMatsubara(n=math.ceil(c.matsubara_cutoff / (2 * math.pi * BOLTZMANN * T_c * LOWER)))

        def critical(a2f: Float[Array, " freq"], mu_star: Float[Array, ""]) -> Float[Array, ""]:
            return known(Spectrum(omega, a2f), mu_star=mu_star, frequencies=enough)

        slopes = jax.grad(critical, argnums=(0, 1))(jnp.asarray(self.a2f), jnp.asarray(self.mu_star))
        away = (self.samples - self.a2f[None, :]) @ np.asarray(slopes[0])
        away += (self.mu_star_samples - self.mu_star) * float(slopes[1])
        return T_c, float(np.std(away))

    def _moment(self, moment: Callable[[Spectrum], Float[Array, ""]]) -> tuple[float, float]:
        def of(a2f: Float[Array, " freq"]) -> Float[Array, ""]:
            return moment(Spectrum(self.omega, a2f))

        spread = np.std(np.asarray(jax.vmap(of)(jnp.asarray(self.samples))))
        return float(of(jnp.asarray(self.a2f))), float(spread)
