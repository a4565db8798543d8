"""The gap function at any Matsubara frequency, from a solution at the frequencies of a set."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ...units import BOLTZMANN
from ..material import AbstractLocalAverage, AbstractMaterial, Averages, couplings
from ..numerics import fitting_size, is_concrete
from ._frequencies import (
    AbstractCutoff,
    AbstractFrequencies,
    CompressedMatsubara,
    bosonic_frequencies,
    fermionic_frequencies,
)
from ._frequency_set import AbstractZSum, Ends, TruncatedSum

BLOCK = 64
"""Frequencies evaluated at a time."""


def averages_everywhere(
    frequencies: AbstractFrequencies,
    average: AbstractLocalAverage,
    omega_n: Float[Array, " matsubara"],
    Delta: Float[Array, " matsubara"],
) -> Averages:
    r"""$1 - \omega_m/R_m$ and $\Delta_m/R_m$ at all frequencies of the full sum, from a gap function at the nodes."""
    deficit, Y = average.averages(omega_n, Delta)
    if isinstance(frequencies, CompressedMatsubara):
        interpolation = jnp.asarray(frequencies.rule.interpolation)
        return interpolation @ deficit, interpolation @ Y
    return deficit, Y


def gap_at(
    n: Any,
    sums: Averages,
    inputs: tuple[AbstractMaterial, Ends, Float[Array, ""]],
    *,
    cutoff: AbstractCutoff,
    z_sum: AbstractZSum,
) -> tuple[Float[Array, " *index"], Float[Array, " *index"]]:
    r"""$\Delta(i\omega_n)$ [meV] and $Z(i\omega_n)$ from the right-hand sides of the equations.

    Args:
        n: Matsubara indices, negative or beyond the set too.
        sums: What the sums run over, at all their frequencies.
        inputs: The material, ends of the sums and $\mu^*$.
        cutoff: How the sums end.
        z_sum: How far the sum in $Z$ goes.

    Raises:
        ValueError: `n` is traced and the sum in $Z$ is infinite.
    """
    if is_concrete(n):
        return _gap_at_known(n, sums, inputs, cutoff=cutoff, z_sum=z_sum)
    if not isinstance(z_sum, TruncatedSum):
        raise ValueError("`n` is traced here: with an infinite sum in Z it must be known.")
    one = partial(_gap_at_one, sums=sums, inputs=inputs, cutoff=cutoff)
    index = jnp.asarray(n)
    index = jnp.where(index < 0, -index - 1, index)
    return jax.lax.map(one, index, batch_size=BLOCK) if index.ndim else one(index)


def _gap_at_known(
    n: Any,
    sums: Averages,
    inputs: tuple[AbstractMaterial, Ends, Float[Array, ""]],
    *,
    cutoff: AbstractCutoff,
    z_sum: AbstractZSum,
) -> tuple[Float[Array, " *index"], Float[Array, " *index"]]:
    """At indices known while tracing: the sums for all up to the largest, as convolutions."""
    n = np.asarray(n)
    n = np.where(n < 0, -n - 1, n)
    material, ends, mu_star = inputs
    deficit, Y = sums
    index = np.arange(np.max(n, initial=0) + 1.0)
    lambda_l = _couplings(material, ends, np.arange(index.size + Y.size))
    weights, coulomb = ends.weights(Y.size, cutoff)
    odd, even = jnp.stack([weights, weights * deficit]), (weights * Y)[None, :]
    both = jnp.concatenate([jnp.flip(-odd, axis=1), odd], axis=1), jnp.concatenate([jnp.flip(even, axis=1), even], 1)
    truncated, lost, from_Y = _convolve(lambda_l, jnp.concatenate(both), index.size)
    T = jnp.asarray(ends.T)
    pi_kT, omega_n = jnp.pi * BOLTZMANN * T, fermionic_frequencies(T, jnp.asarray(index))
    Z = 1 + pi_kT / omega_n * (z_sum.normal(lambda_l[0], truncated, index) - lost)
    Delta = pi_kT * (from_Y - 2 * mu_star * jnp.sum(coulomb * Y)) / Z
    return Delta[n], Z[n]


def _convolve(
    lambda_l: Float[Array, "channel boson"], values: Float[Array, "sum both"], n: int
) -> Float[Array, "sum index"]:
    r"""$\sum_{m=-N}^{N-1}\lambda(|i-m|)\,v_m$ for $0 \le i < n$, by Fourier transforms; the last row is $\phi$'s."""
    half = values.shape[1] // 2
    period = fitting_size(n + 2 * half - 1.5)
    size = lambda_l.shape[1]
    zeros = jnp.zeros((len(lambda_l), period - size - half + 1))
    kernel = jnp.concatenate([lambda_l, zeros, lambda_l[:, 1:half][:, ::-1]], axis=1)
    values = jnp.concatenate([values[:, half:], jnp.zeros((len(values), period - 2 * half)), values[:, :half]], axis=1)
    channel = np.array([0] * (len(values) - 1) + [len(lambda_l) - 1])
    return jnp.fft.irfft(jnp.fft.rfft(kernel, axis=1)[channel] * jnp.fft.rfft(values, axis=1), period, axis=1)[:, :n]


def _couplings(
    material: AbstractMaterial, ends: Ends, index: Int[Array | np.ndarray, " boson"]
) -> Float[Array, "channel boson"]:
    nu = bosonic_frequencies(jnp.asarray(ends.T), jnp.asarray(index, dtype=jnp.float64))
    return jax.lax.map(lambda x: couplings(material, x[None])[:, 0], nu, batch_size=BLOCK).T


def _gap_at_one(
    n: Int[Array, ""],
    *,
    sums: Averages,
    inputs: tuple[AbstractMaterial, Ends, Float[Array, ""]],
    cutoff: AbstractCutoff,
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """At an index that is not known, with truncated sums."""
    material, ends, mu_star = inputs
    deficit, Y = sums
    m = jnp.arange(Y.size)
    near, far = (_couplings(material, ends, index) for index in (jnp.abs(n - m), n + m + 1))
    weights, coulomb = ends.weights(Y.size, cutoff)
    odd, even = weights * (near - far)[0], weights * (near + far)[-1]
    T = jnp.asarray(ends.T)
    pi_kT, omega_n = jnp.pi * BOLTZMANN * T, fermionic_frequencies(T, n.astype(jnp.float64))
    Z = 1 + pi_kT / omega_n * jnp.sum(odd * (1 - deficit))
    return pi_kT * jnp.sum((even - 2 * mu_star * coulomb) * Y) / Z, Z
