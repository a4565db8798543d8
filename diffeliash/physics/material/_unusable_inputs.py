"""Inputs for which the equations cannot be solved: rejected if they are concrete, replaced if they are traced.

In a batch the inputs of such a member are replaced before the computation, as a NaN result that is masked afterwards
would still have a NaN gradient.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Bool, Float

from ..numerics import is_concrete
from ._material import AbstractMaterial
from ._spectrum import Spectrum, coupling_constant

LARGEST_COUPLING = 1e9
"""Largest accepted coupling constant. A larger one comes from a wrong unit or a damaged file, and leads to overflow."""


def parameters_in_range(omega_c: ArrayLike, matsubara_cutoff: ArrayLike, mu_star: Float[Array, ""]) -> Bool[Array, ""]:
    r"""Whether $\mu^*$ lies between 0 and 1 and both cutoffs are positive.

    A cutoff below the end of the spectrum is accepted here, although `check_cutoffs` rejects a concrete one.
    """
    lowest = jnp.minimum(jnp.asarray(omega_c), jnp.asarray(matsubara_cutoff))
    return (mu_star >= 0) & (mu_star <= 1) & (lowest > 0)


def coupling_in_range(material: AbstractMaterial) -> Bool[Array, ""]:
    """Whether the coupling constant of every spectral function, taken with |a2F|, is at most `LARGEST_COUPLING`."""
    largest = [channel.integrate(jnp.abs(2 * channel.over_omega())) for channel in material.channels]
    return jnp.all(jnp.stack(largest) <= LARGEST_COUPLING)


def check_coupling(material: AbstractMaterial) -> list[str]:
    """Complaints about a coupling constant above `LARGEST_COUPLING`; none for traced spectra."""
    return [complaint for channel in material.channels for complaint in _check_channel(channel)]


def _check_channel(spectrum: Spectrum) -> list[str]:
    if not is_concrete(spectrum.omega, spectrum.a2f):
        return []
    a2f = np.abs(np.asarray(spectrum.a2f))
    if coupling_constant(np.asarray(spectrum.omega), a2f) <= LARGEST_COUPLING:
        return []
    largest = float(np.max(a2f))
    return [
        f"values of `a2f` up to {largest:.3g} give a coupling constant above {LARGEST_COUPLING:g}: "
        "check the column and the units"
    ]


def replace_unusable(usable: Bool[Array, ""], material: AbstractMaterial, numbers: Any) -> tuple[Any, Any]:
    """Replace inputs that cannot be computed with: spectral functions by zero, negative or non-finite numbers by one.

    Only a2F is made to depend on `usable`. The grid and the temperature, which the members of a batch often share,
    remain unbatched, and with them the kernels made from them: that saves a third of the time of a solution.
    """
    positive = jax.tree.map(lambda x: jnp.where(jnp.isfinite(x) & (x >= 0), x, jnp.ones_like(x)), numbers)
    return material.zeroed_unless(usable), positive
