r"""The Cauchy test: does a gap function on a line belong to the solution on the imaginary axis?

$G(z) = z/\sqrt{z^2-\Delta^2}$ is analytic above the line and goes to one, so that

$$ 1 + \frac{1}{2\pi i}\int\frac{G(z) - 1}{z - i\omega_n}\,\mathrm{d}z = G(i\omega_n) = \frac{\omega_n}{R_n} $$

for every $\omega_n > \Gamma$. A wrong branch of the root, which no test of convergence can see, fails it by 0.05
and more.
"""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ._line import Line
from ._line_equations import propagators

TAIL_NODES = 16


Continuation = Callable[[Complex[Array, " far"]], Complex[Array, " far"]]


def cauchy_test(
    line: Line,
    Delta: Complex[Array, " line"],
    *,
    beyond: tuple[Continuation, Continuation],
    omega_n: Float[Array, " test"],
    G_n: Float[Array, " test"],
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    r"""Largest deviation of the integral from $\omega_n/R_n$, and how much depends on what the line does not reach.

    Args:
        line: The line.
        Delta: Gap function on it [meV].
        beyond: Gap function beyond its end [meV], and another guess of it.
        omega_n: Frequencies above the line [meV].
        G_n: $\omega_n/R_n$; NaN where there is nothing to compare with.
    """
    step = jnp.full(line.n // 2 + 1, line.step).at[jnp.array([0, -1])].mul(0.5)
    inside = _integral(line.z, Delta, step, omega_n)
    nodes, weights = np.polynomial.legendre.leggauss(TAIL_NODES)
    inverse = (nodes + 1) / 2  # half_period / x
    far = line.half_period / inverse + 1j * line.broadening
    step = line.half_period * weights / 2 / inverse**2
    residuals = []
    for values in (continuation(far) for continuation in beyond):
        miss = jnp.abs(1 + inside + _integral(far, values, step, omega_n) - G_n)
        residuals.append(jnp.max(jnp.where(jnp.isnan(G_n), 0.0, miss)))
    return residuals[0], jnp.abs(residuals[0] - residuals[1])


def _integral(
    z: Complex[Array, " point"],
    Delta: Complex[Array, " point"],
    step: Float[Array, " point"],
    omega_n: Float[Array, " test"],
) -> Float[Array, " test"]:
    r"""$\frac{1}{\pi}\int\mathrm{Im}\frac{G(z) - 1}{z - i\omega_n}\mathrm{d}\omega$ over points right of zero."""
    missing = propagators(1 / z, Delta)[0] - 1
    return jnp.imag(missing[None, :] / (z[None, :] - 1j * omega_n[:, None])) @ step / jnp.pi
