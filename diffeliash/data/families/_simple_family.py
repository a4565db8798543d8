"""The paper's simple family: combinations of Gaussian variants."""

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from ...physics import Spectrum, require_x64
from ._family import check_family, relative_grid, sine_ramp, two_sided_gaussian, with_random_coupling


@dataclasses.dataclass(frozen=True, kw_only=True)
class SimpleFamily:
    r"""A sum of one to a few Gaussian peaks, each with a width of its own on either side.

    The number of peaks is uniform, and so are their centers between 0.15 and 0.85 of `omega_max`, their heights
    between 0.2 and 1 and the two widths (standard deviations) between the bounds. $\sin^2$ ramps of length `ramp`
    bring the sum to zero at both ends; it is scaled so that $\lambda$ is uniform between the two bounds.

    Args:
        omega_max: Last energy of the grid [meV].
        n_points: Points of the grid, $\omega_i = i\,\omega_{max}/n$ with $i = 1 .. n$.
        n_peaks: Most peaks.
        width_min: Smallest width, in units of `omega_max`.
        width_max: Largest width, in units of `omega_max`.
        ramp: Length of the ramps at both ends, in units of `omega_max`.
        lambda_min: Smallest coupling constant.
        lambda_max: Largest coupling constant.
    """

    omega_max: float = 10.0
    n_points: int = 1000
    n_peaks: int = 3
    width_min: float = 0.04
    width_max: float = 0.12
    ramp: float = 0.1
    lambda_min: float = 0.4
    lambda_max: float = 2.0

    def __post_init__(self):
        check_family(self, width_min=(0, self.width_max), width_max=(0, 1), ramp=(0, 0.5), n_peaks=(1, 100))

    def sample_spectrum(self, key: PRNGKeyArray) -> Spectrum:
        """Draw one spectrum."""
        require_x64()
        number_key, center_key, height_key, width_key, lambda_key = jax.random.split(key, 5)
        n = jax.random.randint(number_key, (), 1, self.n_peaks + 1)
        present = jnp.arange(self.n_peaks) < n
        size = (self.n_peaks,)
        center = jax.random.uniform(center_key, size, jnp.float64, 0.15, 0.85)
        height = jax.random.uniform(height_key, size, jnp.float64, 0.2, 1.0) * present
        widths = jax.random.uniform(width_key, (2, *size), jnp.float64, self.width_min, self.width_max)
        x = relative_grid(self)
        peaks = height @ two_sided_gaussian(x[None, :], center[:, None], widths[:, :, None])
        return with_random_coupling(self, peaks * sine_ramp(x, self.ramp) * sine_ramp(1 - x, self.ramp), lambda_key)
