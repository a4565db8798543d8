r"""The Cauchy test: whether a gap function on a line is the continuation of the solution on the imaginary axis.

$G(z) = z/\sqrt{z^2-\Delta^2}$ is analytic above the line $\omega + i\Gamma$ and goes to one at infinity, so that

$$ 1 + \frac{1}{2\pi i}\int\frac{G(z) - 1}{z - i\omega_n}\,\mathrm{d}z = G(i\omega_n) = \frac{\omega_n}{R_n} $$

for every $\omega_n > \Gamma$. A wrong branch of the root, on which the iteration converges as well, violates this by
0.05 or more.
"""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Complex, Float

from ..material import AbstractFermiSurfaceAverage
from .line import Line

TAIL_NODES = 16
"""Number of points of the quadrature above the end of the line."""

Continuation = Callable[[Complex[Array, " far"]], Complex[Array, " far"]]
"""A gap function [meV] of energies above the end of the line [meV]."""


def cauchy_test(
    line: Line,
    Delta: Complex[Array, " line"],
    average: AbstractFermiSurfaceAverage,
    *,
    tails: tuple[Continuation, Continuation],
    omega_n: Float[Array, " test"],
    G_n: Float[Array, " test"],
    comparable: Bool[Array, " test"],
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    r"""Largest deviation of the integral from $\omega_n/R_n$, and its uncertainty from energies above the line's end.

    Args:
        line: The line.
        Delta: Gap function on it [meV].
        average: The Fermi-surface average of the propagators.
        tails: Two approximations of the gap function above the end of the line; the difference between the deviations
            with the two is the uncertainty.
        omega_n: Frequencies above the line [meV].
        G_n: $\omega_n/R_n$.
        comparable: Which of the frequencies to compare.
    """
    step = jnp.full(line.n // 2 + 1, line.step).at[jnp.array([0, -1])].mul(0.5)
    inside = cauchy_integral(line.z, average.on_line(1 / line.z, Delta)[0] - 1, step, omega_n)
    far, far_step = tail_points(line.half_period, line.broadening)
    residuals = []
    for values in (continuation(far) for continuation in tails):
        outside = cauchy_integral(far, average.on_line(1 / far, values)[0] - 1, far_step, omega_n)
        deviation = jnp.abs(1 + inside + outside - G_n)
        residuals.append(jnp.max(jnp.where(comparable, deviation, 0.0)))
    return residuals[0], jnp.abs(residuals[0] - residuals[1])


def tail_points(
    end: Float[Array, ""], broadening: Float[Array, ""]
) -> tuple[Complex[Array, " far"], Float[Array, " far"]]:
    """Points from `end` to infinity on a line and their weights [meV], for integrands that decay as a power law."""
    nodes, weights = np.polynomial.legendre.leggauss(TAIL_NODES)
    inverse = (nodes + 1) / 2  # end / x
    return end / inverse + 1j * broadening, end * weights / 2 / inverse**2


def cauchy_integral(
    z: Complex[Array, " point"],
    values: Complex[Array, " point"],
    step: Float[Array, " point"],
    omega_n: Float[Array, " matsubara"],
) -> Float[Array, " matsubara"]:
    r"""Cauchy's integral for the values $g(i\omega_n)$ of a function $g$ on a line $z = \omega + i\Gamma$.

    $$ g(i\omega_n) = \frac{1}{\pi}\int_0^\infty\mathrm{Im}\frac{g(z)}{z - i\omega_n}\mathrm{d}\omega $$

    It holds for a $g$ that is analytic above the line, vanishes at infinity, and obeys $g(-z^*) = g(z)^*$.

    Args:
        z: Points of the line with $\omega \ge 0$ [meV].
        values: $g$ at these points.
        step: Weights of the points in the integral [meV].
        omega_n: Frequencies above the line [meV].
    """
    return jnp.imag(values[None, :] / (z[None, :] - 1j * omega_n[:, None])) @ step / jnp.pi
