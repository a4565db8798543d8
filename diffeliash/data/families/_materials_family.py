"""Spectral functions that resemble those of real metals."""

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from ...physics import Spectrum, require_x64
from ._family import check_family, relative_grid, sine_ramp, two_sided_gaussian, with_random_coupling


@dataclasses.dataclass(frozen=True, kw_only=True)
class MaterialsFamily:
    r"""Spectral functions with phonon peaks on an acoustic background, as in real metals.

    $$ \alpha^2F(\omega) \propto r(1 - x) \left[ \frac{x^2}{x^2 + x_0^2} \sum_k h_k
       \exp\left(-\frac{(x - c_k)^2}{2 s_{k\pm}^2}\right) + \frac{b\,x^2}{1 + e^{(x - c_L)/s_{min}}} \right] $$

    with $x = \omega/\omega_{max}$ and standard deviations $s_{k-}$ below and $s_{k+}$ above the center $c_k$. There are
    a transverse peak with $c_T$ in [0.35, 0.6], a longitudinal one with $c_L$ in [0.75, 0.92], and up to `n_extra`
    others with centers in [0.2, 0.85]. The heights $h_k$ lie in [0.2, 1] times 1 (transverse), 1.5 (longitudinal) or
    0.6 (others), and $b$ in [0.05, 0.5]; $s_{k\pm}$ is log-uniformly distributed between its bounds, all else
    uniformly. At low energy $\alpha^2F \sim \omega^2$, as for acoustic phonons; $r(y) = \sin^2(\pi y/2\ell)$ with
    $\ell = 0.08$ brings the function to zero at $\omega_{max}$. It is scaled such that $\lambda$ is uniformly
    distributed between its bounds.

    The form is a choice of this package, without a published source.

    Args:
        omega_max: Last energy $\omega_{max}$ of the grid [meV].
        n_points: Number $n$ of grid points $\omega_i = i\,\omega_{max}/n$, $i = 1 .. n$.
        n_extra: Largest number of peaks besides the transverse and the longitudinal one.
        width_min: Lower bound $s_{min}$ of the standard deviations, in units of `omega_max`.
        width_max: Upper bound of the standard deviations, in units of `omega_max`.
        onset: Energy $x_0$ below which the peaks are suppressed, in units of `omega_max`.
        lambda_min: Lower bound of the coupling constant $\lambda$.
        lambda_max: Upper bound of the coupling constant $\lambda$.

    Raises:
        ValueError: A parameter is out of its range.
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
        """Draw one spectral function of shape (n_points,) from a random key, as `Family.sample_spectrum` says."""
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
"""Largest center of the longitudinal peak; beyond it the spectral function is brought to zero."""
