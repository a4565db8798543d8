"""Geometric Brownian motion, as App. C of the paper draws its spectral functions."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from ...physics import Spectrum, require_x64
from ._family import check_family, relative_grid, sine_ramp, smooth, with_random_coupling


@dataclasses.dataclass(frozen=True, kw_only=True)
class BrownianFamily:
    r"""Geometric Brownian motion along the energy axis, shifted positive, forced to zero at both ends, smoothed.

    $S(\omega) = \exp[\sigma W(x) - \sigma^2x/2]$ with $x = \omega/\omega_{max}$ and a Wiener process $W$; its smallest
    value is subtracted; $\sin^2$ ramps of length `ramp` bring it to zero a distance `window` before both ends, so that
    it is still zero there when it has been averaged twice over `window`. (Zero below that distance as a spectrum with
    a lowest energy; the motion keeps more of its weight where it happens to be large than the complex family.) Scaled
    so that $\lambda$ is uniform between the two bounds.

    Args:
        omega_max: Last energy of the grid [meV].
        n_points: Points of the grid, $\omega_i = i\,\omega_{max}/n$ with $i = 1 .. n$.
        volatility: $\sigma$, the standard deviation of $\ln S$ at the end of the grid.
        window: Length of the moving average, in units of `omega_max`.
        ramp: Length of the ramps, in units of `omega_max`.
        lambda_min: Smallest coupling constant.
        lambda_max: Largest coupling constant.
    """

    omega_max: float = 10.0
    n_points: int = 1000
    volatility: float = 1.5
    window: float = 0.02
    ramp: float = 0.1
    lambda_min: float = 0.4
    lambda_max: float = 2.0

    def __post_init__(self):
        check_family(self, volatility=(0, 10), window=(0, 0.2), ramp=(0, 0.3))

    def sample_spectrum(self, key: PRNGKeyArray) -> Spectrum:
        """Draw one spectrum."""
        require_x64()
        motion_key, lambda_key = jax.random.split(key)
        step = self.volatility / math.sqrt(self.n_points)
        wiener = jnp.cumsum(step * jax.random.normal(motion_key, (self.n_points,), dtype=jnp.float64))
        x = relative_grid(self)
        motion = jnp.exp(wiener - self.volatility**2 * x / 2)
        width = max(1, round(self.window * self.n_points))
        margin = width / self.n_points
        forced = (motion - jnp.min(motion)) * sine_ramp(x - margin, self.ramp) * sine_ramp(1 - margin - x, self.ramp)
        padded = jnp.concatenate([np.zeros(width - 1), forced, np.zeros(width - 1)])
        return with_random_coupling(self, smooth(padded, width), lambda_key)
