"""Spectral functions with a random value at each frequency: the complex set of arXiv:2007.07512."""

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from ...physics import Spectrum, require_x64
from ._family import check_family, relative_grid, sine_ramp, smooth, with_random_coupling


@dataclasses.dataclass(frozen=True, kw_only=True)
class ComplexFamily:
    r"""Spectral functions with an independent random value at each frequency, smoothed.

    $$ \alpha^2F(\omega) \propto [\langle u\rangle(x) - \min\langle u\rangle]\, r(x)\, r(1 - x) $$

    with $x = \omega/\omega_{max}$, independent uniform numbers $u$ at the grid points, their moving average
    $\langle u\rangle$ over `window`, taken twice, and the ramp $r(y) = \sin^2(\pi y/2\ell)$ from zero at $y \leq 0$ to
    one at $y \geq \ell$, where $\ell$ is `ramp`. The function is scaled such that $\lambda$ is uniformly distributed
    between its bounds.

    Source: arXiv:2007.07512, Fig. 4 and its section, which describe random values and smoothing in words; the
    parameters and the ramps are choices of this package.

    Args:
        omega_max: Last energy $\omega_{max}$ of the grid [meV].
        n_points: Number $n$ of grid points $\omega_i = i\,\omega_{max}/n$, $i = 1 .. n$.
        window: Length of the moving average, in units of `omega_max`.
        ramp: Length $\ell$ of the ramps at both ends, in units of `omega_max`.
        lambda_min: Lower bound of the coupling constant $\lambda$.
        lambda_max: Upper bound of the coupling constant $\lambda$.

    Raises:
        ValueError: A parameter is out of its range.
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
        """Draw one spectral function of shape (n_points,) from a random key, as `Family.sample_spectrum` says."""
        require_x64()
        values_key, lambda_key = jax.random.split(key)
        width = max(1, round(self.window * self.n_points))
        values = smooth(jax.random.uniform(values_key, (self.n_points + 2 * (width - 1),), dtype=jnp.float64), width)
        x = relative_grid(self)
        shape = (values - jnp.min(values)) * sine_ramp(x, self.ramp) * sine_ramp(1 - x, self.ramp)
        return with_random_coupling(self, shape, lambda_key)
