r"""The Cauchy test: does a gap function on a line belong to the solution on the imaginary axis?

$G(z) = z/\sqrt{z^2-\Delta^2}$ is analytic above the line and goes to one, so that

$$ 1 + \frac{1}{2\pi i}\int\frac{G(z) - 1}{z - i\omega_n}\,\mathrm{d}z = G(i\omega_n) = \frac{\omega_n}{R_n} $$

for every $\omega_n > \Gamma$. A wrong branch of the root, which no test of convergence can see, fails it by 0.1 and
more.
"""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ._line import Line
from ._line_equations import propagators

TAIL_NODES = 16


Continuation = Callable[[Complex[Array, " far"]], Complex[Array, " far"]]


def cauchy_residual(
    line: Line,
    Delta: Complex[Array, " line"],
    *,
    beyond: Continuation,
    omega_n: Float[Array, " test"],
    G_n: Float[Array, " test"],
) -> Float[Array, ""]:
    r"""Largest deviation of the integral from $\omega_n/R_n$.

    Args:
        line: The line.
        Delta: Gap function on it [meV].
        beyond: Gap function beyond its end [meV].
        omega_n: Frequencies above the line [meV].
        G_n: $\omega_n/R_n$; NaN where there is nothing to compare with.
    """
    miss = jnp.abs(1 + _integral(line, Delta, beyond, omega_n=omega_n) - G_n)
    return jnp.max(jnp.where(jnp.isnan(G_n), 0.0, miss))


def _integral(
    line: Line, Delta: Complex[Array, " line"], beyond: Continuation, *, omega_n: Float[Array, " test"]
) -> Float[Array, " test"]:
    """Over the points of the line, and from its end to infinity."""
    z = line.z
    inside = jnp.full(z.size, line.step).at[jnp.array([0, -1])].mul(0.5)
    nodes, weights = np.polynomial.legendre.leggauss(TAIL_NODES)
    inverse = (nodes + 1) / 2  # half_period / x
    far = line.half_period / inverse + 1j * line.broadening
    outside = line.half_period * weights / 2 / inverse**2
    total = jnp.zeros(omega_n.size)
    for points, values, weight in ((z, Delta, inside), (far, beyond(far), outside)):
        missing = propagators(1 / points, values)[0] - 1
        total = total + jnp.imag(missing[None, :] / (points[None, :] - 1j * omega_n[:, None])) @ weight
    return total / jnp.pi
