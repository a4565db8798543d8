r"""How far the gap function would move if a2F were the straight lines between its points.

The equations use a2F at its points only, by the trapezoidal rule: that defines the problem that is solved, on both
axes. Somebody who gives a2F at a few points means a function, of which the straight lines between them are as good a
guess as any; the difference to their gap function tells how far the number of points limits the answer.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ...units import BOLTZMANN
from ..material import AbstractMaterial, Spectrum, harmless_unless, lambda_kernel, rescale_mu_star
from ..matsubara import bosonic_frequencies
from ..numerics import larger_than_zero
from ._msc import Prepared, relative
from .line import (
    AbstractComb,
    EvenComb,
    LinearComb,
    Waves,
    folded,
    gap_map,
    half_coth,
    in_order_of_fft,
    scattered,
    straight_points,
)

COMPARED = 8
"""Bosonic frequencies at which the couplings are compared."""

GAUSS_POINTS = 2
"""Points of a Gauss-Legendre rule on a line as short as a third of the broadening, where one percent will do."""

SAFETY = 3.0
"""Factor on the estimate, which is of first order: what a change of Delta changes in turn is not followed."""

SMALL = 0.05
"""Phases over a line below which the wave of a hat function is taken from its series."""


class Sampling(NamedTuple):
    r"""What the straight lines between the points of a2F change.

    Args:
        waves: Their waves along the line; nothing where the equations have these already.
        shift: Relative change of the gap function on the imaginary axis, by that of the coupling $\lambda(\nu_l)$.
    """

    waves: tuple[Float[Array, "channel n"], ...] | None
    shift: Float[Array, ""]


@eqx.filter_jit
def sampling(
    material: AbstractMaterial, prepared: Prepared, comb: AbstractComb, numbers: tuple[Float[Array, ""], ...]
) -> Sampling:
    r"""For the equations of a spectrum on a line, from $T$ [K], $\mu^*$ and $\omega_c$ [meV]."""
    line = prepared.equations.line
    material, (T, mu_star, omega_c) = harmless_unless(prepared.usable, material, numbers)
    T = larger_than_zero(T)
    found = [
        straight_waves(channel, T, comb=comb, n=line.n, period=2 * line.half_period) for channel in material.channels
    ]
    waves = [channel for channel in found if channel is not None]
    stacked = tuple(jnp.stack(parts) for parts in zip(*waves, strict=True)) or None
    response = _response(material.channels[-1], T, mu_star, omega_c, start=prepared.start)
    mismatch = jnp.max(jnp.stack([coupling_mismatch(channel, T) for channel in material.channels]))
    return jax.lax.stop_gradient(Sampling(stacked, response * mismatch))


def sampling_error(prepared: Prepared, sampling: Sampling, Delta: Complex[Array, " line"]) -> Float[Array, ""]:
    r"""Estimated change of a gap function on the line, relative to its largest value."""
    equations, Delta = jax.lax.stop_gradient((prepared.equations, Delta))
    moved = jnp.zeros(())
    if sampling.waves is not None:
        straight = eqx.tree_at(lambda e: (e.even, e.odd), equations, sampling.waves)
        moved = relative(gap_map(straight, Delta) - Delta, Delta)
    return jnp.where(prepared.start > 0, SAFETY * (moved + sampling.shift), 0.0)


def coupling_of_lines(spectrum: Spectrum, nu: Float[Array, " boson"]) -> Float[Array, " boson"]:
    r"""$2\int_0^\infty\omega\,\alpha^2F/(\omega^2+\nu^2)\,\mathrm{d}\omega$ of the straight lines, for $\nu > 0$.

    With $\alpha^2F = a + s\omega$ between two points, each line gives

    $$ a\ln\frac{\omega_2^2+\nu^2}{\omega_1^2+\nu^2}
       + 2s\Big[\omega_2 - \omega_1 - \nu\arctan\frac{\nu(\omega_2-\omega_1)}{\nu^2+\omega_1\omega_2}\Big] $$
    """
    omega, a2f = (jnp.append(0.0, jnp.asarray(values)) for values in (spectrum.omega, spectrum.a2f))
    low, high, width, nu = omega[None, :-1], omega[None, 1:], jnp.diff(omega)[None, :], nu[:, None]
    # a grid may begin at zero: a line of no length
    slope = jnp.diff(a2f)[None, :] / jnp.where(width > 0, width, 1.0)
    from_constant = jnp.log1p(width * (high + low) / (low**2 + nu**2))
    from_slope = 2 * (width - nu * jnp.arctan(nu * width / (nu**2 + low * high)))
    at_zero = a2f[None, :-1] - slope * low
    return jnp.sum(jnp.where(width > 0, at_zero * from_constant + slope * from_slope, 0.0), axis=1)


def coupling_mismatch(spectrum: Spectrum, T: Float[Array, ""]) -> Float[Array, ""]:
    r"""Largest change of $\lambda(\nu_l)$, relative to $\lambda(\nu_1)$."""
    nu = bosonic_frequencies(T, jnp.arange(1.0, COMPARED + 1))
    used, lines = lambda_kernel(spectrum, nu), coupling_of_lines(spectrum, nu)
    return jnp.max(jnp.abs(lines - used)) / jnp.where(used[0] > 0, used[0], 1.0)


def _response(
    spectrum: Spectrum,
    T: Float[Array, ""],
    mu_star: Float[Array, ""],
    omega_c: Float[Array, ""],
    *,
    start: Float[Array, ""],
) -> Float[Array, ""]:
    r"""About $\mathrm{d}\ln\Delta/\mathrm{d}\ln\lambda$: that of McMillan's $T_c$, and its growth towards $T_c$.

    There, $\Delta^2 = \frac{8}{7\zeta(3)}(\pi k_BT)^2(1 - T/T_c)$, so that $\ln\Delta$ changes by
    $0.48\,(\pi k_BT/\Delta)^2$ times as much as $\ln T_c$.
    """
    lam = spectrum.lambda_ep
    mu = rescale_mu_star(mu_star, old_cutoff=omega_c, new_cutoff=jnp.asarray(spectrum.omega_max))
    attraction = lam - mu * (1 + 0.62 * lam)
    bound = attraction > 0
    of_tc = 1.04 * (1 + 0.38 * mu) * lam / jnp.where(bound, attraction, 1.0) ** 2
    ratio = jnp.pi * BOLTZMANN * T / jnp.where(start > 0, start, 1.0)
    return jnp.where(bound, jnp.maximum(of_tc, 1.0), 1.0) * (1 + ratio**2 / 2)


def straight_waves(
    spectrum: Spectrum, T: Float[Array, ""], *, comb: AbstractComb, n: int, period: Float[Array, ""]
) -> Waves | None:
    """The waves of the straight lines; nothing if those of the comb are these already."""
    if isinstance(comb, LinearComb):
        return None
    if isinstance(comb, EvenComb):
        return _waves_of_hats(spectrum, T, comb=comb, n=n, period=period)
    omega, weight = straight_points(spectrum, 1, GAUSS_POINTS)
    index = np.arange(n // 2 + 1)
    even, odd = (
        jnp.fft.rfft(scattered((omega, values), period, comb.n))[index]
        for values in (weight * half_coth(omega, T), weight)
    )
    return in_order_of_fft(2 * jnp.real(even), 2 * jnp.imag(odd))


def _waves_of_hats(
    spectrum: Spectrum, T: Float[Array, ""], *, comb: EvenComb, n: int, period: Float[Array, ""]
) -> Waves:
    r"""Each point of an even comb is a hat function: its wave is that of the point times that of the hat.

    The product of a2F and $N + \frac12$ is taken as straight between the points too, and goes to a constant at zero.
    """
    omega, weight = comb.points(spectrum)
    index = np.arange(n // 2 + 1)
    step, phase = period / comb.n, 2 * np.pi / comb.n * index
    first, last = comb.first, comb.first + omega.size - 1
    hat = 2 * np.real(_half_hat(phase))
    # the line from zero to the first point is longer, and there is none beyond the last
    longer = first * _half_hat(first * phase) - _half_hat(phase) - hat * (first - 1) / 2
    ends = np.exp(-1j * phase * first) * longer, np.exp(-1j * phase * last) * (_half_hat(phase) - hat / 2)
    at, mirrored = folded(index, comb.n)

    def wave(values: Float[Array, " point"]) -> Complex[Array, " wave"]:
        points = jnp.fft.rfft(comb.laid_out((omega, weight * values), period))[at]
        points = jnp.where(mirrored, jnp.conj(points), points)
        a2f = values * spectrum.a2f
        return jnp.asarray(hat) * points + step * (a2f[0] * ends[0] + a2f[-1] * ends[1])

    at_zero = BOLTZMANN * T * spectrum.a2f[0]  # the limit of a2F (N + 1/2) times the length of the first line
    even = jnp.real(wave(half_coth(omega, T))) + at_zero * (first > 0) * np.real(_half_hat(first * phase))
    return in_order_of_fft(2 * even, 2 * jnp.imag(wave(jnp.ones_like(omega))))


def _half_hat(phase: Float[np.ndarray, " wave"]) -> Complex[np.ndarray, " wave"]:
    r"""$\int_0^1(1-u)\,e^{i\kappa u}\,\mathrm{d}u = (1 + i\kappa - e^{i\kappa})/\kappa^2$: half of a hat function."""
    small = np.abs(phase) < SMALL
    safe = np.where(small, 1.0, phase)
    series = 1 / 2 + 1j * phase / 6 - phase**2 / 24 - 1j * phase**3 / 120
    return np.where(small, series, (1 + 1j * safe - np.exp(1j * safe)) / safe**2)
