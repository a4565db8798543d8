r"""The line $\omega + i\Gamma$: a periodic grid on it, Fourier transforms along it, and interpolation.

As $\Delta(-z^*) = \Delta(z)^*$, all functions on the line are Hermitian, $f(-x) = f(x)^*$. They are given at $x \ge 0$
only, and their Fourier transforms are real.
"""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Inexact

INTERPOLATION_POINTS = 16
"""Number of points of the local polynomial, on a grid of twice the density that the largest wave number requires."""

MIDWAY_POINTS = 8
"""Number of points of the polynomial that interpolates to a line with twice as many points, as an initial guess."""


class Line(eqx.Module):
    r"""Points $z_j = jh + i\Gamma$ with $-n/2 \le j < n/2$; functions are given at $0 \le j \le n/2$.

    Args:
        n: Number of points in a period, a multiple of 8.
        half_period: Half of the period [meV].
        solved: The energy up to which the equations are solved [meV]. Above it the self-energies are kept constant.
        tapered: The energy above which a taper brings functions to zero, so that they are periodic [meV].
        broadening: $\Gamma$ [meV].
    """

    n: int = eqx.field(static=True)
    half_period: Float[Array, ""]
    solved: Float[Array, ""]
    tapered: Float[Array, ""]
    broadening: Float[Array, ""]

    @property
    def step(self) -> Float[Array, ""]:
        """Distance $h$ of the points [meV]."""
        return 2 * self.half_period / self.n

    @property
    def x(self) -> Float[Array, " line"]:
        """Real parts of the points, from zero on [meV]."""
        return self.step * jnp.arange(self.n // 2 + 1)

    @property
    def z(self) -> Complex[Array, " line"]:
        """The points with real parts from zero on [meV]."""
        return self.x + 1j * self.broadening

    @property
    def last(self) -> Array:
        """Index of the last point at which the equations are solved."""
        return jnp.floor(self.solved / self.step * (1 + 1e-12)).astype(int)

    @property
    def taper(self) -> Float[Array, " line"]:
        """A factor of one that goes to zero at the end of the period, with three continuous derivatives."""
        part = jnp.clip((self.x - self.tapered) / (self.half_period - self.tapered), 0.0, 1.0)
        return 1 - part**4 * (35 - 84 * part + 70 * part**2 - 20 * part**3)

    def coarser(self, stride: int) -> "Line":
        """The line with every `stride`-th point only."""
        return Line(self.n // stride, self.half_period, self.solved, self.tapered, self.broadening)


def fourier_coefficients(values: Complex[Array, "*batch line"], n: int) -> Float[Array, "*batch n"]:
    r"""$\frac1n\sum_j f_j e^{-ikx_j}$ of Hermitian functions, at the `n` wave numbers $k$ in the order of an FFT."""
    return jnp.fft.irfft(jnp.conj(values), n)


def from_fourier_coefficients(coefficients: Float[Array, "*batch n"]) -> Complex[Array, "*batch line"]:
    """Hermitian functions from their Fourier coefficients: the inverse of `fourier_coefficients`."""
    return jnp.conj(jnp.fft.rfft(coefficients))


def on_finer_grid(coefficients: Float[Array, "*batch n"]) -> Complex[Array, "*batch fine"]:
    """Hermitian functions at twice as many points, from their Fourier coefficients."""
    half = coefficients.shape[-1] // 2
    zeros = jnp.zeros((*coefficients.shape[:-1], 2 * half))
    return from_fourier_coefficients(
        jnp.concatenate([coefficients[..., :half], zeros, coefficients[..., half:]], axis=-1)
    )


def lagrange_weights(fraction: Inexact[Array, "*batch"], n_points: int) -> Inexact[Array, "*batch point"]:
    """Weights of the points $1 - n/2 .. n/2$ in the polynomial through them, at a distance in steps from point 0."""
    offsets = np.arange(n_points) - n_points // 2 + 1
    away = fraction[..., None] - offsets.reshape((1,) * fraction.ndim + (n_points,))
    weights = []
    for i in range(n_points):
        others = np.delete(np.arange(n_points), i)
        scale = 1 / np.prod((offsets[i] - offsets[others]).astype(float))
        weights.append(scale * jnp.prod(away[..., others], axis=-1))
    return jnp.stack(weights, axis=-1)


def interpolate(
    values: Complex[Array, " fine"], position: Complex[Array, " freq"], n_points: int = INTERPOLATION_POINTS
) -> Complex[Array, " freq"]:
    """Interpolate a Hermitian function on a line to energies between its points, or slightly above or below the line.

    Args:
        values: The function at the points from zero on, which must resolve it well.
        position: Distance from the point at zero in units of the step; complex, with a real part not below zero.
        n_points: Number of points of the local polynomial.
    """
    reach = n_points // 2 - 1
    first = jnp.clip(jnp.floor(jnp.real(position)), 0, values.size - 2 - reach)
    mirrored = jnp.concatenate([jnp.conj(values[1 : reach + 1][::-1]), values])
    index = first.astype(int)[:, None] + np.arange(n_points)[None, :]
    return jnp.sum(lagrange_weights(position - first, n_points) * mirrored[index], axis=1)


def with_midpoints(values: Complex[Array, " line"]) -> Complex[Array, " fine"]:
    """Interpolate a Hermitian function to the midpoints of a line; return it at all points of the finer line."""
    reach = MIDWAY_POINTS // 2
    mirrored = jnp.concatenate([jnp.conj(values[1:reach][::-1]), values, jnp.broadcast_to(values[-1], (reach,))])
    n = values.size - 1
    weights = lagrange_weights(jnp.array(0.5), MIDWAY_POINTS)
    middle = sum(weights[i] * mirrored[i : i + n] for i in range(MIDWAY_POINTS))
    return jnp.concatenate([jnp.stack([values[:-1], middle], axis=1).reshape(-1), values[-1:]])
