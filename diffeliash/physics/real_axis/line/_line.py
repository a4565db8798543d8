r"""The line $\omega + i\Gamma$: a periodic grid on it, and convolutions along it by Fourier transforms.

With $\Delta(-z^*) = \Delta(z)^*$ all functions on the line are Hermitian, $f(-x) = f(x)^*$, so that half of the line
is enough and their transforms are real.
"""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Inexact

INTERPOLATION_POINTS = 16
"""Points of the local polynomials between the points of a grid that has twice the resolution of its waves."""

MIDWAY_POINTS = 8
"""Points of the polynomials that lead from a line to one with twice as many points: a start for the iteration there."""


class Line(eqx.Module):
    r"""Points $z_j = jh + i\Gamma$ with $-n/2 \le j < n/2$; those with $0 \le j \le n/2$ stand for all.

    Args:
        n: Number of points in a period, a multiple of 8.
        half_period: Half of the period [meV].
        solved: The equations are solved up to here [meV]. What lies beyond is smooth by construction and only looked
            at from below.
        tapered: From here on functions are brought to zero, so that they are periodic [meV].
        broadening: $\Gamma$ [meV].
    """

    n: int = eqx.field(static=True)
    half_period: Float[Array, ""]
    solved: Float[Array, ""]
    tapered: Float[Array, ""]
    broadening: Float[Array, ""]

    @property
    def step(self) -> Float[Array, ""]:
        """Distance of the points [meV]."""
        return 2 * self.half_period / self.n

    @property
    def x(self) -> Float[Array, " line"]:
        """Real parts from zero on [meV]."""
        return self.step * jnp.arange(self.n // 2 + 1)

    @property
    def z(self) -> Complex[Array, " line"]:
        """The points from zero on [meV]."""
        return self.x + 1j * self.broadening

    @property
    def last(self) -> Array:
        """Index of the last point at which the equations are solved."""
        return jnp.floor(self.solved / self.step * (1 + 1e-12)).astype(int)

    @property
    def taper(self) -> Float[Array, " line"]:
        """One, and towards the end of the period smoothly zero, with three continuous derivatives."""
        part = jnp.clip((self.x - self.tapered) / (self.half_period - self.tapered), 0.0, 1.0)
        return 1 - part**4 * (35 - 84 * part + 70 * part**2 - 20 * part**3)

    def coarser(self, stride: int) -> "Line":
        """The line with every so many points only."""
        return Line(self.n // stride, self.half_period, self.solved, self.tapered, self.broadening)


def fourier_coefficients(values: Complex[Array, "*batch line"], n: int) -> Float[Array, "*batch n"]:
    r"""$\frac1n\sum_j f_j e^{-ikx_j}$ of Hermitian functions at the `n` wave numbers in the order of an FFT."""
    return jnp.fft.irfft(jnp.conj(values), n)


def from_fourier_coefficients(amplitudes: Float[Array, "*batch n"]) -> Complex[Array, "*batch line"]:
    """Hermitian functions from the amplitudes of their waves: the inverse of `waves`."""
    return jnp.conj(jnp.fft.rfft(amplitudes))


def on_finer_grid(amplitudes: Float[Array, "*batch n"]) -> Complex[Array, "*batch fine"]:
    """The same functions at twice as many points."""
    half = amplitudes.shape[-1] // 2
    zeros = jnp.zeros((*amplitudes.shape[:-1], 2 * half))
    return from_fourier_coefficients(jnp.concatenate([amplitudes[..., :half], zeros, amplitudes[..., half:]], axis=-1))


def lagrange_weights(fraction: Inexact[Array, "*batch"], n_points: int) -> Inexact[Array, "*batch point"]:
    """Weights of the points $1 - n/2 .. n/2$ in the polynomial through them, at a place given in steps from point 0."""
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
    """A Hermitian function on a line between the points of its grid, or a little above or below.

    Args:
        values: At the points from zero on; well resolved.
        position: From the point zero, in units of the step; its real part is not negative.
        n_points: Points of the local polynomial.
    """
    reach = n_points // 2 - 1
    first = jnp.clip(jnp.floor(jnp.real(position)), 0, values.size - 2 - reach)
    mirrored = jnp.concatenate([jnp.conj(values[1 : reach + 1][::-1]), values])
    index = first.astype(int)[:, None] + np.arange(n_points)[None, :]
    return jnp.sum(lagrange_weights(position - first, n_points) * mirrored[index], axis=1)


def with_midpoints(values: Complex[Array, " line"]) -> Complex[Array, " fine"]:
    """A Hermitian function at the points of a line and midway between them, from its neighbors."""
    reach = MIDWAY_POINTS // 2
    mirrored = jnp.concatenate([jnp.conj(values[1:reach][::-1]), values, jnp.broadcast_to(values[-1], (reach,))])
    n = values.size - 1
    weights = lagrange_weights(jnp.array(0.5), MIDWAY_POINTS)
    middle = sum(weights[i] * mirrored[i : i + n] for i in range(MIDWAY_POINTS))
    return jnp.concatenate([jnp.stack([values[:-1], middle], axis=1).reshape(-1), values[-1:]])
