"""Spectral functions made of a few Gaussian peaks: the simple set of arXiv:2007.07512."""

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from ...physics import Spectrum, require_x64
from ._family import check_family, relative_grid, sine_ramp, two_sided_gaussian, with_random_coupling


@dataclasses.dataclass(frozen=True, kw_only=True)
class SimpleFamily:
    r"""Spectral functions that are sums of a few asymmetric Gaussian peaks.

    $$ \alpha^2F(\omega) \propto r(x)\, r(1 - x) \sum_k h_k \exp\left[-\frac{(x - c_k)^2}{2 s_{k\pm}^2}\right] $$

    with $x = \omega/\omega_{max}$, standard deviations $s_{k-}$ below and $s_{k+}$ above the center $c_k$, and the ramp
    $r(y) = \sin^2(\pi y/2\ell)$ from zero at $y \leq 0$ to one at $y \geq \ell$, where $\ell$ is `ramp`. Uniformly
    distributed are the number of peaks from 1 to `n_peaks`, $c_k$ in [0.15, 0.85], $h_k$ in [0.2, 1], $s_{k\pm}$
    between the bounds of the width and, by scaling the sum, $\lambda$ between its bounds.

    Source: arXiv:2007.07512, Fig. 3 and its section ("a combination of Gaussian variants"); the parameters and the
    ramps are choices of this package.

    Args:
        omega_max: Last energy $\omega_{max}$ of the grid [meV].
        n_points: Number $n$ of grid points $\omega_i = i\,\omega_{max}/n$, $i = 1 .. n$.
        n_peaks: Largest number of peaks.
        width_min: Lower bound of the standard deviations, in units of `omega_max`.
        width_max: Upper bound of the standard deviations, in units of `omega_max`.
        ramp: Length $\ell$ of the ramps at both ends, in units of `omega_max`.
        lambda_min: Lower bound of the coupling constant $\lambda$.
        lambda_max: Upper bound of the coupling constant $\lambda$.

    Raises:
        ValueError: A parameter is out of its range.
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
        """Draw one spectral function of shape (n_points,) from a random key, as `Family.sample_spectrum` says."""
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
