r"""The digamma function of a complex argument, which JAX has for real ones only."""

import jax.numpy as jnp
from jaxtyping import Array, Complex

SHIFT = 10
"""Number of steps of the recurrence, after which the asymptotic series holds to rounding error."""

ASYMPTOTIC = (-1 / 12, 1 / 120, -1 / 252, 1 / 240, -1 / 132, 691 / 32760, -1 / 12, 3617 / 8160)
r"""Coefficients $-B_{2k}/2k$ of $z^{-2k}$, with Bernoulli's numbers $B_{2k}$, $k = 1, 2, \ldots$."""


def digamma(z: Complex[Array, "*shape"]) -> Complex[Array, "*shape"]:
    r"""Digamma function $\psi(z) = \Gamma'(z)/\Gamma(z)$ for $\mathrm{Re}\,z > 0$.

    $$ \psi(z) = -\sum_{n=0}^{N-1}\frac{1}{z + n} + \psi(z + N), \qquad
       \psi(y) = \ln y - \frac{1}{2y} - \sum_{k\ge1}\frac{B_{2k}}{2k\,y^{2k}} $$

    with $N = 10$ and eight terms of the asymptotic series (Abramowitz and Stegun, Eqs. 6.3.6 and 6.3.18), which leaves
    an error below 1e-15 where $|z + N| \ge 10$. Differentiable.

    Args:
        z: Arguments in the right half plane, of any shape.

    Returns:
        $\psi(z)$, of the same shape.
    """
    y = z + SHIFT
    square = 1 / (y * y)
    series = jnp.zeros_like(y)
    for coefficient in reversed(ASYMPTOTIC):
        series = (series + coefficient) * square
    return jnp.log(y) - 0.5 / y + series - sum(1 / (z + n) for n in range(SHIFT))
