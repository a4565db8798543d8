"""Spectral functions by geometric Brownian motion, as in Appendix C of arXiv:2007.07512."""

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
    r"""Spectral functions drawn by geometric Brownian motion along the energy axis.

    $$ \alpha^2F(\omega) \propto \langle [S(x) - \min S]\, r(x - w)\, r(1 - w - x) \rangle, \qquad
       S(x) = \exp[\sigma W(x) - \sigma^2x/2] $$

    with $x = \omega/\omega_{max}$, a Wiener process $W$, and the ramp $r(y) = \sin^2(\pi y/2\ell)$ from zero at
    $y \leq 0$ to one at $y \geq \ell$, where $\ell$ is `ramp`. The brackets stand for a moving average over $w$
    (`window`), taken twice; the ramps begin at a distance $w$ from both ends, so that the average vanishes there. The
    function is scaled such that $\lambda$ is uniformly distributed between its bounds.

    Source: arXiv:2007.07512, Appendix C, which describes these steps in words; the parameters and the form of the
    ramps are choices of this package.

    Args:
        omega_max: Last energy $\omega_{max}$ of the grid [meV].
        n_points: Number $n$ of grid points $\omega_i = i\,\omega_{max}/n$, $i = 1 .. n$.
        volatility: $\sigma$, the standard deviation of $\ln S$ at $x = 1$.
        window: Length $w$ of the moving average, in units of `omega_max`.
        ramp: Length $\ell$ of the ramps, in units of `omega_max`.
        lambda_min: Lower bound of the coupling constant $\lambda$.
        lambda_max: Upper bound of the coupling constant $\lambda$.

    Raises:
        ValueError: A parameter is out of its range.
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
        """Draw one spectral function of shape (n_points,) from a random key, as `Family.sample_spectrum` says."""
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
