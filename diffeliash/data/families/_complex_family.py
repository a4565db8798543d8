"""The paper's complex family: a random value at each frequency."""

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from ...physics import Spectrum, require_x64
from ._family import check_family, relative_grid, sine_ramp, smooth, with_random_coupling


@dataclasses.dataclass(frozen=True, kw_only=True)
class ComplexFamily:
    r"""A random value at each frequency, smoothed.

    Independent uniform numbers are averaged twice over `window`, shifted so that the smallest is zero, brought to
    zero at both ends by $\sin^2$ ramps of length `ramp` (at low energy $\alpha^2F \sim \omega^2$, as for acoustic
    phonons), and scaled so that $\lambda$ is uniform between the two bounds.

    Args:
        omega_max: Last energy of the grid [meV].
        n_points: Points of the grid, $\omega_i = i\,\omega_{max}/n$ with $i = 1 .. n$.
        window: Length of the moving average, in units of `omega_max`.
        ramp: Length of the ramps at both ends, in units of `omega_max`.
        lambda_min: Smallest coupling constant.
        lambda_max: Largest coupling constant.
    """

    omega_max: float = 10.0
    n_points: int = 1000
    window: float = 0.04
    ramp: float = 0.1
    lambda_min: float = 0.4
    lambda_max: float = 2.0

    def __post_init__(self):
        check_family(self, window=(0, 0.5), ramp=(0, 0.5))

    def sample_spectrum(self, key: PRNGKeyArray) -> Spectrum:
        """Draw one spectrum."""
        require_x64()
        values_key, lambda_key = jax.random.split(key)
        width = max(1, round(self.window * self.n_points))
        values = smooth(jax.random.uniform(values_key, (self.n_points + 2 * (width - 1),), dtype=jnp.float64), width)
        x = relative_grid(self)
        shape = (values - jnp.min(values)) * sine_ramp(x, self.ramp) * sine_ramp(1 - x, self.ramp)
        return with_random_coupling(self, shape, lambda_key)
