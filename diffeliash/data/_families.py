"""Families of random spectral functions."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ..physics import Spectrum


@dataclasses.dataclass(frozen=True, kw_only=True)
class ComplexFamily:
    r"""A random value at each frequency, smoothed: the paper's complex family.

    Independent uniform numbers are averaged twice over `window`, shifted so that the smallest is zero, brought to
    zero at both ends by $\sin^2$ ramps of length `ramp` (at low energy $\alpha^2F \sim \omega^2$, as for acoustic
    phonons), and scaled so that $\lambda$ is uniform between the two bounds.

    Args:
        omega_max: Last energy of the grid [meV].
        n_points: Points of the grid, $\omega_i = i\,\omega_{max}/n$ with $i = 1 .. n$.
        window: Length of the moving average [meV].
        ramp: Length of the ramps at both ends [meV].
        lambda_min: Smallest coupling constant.
        lambda_max: Largest coupling constant.
    """

    omega_max: float = 10.0
    n_points: int = 1000
    window: float = 0.4
    ramp: float = 1.0
    lambda_min: float = 0.4
    lambda_max: float = 2.0

    def __post_init__(self):
        bad = []
        if self.n_points < 2:
            bad.append(f"`n_points` must be at least 2, got {self.n_points}")
        if not 0 < self.omega_max < float("inf"):
            bad.append(f"`omega_max` must be positive and finite [meV], got {self.omega_max}")
        if not 0 < self.window <= self.omega_max / 2 or not 0 < self.ramp <= self.omega_max / 2:
            bad.append(f"`window` and `ramp` must lie in (0, omega_max/2], got {self.window} and {self.ramp} meV")
        if not 0 < self.lambda_min <= self.lambda_max:
            bad.append(f"0 < `lambda_min` <= `lambda_max` needed, got {self.lambda_min} and {self.lambda_max}")
        if bad:
            raise ValueError("; ".join(bad) + ".")

    @property
    def omega(self) -> Float[np.ndarray, " freq"]:
        """The grid [meV]."""
        return np.arange(1, self.n_points + 1) * (self.omega_max / self.n_points)

    def sample_spectrum(self, key: PRNGKeyArray) -> Spectrum:
        """Draw one spectrum."""
        values_key, lambda_key = jax.random.split(key)
        width = max(1, round(self.window / self.omega_max * self.n_points))
        values = jax.random.uniform(values_key, (self.n_points + 2 * (width - 1),), dtype=jnp.float64)
        box = jnp.full(width, 1 / width)
        values = jnp.convolve(jnp.convolve(values, box, mode="valid"), box, mode="valid")
        shape = (values - jnp.min(values)) * self._envelope()
        lambda_ep = jax.random.uniform(lambda_key, dtype=jnp.float64, minval=self.lambda_min, maxval=self.lambda_max)
        return Spectrum(self.omega, shape * (lambda_ep / Spectrum(self.omega, shape).lambda_ep))

    def _envelope(self) -> Float[Array, " freq"]:
        from_end = jnp.minimum(self.omega, self.omega_max - self.omega)
        return jnp.sin(jnp.pi / 2 * jnp.clip(from_end / self.ramp, 0.0, 1.0)) ** 2
