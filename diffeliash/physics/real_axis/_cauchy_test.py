r"""The Cauchy test: does a gap function on a line belong to the solution on the imaginary axis?

$G(z) = z/\sqrt{z^2-\Delta^2}$ is analytic above the line and goes to one, so that

$$ 1 + \frac{1}{2\pi i}\int\frac{G(z) - 1}{z - i\omega_n}\,\mathrm{d}z = G(i\omega_n) = \frac{\omega_n}{R_n} $$

for every $\omega_n > \Gamma$. A wrong branch of the root, which no test of convergence can see, fails it by 0.05
and more.
"""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Complex, Float

from ..material import AbstractLocalAverage
from .line import Line

TAIL_NODES = 16


Continuation = Callable[[Complex[Array, " far"]], Complex[Array, " far"]]


def cauchy_test(
    line: Line,
    Delta: Complex[Array, " line"],
    average: AbstractLocalAverage,
    *,
    beyond: tuple[Continuation, Continuation],
    omega_n: Float[Array, " test"],
    G_n: Float[Array, " test"],
    there: Bool[Array, " test"],
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    r"""Largest deviation of the integral from $\omega_n/R_n$, and how much depends on what the line does not reach.

    Args:
        line: The line.
        Delta: Gap function on it [meV].
        average: How the propagators are averaged over the electrons of the material.
        beyond: Gap function beyond its end [meV], and another guess of it.
        omega_n: Frequencies above the line [meV].
        G_n: $\omega_n/R_n$.
        there: Where there is something to compare with.
    """
    step = jnp.full(line.n // 2 + 1, line.step).at[jnp.array([0, -1])].mul(0.5)
    inside = cauchy_integral(line.z, average.on_line(1 / line.z, Delta)[0] - 1, step, omega_n)
    far, far_step = points_beyond(line.half_period, line.broadening)
    residuals = []
    for values in (continuation(far) for continuation in beyond):
        outside = cauchy_integral(far, average.on_line(1 / far, values)[0] - 1, far_step, omega_n)
        miss = jnp.abs(1 + inside + outside - G_n)
        residuals.append(jnp.max(jnp.where(there, miss, 0.0)))
    return residuals[0], jnp.abs(residuals[0] - residuals[1])


def points_beyond(
    end: Float[Array, ""], broadening: Float[Array, ""]
) -> tuple[Complex[Array, " far"], Float[Array, " far"]]:
    """Points from `end` to infinity on a line and their weights [meV], for functions that fall as a power."""
    nodes, weights = np.polynomial.legendre.leggauss(TAIL_NODES)
    inverse = (nodes + 1) / 2  # end / x
    return end / inverse + 1j * broadening, end * weights / 2 / inverse**2


def cauchy_integral(
    z: Complex[Array, " point"],
    values: Complex[Array, " point"],
    step: Float[Array, " point"],
    omega_n: Float[Array, " matsubara"],
) -> Float[Array, " matsubara"]:
    r"""$\frac{1}{\pi}\int_0^\infty\mathrm{Im}\frac{g(z)}{z - i\omega_n}\mathrm{d}\omega$ of a Hermitian function.

    If it is analytic above the line and falls to zero, these are its values at $i\omega_n$.

    Args:
        z: Points right of zero [meV].
        values: $g$ there.
        step: Weights of the points in the integral [meV].
        omega_n: Frequencies above the line [meV].
    """
    return jnp.imag(values[None, :] / (z[None, :] - 1j * omega_n[:, None])) @ step / jnp.pi
