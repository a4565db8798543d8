r"""Estimate of the change of the gap function if a2F were linear between its points.

The equations use a2F at its points only, with the trapezoidal rule; on both axes this defines the problem that is
solved. The piecewise linear function through these points is an equally good reading of the input. The difference of
the two gap functions shows how far the number of points limits the accuracy.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ...units import BOLTZMANN
from ..material import AbstractMaterial, Spectrum, lambda_kernel, replace_unusable, rescale_mu_star
from ..matsubara import bosonic_frequencies
from ..numerics import positive_or_one
from ._msc import LineProblem, relative
from .line import (
    AbstractBosonGrid,
    BosonTransforms,
    PiecewiseLinearBosonGrid,
    UniformBosonGrid,
    aliased,
    gap_map,
    half_coth,
    in_fft_order,
    piecewise_linear_points,
    spread_on_grid,
)

COMPARED = 8
"""Number of bosonic frequencies at which the couplings are compared."""

GAUSS_POINTS = 2
"""Number of Gauss-Legendre points on an interval no longer than a third of the broadening, exact to one percent."""

SAFETY = 3.0
"""Safety factor of the estimate, which is the change of Delta in one iteration, not that of the converged solution."""

SMALL = 0.05
"""Phase below which the Fourier transform of a hat function is evaluated from its series."""


class SamplingChange(NamedTuple):
    r"""The change of the equations if a2F is linear between its points.

    Args:
        transforms: Fourier transforms of the piecewise linear a2F; `None` if the equations on the line use it already.
        shift: Estimated relative change of the gap function on the imaginary axis, from that of $\lambda(\nu_l)$.
    """

    transforms: tuple[Float[Array, "channel n"], ...] | None
    shift: Float[Array, ""]


@eqx.filter_jit
def sampling_change(
    material: AbstractMaterial,
    problem: LineProblem,
    boson_grid: AbstractBosonGrid,
    numbers: tuple[Float[Array, ""], ...],
) -> SamplingChange:
    r"""Compute this change for the equations of a material on a line.

    Args:
        material: The material.
        problem: Its equations on the line.
        boson_grid: The representation of a2F in these equations.
        numbers: $T$ [K], $\mu^*$ and $\omega_c$ [meV].
    """
    line = problem.equations.line
    material, (T, mu_star, omega_c) = replace_unusable(problem.usable, material, numbers)
    T = positive_or_one(T)
    found = [
        piecewise_linear_transforms(channel, T, boson_grid=boson_grid, n=line.n, period=2 * line.half_period)
        for channel in material.channels
    ]
    stacked = jax.tree.map(lambda *channels: jnp.stack(channels), *found)  # `None` where nothing is to be corrected
    response = _response(material.channels[-1], T, mu_star, omega_c, start=problem.start)
    mismatch = jnp.max(jnp.stack([coupling_mismatch(channel, T) for channel in material.channels]))
    return jax.lax.stop_gradient(SamplingChange(stacked, response * mismatch))


def sampling_error(problem: LineProblem, change: SamplingChange, Delta: Complex[Array, " line"]) -> Float[Array, ""]:
    r"""Estimated change of the gap function on the line, relative to its largest value; zero in the normal state."""
    equations, Delta = jax.lax.stop_gradient((problem.equations, Delta))
    moved = jnp.zeros(())
    if change.transforms is not None:
        interpolated = eqx.tree_at(lambda e: (e.even, e.odd), equations, change.transforms)
        moved = relative(gap_map(interpolated, Delta) - Delta, Delta)
    return jnp.where(problem.start > 0, SAFETY * (moved + change.shift), 0.0)


def piecewise_linear_coupling(spectrum: Spectrum, nu: Float[Array, " boson"]) -> Float[Array, " boson"]:
    r"""The coupling $\lambda(\nu)$ of the piecewise linear a2F, for $\nu > 0$ [meV]; dimensionless.

    With $\alpha^2F = a + s\omega$ between two points $\omega_1 < \omega_2$, each interval contributes

    $$ a\ln\frac{\omega_2^2+\nu^2}{\omega_1^2+\nu^2}
       + 2s\Big[\omega_2 - \omega_1 - \nu\arctan\frac{\nu(\omega_2-\omega_1)}{\nu^2+\omega_1\omega_2}\Big] $$
    """
    omega, a2f = (jnp.append(0.0, jnp.asarray(values)) for values in (spectrum.omega, spectrum.a2f))
    low, high, width, nu = omega[None, :-1], omega[None, 1:], jnp.diff(omega)[None, :], nu[:, None]
    # the first interval has no length if the grid begins at zero
    slope = jnp.diff(a2f)[None, :] / jnp.where(width > 0, width, 1.0)
    from_constant = jnp.log1p(width * (high + low) / (low**2 + nu**2))
    from_slope = 2 * (width - nu * jnp.arctan(nu * width / (nu**2 + low * high)))
    at_zero = a2f[None, :-1] - slope * low
    return jnp.sum(jnp.where(width > 0, at_zero * from_constant + slope * from_slope, 0.0), axis=1)


def coupling_mismatch(spectrum: Spectrum, T: Float[Array, ""]) -> Float[Array, ""]:
    r"""Largest change of $\lambda(\nu_l)$, relative to $\lambda(\nu_1)$, if a2F is linear between its points."""
    nu = bosonic_frequencies(T, jnp.arange(1.0, COMPARED + 1))
    trapezoidal, linear = lambda_kernel(spectrum, nu), piecewise_linear_coupling(spectrum, nu)
    return jnp.max(jnp.abs(linear - trapezoidal)) / jnp.where(trapezoidal[0] > 0, trapezoidal[0], 1.0)


def _response(
    spectrum: Spectrum,
    T: Float[Array, ""],
    mu_star: Float[Array, ""],
    omega_c: Float[Array, ""],
    *,
    start: Float[Array, ""],
) -> Float[Array, ""]:
    r"""An estimate of $\mathrm{d}\ln\Delta/\mathrm{d}\ln\lambda$, from McMillan's formula for $T_c$.

    It is $\mathrm{d}\ln T_c/\mathrm{d}\ln\lambda$ at low temperature, and grows towards $T_c$. Close to $T_c$,
    $\Delta^2 = \frac{8}{7\zeta(3)}(\pi k_BT)^2(1 - T/T_c)$, so that $\ln\Delta$ changes by
    $0.48\,(\pi k_BT/\Delta)^2$ times as much as $\ln T_c$.
    """
    lam = spectrum.lambda_ep
    mu = rescale_mu_star(mu_star, old_cutoff=omega_c, new_cutoff=jnp.asarray(spectrum.omega_max))
    attraction = lam - mu * (1 + 0.62 * lam)
    bound = attraction > 0
    of_tc = 1.04 * (1 + 0.38 * mu) * lam / jnp.where(bound, attraction, 1.0) ** 2
    ratio = jnp.pi * BOLTZMANN * T / jnp.where(start > 0, start, 1.0)
    return jnp.where(bound, jnp.maximum(of_tc, 1.0), 1.0) * (1 + ratio**2 / 2)


def piecewise_linear_transforms(
    spectrum: Spectrum, T: Float[Array, ""], *, boson_grid: AbstractBosonGrid, n: int, period: Float[Array, ""]
) -> BosonTransforms | None:
    """Fourier transforms of the piecewise linear a2F; `None` if those of `boson_grid` are the same."""
    if isinstance(boson_grid, PiecewiseLinearBosonGrid):
        return None
    if isinstance(boson_grid, UniformBosonGrid):
        return _hat_function_transforms(spectrum, T, boson_grid=boson_grid, n=n, period=period)
    omega, weight = piecewise_linear_points(spectrum, 1, GAUSS_POINTS)
    index = np.arange(n // 2 + 1)
    even, odd = (
        jnp.fft.rfft(spread_on_grid((omega, values), period, boson_grid.n))[index]
        for values in (weight * half_coth(omega, T), weight)
    )
    return in_fft_order(2 * jnp.real(even), 2 * jnp.imag(odd))


def _hat_function_transforms(
    spectrum: Spectrum, T: Float[Array, ""], *, boson_grid: UniformBosonGrid, n: int, period: Float[Array, ""]
) -> BosonTransforms:
    r"""The transforms for a uniform grid: a piecewise linear function is a sum of hat functions.

    Its Fourier transform is that of the points times that of a hat function. The product of a2F and $N + \frac12$ is
    also taken as linear between the points, and goes to a constant at zero.
    """
    omega, weight = boson_grid.points(spectrum)
    index = np.arange(n // 2 + 1)
    step, phase = period / boson_grid.n, 2 * np.pi / boson_grid.n * index
    first, last = boson_grid.first, boson_grid.first + omega.size - 1
    hat = 2 * np.real(_half_hat(phase))
    # the interval below the first point may be longer than the others, and there is none above the last point
    longer = first * _half_hat(first * phase) - _half_hat(phase) - hat * (first - 1) / 2
    ends = np.exp(-1j * phase * first) * longer, np.exp(-1j * phase * last) * (_half_hat(phase) - hat / 2)
    at, mirrored = aliased(index, boson_grid.n)

    def transform(values: Float[Array, " point"]) -> Complex[Array, " mode"]:
        points = jnp.fft.rfft(boson_grid.on_grid((omega, weight * values), period))[at]
        points = jnp.where(mirrored, jnp.conj(points), points)
        a2f = values * spectrum.a2f
        return jnp.asarray(hat) * points + step * (a2f[0] * ends[0] + a2f[-1] * ends[1])

    at_zero = BOLTZMANN * T * spectrum.a2f[0]  # the limit of a2F (N + 1/2) times the length of the first interval
    even = jnp.real(transform(half_coth(omega, T))) + at_zero * (first > 0) * np.real(_half_hat(first * phase))
    return in_fft_order(2 * even, 2 * jnp.imag(transform(jnp.ones_like(omega))))


def _half_hat(phase: Float[np.ndarray, " mode"]) -> Complex[np.ndarray, " mode"]:
    r"""Half of a hat function: $\int_0^1(1-u)\,e^{i\kappa u}\,\mathrm{d}u = (1 + i\kappa - e^{i\kappa})/\kappa^2$."""
    small = np.abs(phase) < SMALL
    safe = np.where(small, 1.0, phase)
    series = 1 / 2 + 1j * phase / 6 - phase**2 / 24 - 1j * phase**3 / 120
    return np.where(small, series, (1 + 1j * safe - np.exp(1j * safe)) / safe**2)
