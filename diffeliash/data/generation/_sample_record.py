"""One sample of a data set, from its number to everything that is stored of it."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, PRNGKeyArray, UInt32

from ..._errors import InputError
from ...physics import (
    CAUCHY_TOLERANCE,
    MSC,
    CompressedMatsubara,
    GapSolution,
    RealAxisGap,
    Spectrum,
    batched,
    continue_gap,
    count_frequencies,
    is_concrete,
    solve_gap,
    solve_tc,
)
from .._features import feature_grid
from ..dataset import GenerateConfig
from ..families import Family, family_grid
from ..storage import STATUS_NAMES

FREQUENCY_RTOL = 1e-9
"""Tolerance of the frequency set: with it the full sums are met to 1e-12."""

LARGEST_RESIDUAL = 1e-9
"""Largest residual of a solution, in units of the largest gap."""

SAFETY_FACTOR = 10.0
"""The line is made finer than the error allowed asks for by this factor, so that few samples are lost to it."""

PRNG = "threefry2x32"
"""The generator of random numbers, whatever JAX's default is."""

CHUNK_SIZE = {"cpu": 8}
"""Samples computed together; on a CPU their arrays must fit into its cache."""

DEVICE_CHUNK_SIZE = 256
"""The same on an accelerator."""

CHUNKS_PER_CALL = {"cpu": 16}
"""Chunks that one call of the program works off, if a shard has as many."""


def chunk_size_on(platform: str) -> int:
    """Samples computed together."""
    return CHUNK_SIZE.get(platform, DEVICE_CHUNK_SIZE)


def samples_per_call(platform: str, shard_size: int) -> int:
    """Samples computed by one call; with the size of a chunk part of all that sets the digits of a data set."""
    chunk_size = chunk_size_on(platform)
    return chunk_size * min(CHUNKS_PER_CALL.get(platform, 1), -(-shard_size // chunk_size))


def sample_key(seed: int, shard: int, j: int) -> PRNGKeyArray:
    """The random key of sample `j` of a shard."""
    return jax.random.fold_in(jax.random.fold_in(jax.random.key(seed, impl=PRNG), shard), j)


def sample_keys(seed: int, shard: int, n: int) -> UInt32[np.ndarray, "sample word"]:
    """The keys of the first `n` samples of a shard, as numbers."""
    return np.asarray(_fold_in_many(jax.random.key(seed, impl=PRNG), np.uint32(shard), np.arange(n, dtype=np.uint32)))


@jax.jit
def _fold_in_many(
    key: PRNGKeyArray, shard: UInt32[Array, ""], j: UInt32[Array, " sample"]
) -> UInt32[Array, "sample word"]:
    shard_key = jax.random.fold_in(key, shard)
    return jax.vmap(lambda one: jax.random.key_data(jax.random.fold_in(shard_key, one)))(j)


def sample_record(config: GenerateConfig, key: PRNGKeyArray) -> dict[str, Any]:
    """One sample from its key: spectrum, solution on both axes, moments, status. A pure function of its arguments."""
    n = count_frequencies(config.T, config.matsubara_cutoff)
    spectrum = _draw(config.family, key)
    cutoffs: dict[str, Any] = {name: getattr(config, name) for name in ("mu_star", "omega_c", "matsubara_cutoff")}
    sol = solve_gap(spectrum, config.T, frequencies=CompressedMatsubara(rtol=FREQUENCY_RTOL, n=n), **cutoffs)
    sol = eqx.tree_at(lambda each: each.converged, sol, _solved(sol))
    Delta_iw, Z_iw = sol.at(np.arange(n))
    grid = feature_grid(config.family.omega_max, config.n_energies)
    method = MSC(rtol=max(config.max_error / SAFETY_FACTOR, 1e-12))
    real = continue_gap(sol, spectrum, grid, broadening=config.broadening, method=method)
    # not of the sampling: here the values of a2F at its points, with the rule that sums them, define the function
    error = real.continuation_error + sol.error
    record = {
        "a2f": spectrum.a2f,
        "Delta_meV": real.Delta,
        "Z": real.Z,
        "dos": real.dos,
        "Delta_iw_meV": Delta_iw,
        "Z_iw": Z_iw,
        "lambda_ep": spectrum.lambda_ep,
        "omega_log_meV": spectrum.omega_log,
        "omega_2_meV": spectrum.omega_2,
        "error": error,
        "cauchy": real.cauchy,
        "status": _status(sol, real, error <= config.max_error),
    }
    if config.with_T_c:
        record["T_c_K"] = solve_tc(spectrum, frequencies=CompressedMatsubara(n=n), **cutoffs)
    return record


def _draw(family: Family, key: PRNGKeyArray) -> Spectrum:
    """A spectrum of a family.

    Raises:
        InputError: A family of the user's that does not draw what it says.
    """
    spectrum = family.sample_spectrum(key)
    grid = family_grid(family)
    name = f"{type(family).__name__}.sample_spectrum"
    if not isinstance(spectrum, Spectrum):
        raise InputError(f"{name} must return a Spectrum, got {type(spectrum).__name__}.")
    if not is_concrete(spectrum.omega) or np.shape(spectrum.omega) != grid.shape:
        why = f"`omega` of its spectrum must be a NumPy array of {grid.size} energies."
        raise InputError(f"{name} cannot be used", why=why)
    if not np.allclose(spectrum.omega, grid, rtol=1e-12, atol=0.0):
        why = f"its energies are not i * omega_max / n_points, i = 1 .. {grid.size}."
        raise InputError(f"{name} cannot be used", why=why)
    return spectrum


def _solved(sol: GapSolution) -> Bool[Array, ""]:
    """Whether the equations are solved, however well the set of frequencies suits them: that is in `error`."""
    largest = jnp.max(jnp.abs(sol.Delta))
    return (sol.residual <= LARGEST_RESIDUAL * largest) & ((sol.Delta[0] > 0) | ~sol.superconducting)


def _status(sol: GapSolution, real: RealAxisGap, accurate: Bool[Array, ""]) -> Array:
    """The first reason against a sample, or that there is none."""
    reasons = {
        "not converged": ~sol.converged,
        "normal": ~sol.superconducting,
        "inaccurate": ~accurate,
        "inconsistent": ~(real.cauchy <= CAUCHY_TOLERANCE),
    }
    codes = jnp.array([STATUS_NAMES.index(name) for name in reasons] + [STATUS_NAMES.index("kept")])
    return codes[jnp.argmax(jnp.stack([*reasons.values(), jnp.array(True)]))]


def record_function(config: GenerateConfig) -> Callable[[UInt32[np.ndarray, "sample word"]], dict[str, Any]]:
    """The compiled function from the keys of one call to their records; the same for all seeds and sizes."""
    return _record_function(_without_size(config), jax.default_backend())


def check_computable(config: GenerateConfig) -> None:
    """Find out now what only shows when the program is made, as a broadening that no line of points resolves.

    Raises:
        InputError: Such a configuration.
    """
    per_call = samples_per_call(jax.default_backend(), config.shard_size)
    jax.eval_shape(record_function(config), sample_keys(config.seed, 0, per_call))


def _without_size(config: GenerateConfig) -> GenerateConfig:
    return dataclasses.replace(config, seed=0, num_samples=1, shard_size=1)


@functools.lru_cache(maxsize=8)
def _record_function(config: GenerateConfig, platform: str) -> Callable[..., dict[str, Any]]:
    def record(key_data: UInt32[Array, " word"]) -> dict[str, Any]:
        return sample_record(config, jax.random.wrap_key_data(key_data, impl=PRNG))

    return batched(record, chunk_size=chunk_size_on(platform))
