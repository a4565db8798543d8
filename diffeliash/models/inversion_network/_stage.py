r"""One inversion of the linear equations with what a training set tells: its principal functions and the errors.

For the true a2F $x$ the equations leave a residual, because the gap function has errors and is known at some energies
only. Relative to $Z$ and to the largest $|\Delta|$ it is

$$ \rho = (Ax + b)/(Z\max|\Delta|) \sim N(0, E), \qquad E = s^2 1 + q^2\,U\,\mathrm{diag}(d)\,U^T, $$

in real numbers (real, then imaginary parts), with the noise $s$ of the gap function relative to $\max|\Delta|$. The
covariance $U\,\mathrm{diag}(d)\,U^T$ of the errors of interpolation is that of the training set, and $q$ is their size.
With the prior $x = \bar x + Bc$ (`Prior`), the mean of the posterior distribution is

$$ x = \bar x + Bc, \qquad (1 + M^TE^{-1}M)\,c = -M^TE^{-1}\bar\rho, $$

where $M$ is the matrix $AB/(Z\max|\Delta|)$ in real numbers and $\bar\rho$ the residual of $\bar x$.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from ...inverse import LinearEquations
from ...physics import solve_positive_definite
from ._prior import Prior


class StageInputs(NamedTuple):
    r"""What an inversion needs besides the equations.

    Args:
        approximate: Approximate a2F, from which $Z$ is computed.
        size: Largest $|\Delta|$ [meV].
        noise: Standard deviation $s$ of the real and of the imaginary part, relative to `size`.
        interpolation: Size $q$ of the errors of interpolation.
    """

    approximate: Float[Array, " boson"]
    size: Float[Array, ""]
    noise: Float[Array, ""]
    interpolation: Float[Array, ""]


class NormalPosterior(NamedTuple):
    r"""The normal posterior distribution of the coefficients $c$ of the principal functions.

    Args:
        coefficients: Its mean.
        precision: The inverse $1 + M^TE^{-1}M$ of its covariance.
    """

    coefficients: Float[Array, " mode"]
    precision: Float[Array, "mode mode"]


class Stage(eqx.Module):
    r"""One inversion of the linear equations.

    Args:
        prior: Distribution of a2F, or of $\alpha^2F/\lambda$.
        directions: Principal directions $U$ of the errors of interpolation.
        variances: Their variances $d$.
    """

    prior: Prior
    directions: Float[Array, "both both"]
    variances: Float[Array, " both"]

    def __call__(
        self, equations: LinearEquations, given: StageInputs, scale: Float[Array, ""] | float = 1.0
    ) -> Float[Array, " boson"]:
        r"""The mean of the posterior distribution of a2F.

        Args:
            equations: The linear equations of one gap function.
            given: Approximate a2F, size of the gap function and of the errors.
            scale: Factor of the prior.
        """
        found = self.posterior(equations, given, scale)
        return scale * (self.prior.mean + self.prior.modes @ found.coefficients)

    def posterior(
        self, equations: LinearEquations, given: StageInputs, scale: Float[Array, ""] | float = 1.0
    ) -> NormalPosterior:
        """The posterior distribution of the coefficients of the principal functions; arguments as above."""
        matrix, offset = jax.lax.optimization_barrier(relative_residual(equations, given))
        weights = 1 / jnp.sqrt(given.noise**2 + given.interpolation**2 * self.variances)
        M = (scale * weights)[:, None] * (self.directions.T @ (matrix @ self.prior.modes))
        residual = weights * (self.directions.T @ (scale * (matrix @ self.prior.mean) + offset))
        precision = M.T @ M + jnp.eye(M.shape[1])
        return NormalPosterior(-solve_positive_definite(precision, M.T @ residual), precision)


def relative_residual(
    equations: LinearEquations, given: StageInputs
) -> tuple[Float[Array, "both boson"], Float[Array, " both"]]:
    r"""Matrix and offset of $\rho$ as a linear function of a2F, in real numbers."""
    factor = 1 / (given.size * (1 + product_with_real(equations.normal, given.approximate)))
    return in_real_numbers(equations.matrix * factor[:, None]), in_real_numbers(equations.offset * factor)


def in_real_numbers(values: Complex[Array, "real *boson"]) -> Float[Array, "both *boson"]:
    """Real, then imaginary parts."""
    return jnp.concatenate([jnp.real(values), jnp.imag(values)])


def product_with_real(matrix: Complex[Array, "real boson"], x: Float[Array, " boson"]) -> Complex[Array, " real"]:
    """The product of a complex matrix with a real vector, without making that complex."""
    return jnp.real(matrix) @ x + 1j * (jnp.imag(matrix) @ x)
