"""What training minimizes: distance to the labels, and two forms of consistency with the Eliashberg equations."""

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
"""Frequencies of the solves within a loss."""

CONTINUATION = MSC(rtol=1e-3)
"""Continuation within a loss: to 5e-5 of the largest gap in fact, five times as fast as to 1e-6."""

LARGEST_ERROR = 0.1
"""Of a continuation that counts, relative: predictions may be so rough that the usual accuracy is not reached."""

TOGETHER = 16
"""Spectra that are solved at a time."""


@dataclasses.dataclass(frozen=True)
class EquationResidual:
    r"""How well a predicted spectrum and its gap function obey the real-axis equations together: no solve.

    With the gap function given, $Z\Delta - \phi = A\,\alpha^2F + b$ is linear in a2F (`inverse.linear_equations`), and

    $$ L(\alpha^2F) = |A\,\alpha^2F + b|^2
       + s\int\Big(\frac{\mathrm{d}^2\alpha^2F}{\mathrm{d}\Omega^2}\Big)^2\mathrm{d}\Omega $$

    is convex. It is also badly conditioned: the eigenvalues of its Hessian $H$ span eight orders of magnitude, so that
    a network learns the broad features of a2F and never the fine ones. In the metric in which a2F itself is measured,
    $H^{-1}$ before the gradient, the same loss is

    $$ |H^{-1}\nabla L/2|^2 = |\alpha^2F - x|^2, \qquad x = -H^{-1}A^Tb, $$

    the distance to the linear inversion $x$ of the gap function. That is what is minimized: `prepare` inverts every
    gap function once, a few milliseconds each, and a training step then costs no more than one with labels. The
    strength $s$ follows from the gap functions alone (`inverse.choose_strength`).

    Args:
        setting: Temperature, cutoffs and grids of the data.
    """

    setting: Setting

    @functools.cached_property
    def problem(self) -> InverseProblem:
        """The grids and what is known beside the gap function."""
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
        """From a2F at the energies of the data to the bosons of the problem, made once: not in every call of `bare`."""
        return self.problem.averages_from(self.setting.omega)

    def prepare(self, Delta: Complex[np.ndarray, "sample real"]) -> Float[np.ndarray, "sample freq"]:
        """The spectral functions that minimize the residual, one for each gap function [meV]."""
        found = invert_linearly(self.problem, Delta, strength=choose_strength(self.problem, Delta))
        return found @ self.problem.spline_to(self.setting.omega).T

    def __call__(
        self, predicted: Float[Array, "sample freq"], prepared: Float[Array, "sample freq"]
    ) -> Float[Array, " sample"]:
        """The residual of every sample in the metric of a2F: mean of the squared distances."""
        return jnp.mean((predicted - prepared) ** 2, axis=1)

    def bare(self, a2f: Float[Array, " freq"], Delta: Complex[Array, " real"]) -> Float[Array, ""]:
        r"""$|Z\Delta - \phi|^2/|\Delta|^2$ of one sample, as the equations stand."""
        miss = linear_equations(self.problem, Delta).residual(jnp.asarray(self._to_bosons) @ a2f)
        return jnp.sum(jnp.abs(miss) ** 2) / jnp.sum(jnp.abs(Delta) ** 2)


class SolverConsistency(eqx.Module):
    r"""Whether a predicted spectrum gives back the function it was predicted from, on the real axis.

    The predicted $\alpha^2F$ goes through `solve_gap` and `continue_gap`. For each sample, with $g$ the gap function
    $\Delta(\omega + i\Gamma)$ (or the density of states less one, where that is the input),

    $$ m = \frac{\sum_\omega |g^{\mathrm{pred}} - g|^2}{\sum_\omega |g|^2}, \qquad L = \frac{m}{1 + m/m_0}. $$

    The gradient is that of the converged solution (implicit function theorem). $\mathrm{d}\Delta/\mathrm{d}\alpha^2F$
    diverges where a prediction has its $T_c$ near the temperature of the data; the saturation at $m_0$ keeps a few
    such samples from drowning all others. A predicted normal state has $m = 1$ and no gradient; a sample that does not
    converge is masked and counted. The real axis, because the imaginary one sees about eight modes of a2F only.

    Args:
        setting: Temperature, cutoffs and grids of the data.
        saturation: $m_0$.
    """

    setting: Setting = eqx.field(static=True)
    saturation: float = eqx.field(default=0.01, static=True)

    def __call__(
        self, predicted: Float[Array, "sample freq"], inputs: Float[Array, "sample feature"]
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """The mean over the samples that converged, and the number of those that did not.

        Args:
            predicted: Predicted spectral functions, in any precision; solved in double precision.
            inputs: Of the network: real parts of the gap functions, then imaginary parts [meV], or densities of states.
        """
        require_x64()
        pairs = predicted.astype(jnp.float64), inputs.astype(jnp.float64)
        losses, converged = jax.lax.map(lambda pair: self._of_one(*pair), pairs, batch_size=TOGETHER)
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
        miss = jnp.sum(jnp.where(ok, found - given, 0.0) ** 2) / jnp.sum(given**2)
        return miss / (1 + miss / self.saturation), ok
