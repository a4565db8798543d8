"""The gap function at any Matsubara frequency, from a solution at the frequencies of a set."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ..units import BOLTZMANN
from ._checks import is_concrete
from ._equations import averages
from ._frequency_set import AbstractZSum, Ends, TruncatedSum
from ._kernel import lambda_kernel
from ._matsubara import (
    AbstractCutoff,
    AbstractFrequencies,
    CompressedMatsubara,
    bosonic_frequencies,
    fermionic_frequencies,
)
from ._spectrum import Spectrum

BLOCK = 64
"""Frequencies evaluated at a time."""

Averages = tuple[Float[Array, " full"], Float[Array, " full"]]


def averages_everywhere(
    frequencies: AbstractFrequencies, omega_n: Float[Array, " matsubara"], Delta: Float[Array, " matsubara"]
) -> Averages:
    r"""$1 - \omega_m/R_m$ and $\Delta_m/R_m$ at all frequencies of the full sum, from a gap function at the nodes."""
    missing, Y = averages(omega_n, Delta)
    if isinstance(frequencies, CompressedMatsubara):
        interpolation = jnp.asarray(frequencies.rule.interpolation)
        return interpolation @ missing, interpolation @ Y
    return missing, Y


def gap_at(
    n: Any,
    sums: Averages,
    inputs: tuple[Spectrum, Ends, Float[Array, ""]],
    *,
    cutoff: AbstractCutoff,
    z_sum: AbstractZSum,
) -> tuple[Float[Array, " *index"], Float[Array, " *index"]]:
    r"""$\Delta(i\omega_n)$ [meV] and $Z(i\omega_n)$ from the right-hand sides of the equations.

    Args:
        n: Matsubara indices, negative or beyond the set too.
        sums: What the sums run over, at all their frequencies.
        inputs: Spectrum, ends of the sums and $\mu^*$.
        cutoff: How the sums end.
        z_sum: How far the sum in $Z$ goes.

    Raises:
        ValueError: `n` is traced and the sum in $Z$ is infinite.
    """
    known = is_concrete(n)
    index = (np if known else jnp).asarray(n)
    index = jnp.asarray((np if known else jnp).where(index < 0, -index - 1, index))
    if known:
        table = _coupling(inputs[0], inputs[1], np.arange(int(np.max(np.abs(n), initial=0)) + sums[0].size + 1))
        one = partial(_gap_at_one, sums=sums, inputs=inputs, cutoff=cutoff, z_sum=z_sum, table=table)
    elif isinstance(z_sum, TruncatedSum):
        one = partial(_gap_at_one, sums=sums, inputs=inputs, cutoff=cutoff, z_sum=z_sum, table=None)
    else:
        raise ValueError("`n` is traced here: with an infinite sum in Z it must be known.")
    return jax.lax.map(one, index, batch_size=BLOCK) if index.ndim else one(index)


def _coupling(spectrum: Spectrum, ends: Ends, index: Int[Array | np.ndarray, " boson"]) -> Float[Array, " boson"]:
    nu = bosonic_frequencies(jnp.asarray(ends.T), jnp.asarray(index, dtype=jnp.float64))
    return jax.lax.map(lambda x: lambda_kernel(spectrum, x[None])[0], nu, batch_size=BLOCK)


def _gap_at_one(
    n: Int[Array, ""],
    *,
    sums: Averages,
    inputs: tuple[Spectrum, Ends, Float[Array, ""]],
    cutoff: AbstractCutoff,
    z_sum: AbstractZSum,
    table: Float[Array, " boson"] | None,
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    spectrum, ends, mu_star = inputs
    missing, Y = sums
    m = jnp.arange(Y.size)
    near, far = (
        _coupling(spectrum, ends, index) if table is None else table[index] for index in (jnp.abs(n - m), n + m + 1)
    )
    weights, coulomb = ends.weights(Y.size, cutoff)
    odd, even = weights * (near - far), weights * (near + far)
    normal = z_sum.normal(near if table is None else table, jnp.sum(odd)[None], n[None].astype(jnp.float64))[0]
    T = jnp.asarray(ends.T)
    pi_kT, omega_n = jnp.pi * BOLTZMANN * T, fermionic_frequencies(T, n.astype(jnp.float64))
    Z = 1 + pi_kT / omega_n * (normal - jnp.sum(odd * missing))
    return pi_kT * jnp.sum((even - 2 * mu_star * coulomb) * Y) / Z, Z
