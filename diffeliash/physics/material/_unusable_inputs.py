"""Inputs that nothing can be solved for: refused where they are known, made harmless where they are members of a batch.

A masked NaN result would still have a NaN gradient, so it is the inputs that are replaced.
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
"""No larger coupling constant is solved for: it is a wrong unit or a broken file, and numbers soon overflow."""


def in_range(omega_c: ArrayLike, matsubara_cutoff: ArrayLike, mu_star: Float[Array, ""]) -> Bool[Array, ""]:
    """Whether the numbers mean something; a cutoff below the end of the spectrum, refused where it is known, does."""
    lowest = jnp.minimum(jnp.asarray(omega_c), jnp.asarray(matsubara_cutoff))
    return (mu_star >= 0) & (mu_star <= 1) & (lowest > 0)


def can_be_solved(material: AbstractMaterial) -> Bool[Array, ""]:
    """Whether no a2F is absurdly large."""
    largest = [channel.integrate(jnp.abs(2 * channel.over_omega())) for channel in material.channels]
    return jnp.all(jnp.stack(largest) <= LARGEST_COUPLING)


def check_coupling(material: AbstractMaterial) -> list[str]:
    """Complaints about values of a2F that nothing can be solved for; none for traced ones."""
    return [complaint for channel in material.channels for complaint in _check_channel(channel)]


def _check_channel(spectrum: Spectrum) -> list[str]:
    if not is_concrete(spectrum.omega, spectrum.a2f):
        return []
    a2f = np.abs(np.asarray(spectrum.a2f))
    if coupling_constant(np.asarray(spectrum.omega), a2f) <= LARGEST_COUPLING:
        return []
    largest = float(np.max(a2f))
    return [
        f"values of `a2f` up to {largest:.3g} give a coupling constant beyond {LARGEST_COUPLING:g}: "
        "check the column and the units"
    ]


def harmless_unless(usable: Bool[Array, ""], material: AbstractMaterial, numbers: Any) -> tuple[Any, Any]:
    """The inputs, or where they are not usable a material without bosons, and one for each number that is not positive.

    Only a2F depends on the verdict on all inputs. What the members of a batch share (grid, temperature) stays
    shared, and with it the kernels made from it: that is worth a third of the time of a solve.
    """
    positive = jax.tree.map(lambda x: jnp.where(jnp.isfinite(x) & (x >= 0), x, jnp.ones_like(x)), numbers)
    return material.without_bosons_unless(usable), positive
