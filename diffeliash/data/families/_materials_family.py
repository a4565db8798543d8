"""Spectral functions as those of real metals look."""

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from ...physics import Spectrum, require_x64
from ._family import check_family, relative_grid, sine_ramp, two_sided_gaussian, with_random_coupling


@dataclasses.dataclass(frozen=True, kw_only=True)
class MaterialsFamily:
    r"""Few peaks on an acoustic background: transverse, longitudinal, and sometimes others.

    With $x = \omega/\omega_{max}$: a background $\sim x^2$ up to the longitudinal peak, where it is cut off; a
    transverse peak between 0.35 and 0.6, a longitudinal one between 0.75 and 0.92, which is often the sharpest, and up
    to `n_extra` others anywhere between them and below. Peaks are Gaussian with a width of their own on either side,
    log-uniform between the bounds; they set in as $x^2/(x^2 + x_0^2)$, so that $\alpha^2F \sim \omega^2$ at low
    energy, as for acoustic phonons. Scaled so that $\lambda$ is uniform between the two bounds.

    Args:
        omega_max: Last energy of the grid [meV].
        n_points: Points of the grid, $\omega_i = i\,\omega_{max}/n$ with $i = 1 .. n$.
        n_extra: Most peaks beside the transverse and the longitudinal one.
        width_min: Smallest width (standard deviation) of a peak, in units of `omega_max`.
        width_max: Largest width, in units of `omega_max`.
        onset: $x_0$.
        lambda_min: Smallest coupling constant.
        lambda_max: Largest coupling constant.
    """

    omega_max: float = 10.0
    n_points: int = 1000
    n_extra: int = 3
    width_min: float = 0.012
    width_max: float = 0.09
    onset: float = 0.3
    lambda_min: float = 0.4
    lambda_max: float = 2.0

    def __post_init__(self):
        check_family(self, width_min=(0, self.width_max), width_max=(0, 0.3), onset=(0, 1), n_extra=(1, 100))

    def sample_spectrum(self, key: PRNGKeyArray) -> Spectrum:
        """Draw one spectrum."""
        require_x64()
        number_key, center_key, height_key, width_key, background_key, lambda_key = jax.random.split(key, 6)
        size = (2 + self.n_extra,)
        low = jnp.array([0.35, 0.75] + [0.2] * self.n_extra)
        high = jnp.array([0.6, 0.92] + [0.85] * self.n_extra)
        center = low + (high - low) * jax.random.uniform(center_key, size, jnp.float64)
        present = jnp.arange(size[0]) < 2 + jax.random.randint(number_key, (), 0, self.n_extra + 1)
        strongest = jnp.array([1.0, 1.5] + [0.6] * self.n_extra)
        height = present * strongest * jax.random.uniform(height_key, size, jnp.float64, 0.2, 1.0)
        spread = jax.random.uniform(width_key, (2, *size), jnp.float64)
        widths = self.width_min * (self.width_max / self.width_min) ** spread
        x = relative_grid(self)
        peaks = height @ two_sided_gaussian(x[None, :], center[:, None], widths[:, :, None])
        background = jax.random.uniform(background_key, (), jnp.float64, 0.05, 0.5) * x**2
        cut = 1 / (1 + jnp.exp((x - center[1]) / self.width_min))
        shape = (peaks * x**2 / (x**2 + self.onset**2) + background * cut) * sine_ramp(1 - x, 1 - LATEST_PEAK)
        return with_random_coupling(self, shape, lambda_key)


LATEST_PEAK = 0.92
"""The last part of the grid, beyond the highest longitudinal peak, is where all goes to zero."""
