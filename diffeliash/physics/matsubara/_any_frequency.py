"""The gap function at any Matsubara frequency, from a solution at the frequencies of a frequency set."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ...units import BOLTZMANN
from ..material import AbstractFermiSurfaceAverage, AbstractMaterial, Averages, couplings
from ..numerics import is_concrete, rounded_up_size
from ._folded_coupling import AbstractZSum, GapProblem, SumLimits, TruncatedSum
from ._frequencies import (
    AbstractCutoff,
    AbstractFrequencies,
    CompressedMatsubara,
    bosonic_frequencies,
    fermionic_frequencies,
)

BLOCK = 64
"""Number of frequencies evaluated at a time."""


def averages_at_all_frequencies(
    frequencies: AbstractFrequencies,
    average: AbstractFermiSurfaceAverage,
    omega_n: Float[Array, " matsubara"],
    Delta: Float[Array, " matsubara"],
) -> Averages:
    r"""$1 - \omega_m/R_m$ and $\Delta_m/R_m$ at all frequencies of the sums, from the gap function at the nodes.

    Args:
        frequencies: The frequencies that the equations were solved at, all of them or the nodes of a compressed set.
        average: The Fermi-surface average of the material.
        omega_n: Frequencies of the solution [meV].
        Delta: Gap function there [meV].
    """
    one_minus_G, Delta_over_R = average.averages(omega_n, Delta)
    if isinstance(frequencies, CompressedMatsubara):
        interpolation = jnp.asarray(frequencies.rule.interpolation)
        return interpolation @ one_minus_G, interpolation @ Delta_over_R
    return one_minus_G, Delta_over_R


def gap_at(
    n: Any,
    averages: Averages,
    problem: GapProblem,
    *,
    cutoff: AbstractCutoff,
    z_sum: AbstractZSum,
) -> tuple[Float[Array, " *index"], Float[Array, " *index"]]:
    r"""$\Delta(i\omega_n)$ [meV] and $Z(i\omega_n)$ from the right-hand sides of the equations.

    Args:
        n: Matsubara indices, which may be negative or lie above the cutoff.
        averages: $1 - \omega_m/R_m$ and $\Delta_m/R_m$ at all frequencies of the sums.
        problem: The material, the limits of the sums and $\mu^*$.
        cutoff: The weights of the frequencies next to the cutoffs.
        z_sum: Whether the sum in $Z$ is truncated or infinite.

    Raises:
        ValueError: `n` is traced and the sum in $Z$ is infinite.
    """
    if is_concrete(n):
        return _gap_at_concrete_indices(n, averages, problem, cutoff=cutoff, z_sum=z_sum)
    if not isinstance(z_sum, TruncatedSum):
        raise ValueError("`n` is traced here: with an infinite sum in Z it must be concrete.")
    one = partial(_gap_at_traced_index, averages=averages, problem=problem, cutoff=cutoff)
    index = jnp.asarray(n)
    index = jnp.where(index < 0, -index - 1, index)
    return jax.lax.map(one, index, batch_size=BLOCK) if index.ndim else one(index)


def _gap_at_concrete_indices(
    n: Any,
    averages: Averages,
    problem: GapProblem,
    *,
    cutoff: AbstractCutoff,
    z_sum: AbstractZSum,
) -> tuple[Float[Array, " *index"], Float[Array, " *index"]]:
    """Evaluate the sums at all indices up to the largest one, as convolutions, and select the requested ones."""
    n = np.asarray(n)
    n = np.where(n < 0, -n - 1, n)
    material, limits, mu_star = problem
    one_minus_G, Delta_over_R = averages
    index = np.arange(np.max(n, initial=0) + 1.0)
    lambda_l = _couplings(material, limits, np.arange(index.size + Delta_over_R.size))
    weights, coulomb = limits.weights(Delta_over_R.size, cutoff)
    odd, even = jnp.stack([weights, weights * one_minus_G]), (weights * Delta_over_R)[None, :]
    both = jnp.concatenate([jnp.flip(-odd, axis=1), odd], axis=1), jnp.concatenate([jnp.flip(even, axis=1), even], 1)
    truncated, reduction, pairing = _convolve(lambda_l, jnp.concatenate(both), index.size)
    T = jnp.asarray(limits.T)
    pi_kT, omega_n = jnp.pi * BOLTZMANN * T, fermionic_frequencies(T, jnp.asarray(index))
    Z = 1 + pi_kT / omega_n * (z_sum.normal_state_sum(lambda_l[0], truncated, index) - reduction)
    Delta = pi_kT * (pairing - 2 * mu_star * jnp.sum(coulomb * Delta_over_R)) / Z
    return Delta[n], Z[n]


def _convolve(
    lambda_l: Float[Array, "channel boson"], values: Float[Array, "sum both"], n: int
) -> Float[Array, "sum index"]:
    r"""$\sum_{m=-N}^{N-1}\lambda(|i-m|)\,v_m$ for $0 \le i < n$ and each row $v$ of `values`, by Fourier transforms.

    The last row is multiplied with the coupling in the equation of $\phi$, the others with that of $Z$.
    """
    half = values.shape[1] // 2
    period = rounded_up_size(n + 2 * half - 1.5)
    size = lambda_l.shape[1]
    zeros = jnp.zeros((len(lambda_l), period - size - half + 1))
    kernel = jnp.concatenate([lambda_l, zeros, lambda_l[:, 1:half][:, ::-1]], axis=1)
    values = jnp.concatenate([values[:, half:], jnp.zeros((len(values), period - 2 * half)), values[:, :half]], axis=1)
    channel = np.array([0] * (len(values) - 1) + [len(lambda_l) - 1])
    return jnp.fft.irfft(jnp.fft.rfft(kernel, axis=1)[channel] * jnp.fft.rfft(values, axis=1), period, axis=1)[:, :n]


def _couplings(
    material: AbstractMaterial, limits: SumLimits, index: Int[Array | np.ndarray, " boson"]
) -> Float[Array, "channel boson"]:
    nu = bosonic_frequencies(jnp.asarray(limits.T), jnp.asarray(index, dtype=jnp.float64))
    return jax.lax.map(lambda x: couplings(material, x[None])[:, 0], nu, batch_size=BLOCK).T


def _gap_at_traced_index(
    n: Int[Array, ""],
    *,
    averages: Averages,
    problem: GapProblem,
    cutoff: AbstractCutoff,
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Evaluate truncated sums at one index that may be traced."""
    material, limits, mu_star = problem
    one_minus_G, Delta_over_R = averages
    m = jnp.arange(Delta_over_R.size)
    near, far = (_couplings(material, limits, index) for index in (jnp.abs(n - m), n + m + 1))
    weights, coulomb = limits.weights(Delta_over_R.size, cutoff)
    odd, even = weights * (near - far)[0], weights * (near + far)[-1]
    T = jnp.asarray(limits.T)
    pi_kT, omega_n = jnp.pi * BOLTZMANN * T, fermionic_frequencies(T, n.astype(jnp.float64))
    Z = 1 + pi_kT / omega_n * jnp.sum(odd * (1 - one_minus_G))
    return pi_kT * jnp.sum((even - 2 * mu_star * coulomb) * Delta_over_R) / Z, Z
