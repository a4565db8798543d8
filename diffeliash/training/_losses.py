"""What training minimizes: distance to the labels, and consistency with the Eliashberg equations."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ..models import Setting
from ..physics import Spectrum


def mean_square_error(predicted: Float[Array, "sample freq"], label: Float[Array, "sample freq"]) -> Float[Array, ""]:
    """Mean of the squared differences over points and samples: the paper's loss."""
    return jnp.mean((predicted - label) ** 2)


class MatsubaraConsistency(eqx.Module):
    r"""Whether a predicted spectrum gives back the gap function it was predicted from, on the imaginary axis.

    The predicted $\alpha^2F$ goes through `solve_gap`. With $s = \Delta|\Delta|$, summed over the Matsubara
    frequencies and the samples of a batch,

    $$ L = \frac{\sum [s^{\mathrm{pred}}(i\omega_n) - s(i\omega_n)]^2}{\sum s(i\omega_n)^2}. $$

    The square, because $\mathrm{d}\Delta$ diverges where a predicted spectrum has its $T_c$ at the temperature of
    the data, while $\mathrm{d}\Delta^2$ does not: with $\Delta$ itself a few such samples drown all others.
    The gradient is that of the converged solution (implicit function theorem). A predicted normal state counts with
    its full distance and has no gradient; a sample that does not converge is masked and counted. The imaginary axis
    sees only about eight modes of $\alpha^2F$: this term corrects the strength of a prediction, not its fine structure.

    Args:
        setting: Temperature, cutoffs and grid of the data.
    """

    setting: Setting = eqx.field(static=True)

    def __call__(
        self, predicted: Float[Array, "sample freq"], Delta_iw: Float[Array, "sample matsubara"]
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """The loss over the samples that converged, and the number of those that did not.

        Args:
            predicted: Predicted spectral functions, in any precision; solved in double precision.
            Delta_iw: Gap functions at the Matsubara frequencies that belong to the inputs [meV].
        """
        found, converged = jax.vmap(self._solve)(predicted)
        label = Delta_iw * jnp.abs(Delta_iw)
        miss = jnp.where(converged[:, None], found * jnp.abs(found) - label, 0.0)
        size = jnp.sum(jnp.where(converged[:, None], label, 0.0) ** 2)
        return jnp.sum(miss**2) / jnp.where(size > 0, size, 1.0), jnp.sum(~converged).astype(jnp.float64)

    def _solve(self, a2f: Float[Array, " freq"]) -> tuple[Float[Array, " matsubara"], Bool[Array, ""]]:
        sol = self.setting.solve(Spectrum(self.setting.omega, a2f))
        return sol.Delta, sol.converged
