r"""A spectral function with samples of its probability distribution, and the error bars that follow from them."""

import functools
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..physics import Spectrum, solve_tc_many

MOST_TC_SAMPLES = 100
"""Largest number of samples of which T_c is computed."""


class SampledSpectrum:
    r"""A spectral function with samples of its distribution: its moments and $T_c$, each with a standard deviation.

    Args:
        omega: Energies [meV].
        a2f: The spectral function.
        samples: Samples of its distribution, equally weighted, one a row.
    """

    omega: Float[np.ndarray, " freq"]
    a2f: Float[np.ndarray, " freq"]
    samples: Float[np.ndarray, "sample freq"]

    @property
    def spectrum(self) -> Spectrum:
        """The spectral function, `a2f` on `omega`."""
        return Spectrum(self.omega, self.a2f)

    @functools.cached_property
    def lambda_ep(self) -> tuple[float, float]:
        r"""Coupling constant $\lambda$ and its standard deviation."""
        return self._moment(lambda spectrum: spectrum.lambda_ep)

    @functools.cached_property
    def omega_log(self) -> tuple[float, float]:
        r"""Logarithmic average $\omega_{\log}$ and its standard deviation [meV]."""
        return self._moment(lambda spectrum: spectrum.omega_log)

    @functools.cached_property
    def omega_2(self) -> tuple[float, float]:
        r"""Root mean square frequency $\bar\omega_2$ and its standard deviation [meV]."""
        return self._moment(lambda spectrum: spectrum.omega_2)

    def critical_temperature(
        self,
        mu_star: float,
        *,
        omega_c: float,
        matsubara_cutoff: float,
        mu_star_samples: Float[np.ndarray, " sample"] | None = None,
    ) -> tuple[float, float]:
        r"""The critical temperature and its standard deviation over the samples, of which at most 100 are used [K].

        Args:
            mu_star: Coulomb pseudopotential.
            omega_c: Coulomb cutoff [meV].
            matsubara_cutoff: Cutoff of the Matsubara sums [meV].
            mu_star_samples: The Coulomb pseudopotential of every sample; `mu_star` for all if `None`.

        Returns:
            The pair; the standard deviation is NaN if T_c is zero, or without samples.
        """
        chosen = slice(None, None, max(1, -(-len(self.samples) // MOST_TC_SAMPLES)))
        samples = self.samples[chosen]
        spectra = [Spectrum(self.omega, a2f) for a2f in (self.a2f, *samples)]
        of_samples = np.full(len(samples), mu_star) if mu_star_samples is None else mu_star_samples[chosen]
        values = np.append(mu_star, of_samples)
        T_c = np.asarray(solve_tc_many(spectra, mu_star=values, omega_c=omega_c, matsubara_cutoff=matsubara_cutoff))
        value = self._value(float(T_c[0]), T_c[1:])
        return value, float(np.std(T_c[1:])) if value > 0 and len(samples) else math.nan

    def _moment(self, moment: Callable[[Spectrum], Float[Array, ""]]) -> tuple[float, float]:
        """A moment of `a2f` and its standard deviation over the samples."""

        def moment_of(a2f: Float[Array, " freq"]) -> Float[Array, ""]:
            return moment(Spectrum(self.omega, a2f))

        value = float(moment_of(jnp.asarray(self.a2f)))
        if not len(self.samples):
            return value, math.nan
        of_samples = np.asarray(jax.vmap(moment_of)(jnp.asarray(self.samples)))
        return self._value(value, of_samples), float(np.std(of_samples))

    def _value(self, of_a2f: float, of_samples: Float[np.ndarray, " sample"]) -> float:
        """The value of a moment, from that of `a2f` and those of the samples."""
        del of_samples
        return of_a2f
