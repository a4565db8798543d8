"""Losses for training without labels: two forms of consistency with the Eliashberg equations."""

import dataclasses
import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Complex, Float

from ..inverse import InverseProblem, choose_strength, invert_linearly, linear_equations, pose_inverse_problem
from ..models import Setting
from ..physics import MSC, CompressedMatsubara, Spectrum, continue_gap, require_x64

FREQUENCIES = CompressedMatsubara(rtol=1e-5)
"""Matsubara frequencies of the solver within a loss."""

CONTINUATION = MSC(rtol=1e-3)
"""Analytic continuation within a loss: its actual error is about 5e-5, and it is five times as fast as with 1e-6."""

LARGEST_ERROR = 0.1
"""Largest relative error of a continuation that is used; predictions may be too rough for the usual accuracy."""

SPECTRA_PER_SOLVE = 16
"""Number of spectra that are solved at a time."""


@dataclasses.dataclass(frozen=True)
class EquationResidual:
    r"""Loss without labels and without the solver: the residual of the real-axis equations for a predicted a2F.

    With the gap function given, $Z\Delta - \phi = A\,\alpha^2F + b$ is linear in a2F (`inverse.linear_equations`), and
    the regularized residual

    $$ L(\alpha^2F) = |A\,\alpha^2F + b|^2
       + s\int\Big(\frac{\mathrm{d}^2\alpha^2F}{\mathrm{d}\Omega^2}\Big)^2\mathrm{d}\Omega $$

    is convex. It is also ill-conditioned: the eigenvalues of its Hessian $2H$ span eight orders of magnitude, so that
    a network learns the broad features of a2F only. The loss is therefore preconditioned with $H^{-1}$,

    $$ |H^{-1}\nabla L/2|^2 = |\alpha^2F - x|^2, \qquad x = -H^{-1}A^Tb, $$

    which is the squared distance from the linear inversion $x$ of the gap function. `linear_inversion` computes $x$
    once for every gap function, in a few milliseconds each; a training step then costs as much as one with labels. The
    regularization strength $s$ follows from the gap functions alone (`inverse.choose_strength`). The equations are
    those of F. Marsiglio, M. Schossmann and J. P. Carbotte, Phys. Rev. B 37, 4965 (1988),
    doi:10.1103/PhysRevB.37.4965; the paper, arXiv:2007.07512, has no such loss.

    Args:
        setting: Temperature [K], cutoffs and grids [meV] of the data.

    Raises:
        InputError: The broadening is not below the lowest Matsubara frequency (when a gap function is first given).
        RuntimeError: JAX is not in 64-bit mode (at the same time).
    """

    setting: Setting

    @functools.cached_property
    def problem(self) -> InverseProblem:
        """The grids, cutoffs and temperature of the linear inversion."""
        s = self.setting
        return pose_inverse_problem(
            s.omega_real,
            T=s.T,
            mu_star=s.mu_star,
            omega_c=s.omega_c,
            matsubara_cutoff=s.matsubara_cutoff,
            broadening=s.broadening,
            omega_max=s.omega_max,
        )

    @functools.cached_property
    def _to_bosons(self) -> Float[np.ndarray, "boson freq"]:
        """The matrix from a2F on the grid of the data to a2F at the boson energies of the problem."""
        return self.problem.averages_from(self.setting.omega)

    def linear_inversion(self, Delta: Complex[np.ndarray, "sample real"]) -> Float[np.ndarray, "sample freq"]:
        """Compute the spectral functions $x$ that minimize the regularized residual.

        Args:
            Delta: Gap functions at `setting.omega_real`, shape (samples, n_energies) [meV].

        Returns:
            The spectral functions at `setting.omega`, shape (samples, n_points).
        """
        found = invert_linearly(self.problem, Delta, strength=choose_strength(self.problem, Delta))
        return found @ self.problem.spline_to(self.setting.omega).T

    def __call__(
        self, predicted: Float[Array, "sample freq"], inverted: Float[Array, "sample freq"]
    ) -> Float[Array, " sample"]:
        """Compute the preconditioned residual of every sample: the mean square distance from the linear inversion.

        Args:
            predicted: Predicted spectral functions, shape (samples, n_points).
            inverted: Spectral functions from `linear_inversion`, of the same shape.

        Returns:
            One number for each sample, dimensionless.
        """
        return jnp.mean((predicted - inverted) ** 2, axis=1)

    def relative_residual(self, a2f: Float[Array, " freq"], Delta: Complex[Array, " real"]) -> Float[Array, ""]:
        r"""Compute the residual $|Z\Delta - \phi|^2/|\Delta|^2$ of one sample, not regularized or preconditioned.

        Args:
            a2f: Spectral function at `setting.omega`, shape (n_points,).
            Delta: Gap function at `setting.omega_real`, shape (n_energies,) [meV].
        """
        residual = linear_equations(self.problem, Delta).residual(jnp.asarray(self._to_bosons) @ a2f)
        return jnp.sum(jnp.abs(residual) ** 2) / jnp.sum(jnp.abs(Delta) ** 2)


class SolverConsistency(eqx.Module):
    r"""Loss without labels, through the solver: the deviation of the gap function of a predicted a2F from the input.

    The predicted $\alpha^2F$ goes through `solve_gap` and `continue_gap`. For each sample, with $g$ the gap function
    $\Delta(\omega + i\Gamma)$ (or $N/N_F - 1$ for densities of states as the input),

    $$ m = \frac{\sum_\omega |g^{\mathrm{pred}} - g|^2}{\sum_\omega |g|^2}, \qquad L = \frac{m}{1 + m/m_0}. $$

    The gradient is that of the converged solution (implicit function theorem). $\mathrm{d}\Delta/\mathrm{d}\alpha^2F$
    diverges if the $T_c$ of a prediction is near the temperature of the data; the saturation at $m_0$ keeps a few such
    samples from dominating the gradient. A predicted normal state has $m = 1$ and no gradient; a sample that does not
    converge is masked and counted. The gap function on the real axis is compared because the one on the imaginary axis
    depends on only about eight modes of a2F. The paper, arXiv:2007.07512, has no such loss.

    Args:
        setting: Temperature [K], cutoffs and grids [meV] of the data.
        saturation: $m_0$.
    """

    setting: Setting = eqx.field(static=True)
    saturation: float = eqx.field(default=0.01, static=True)

    def __call__(
        self, predicted: Float[Array, "sample freq"], inputs: Float[Array, "sample feature"]
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """Compute the mean loss over the samples that converged, and the number of samples that did not.

        Args:
            predicted: Predicted spectral functions, shape (samples, n_points), in any precision; the solver uses double
                precision.
            inputs: Inputs of the network, one a row: real, then imaginary parts of gap functions [meV], or densities of
                states.

        Raises:
            RuntimeError: JAX is not in 64-bit mode.
        """
        require_x64()
        pairs = predicted.astype(jnp.float64), inputs.astype(jnp.float64)
        losses, converged = jax.lax.map(lambda pair: self._of_one(*pair), pairs, batch_size=SPECTRA_PER_SOLVE)
        n_converged = jnp.sum(converged.astype(jnp.float64))
        return jnp.sum(losses) / jnp.maximum(n_converged, 1.0), converged.size - n_converged

    def _of_one(
        self, a2f: Float[Array, " freq"], given: Float[Array, " feature"]
    ) -> tuple[Float[Array, ""], Bool[Array, ""]]:
        s = self.setting
        spectrum = Spectrum(s.omega, a2f)
        sol = s.solve(spectrum, frequencies=FREQUENCIES)
        real = continue_gap(sol, spectrum, s.omega_real, broadening=s.broadening, method=CONTINUATION)
        if s.task == "dos-to-a2f":
            found, given = real.dos - 1, given - 1
        else:
            found = jnp.concatenate([jnp.real(real.Delta), jnp.imag(real.Delta)])
        normal = sol.converged & ~sol.superconducting
        ok = normal | (sol.converged & (real.continuation_error <= LARGEST_ERROR) & jnp.all(jnp.isfinite(found)))
        m = jnp.sum(jnp.where(ok, found - given, 0.0) ** 2) / jnp.sum(given**2)
        return m / (1 + m / self.saturation), ok
