"""Computation of one sample of a data set from its random key."""

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
"""Tolerance of the compressed set of Matsubara frequencies; it reproduces the full sums to 1e-12."""

LARGEST_RESIDUAL = 1e-9
"""Largest residual of an accepted solution, relative to the largest |Delta|."""

SAFETY_FACTOR = 10.0
"""Ratio of the accepted error to the tolerance of the continuation, so that few samples are rejected."""

PRNG = "threefry2x32"
"""Name of the pseudo-random number generator, fixed so that JAX's default does not matter."""

CHUNK_SIZE = {"cpu": 8}
"""Number of samples computed in one batch, by platform; on a CPU their arrays must fit into its cache."""

DEVICE_CHUNK_SIZE = 256
"""Number of samples computed in one batch on an accelerator."""

CHUNKS_PER_CALL = {"cpu": 16}
"""Largest number of batches in one call of the compiled program, by platform; one on an accelerator."""


def chunk_size_on(platform: str) -> int:
    """Return the number of samples computed in one batch."""
    return CHUNK_SIZE.get(platform, DEVICE_CHUNK_SIZE)


def samples_per_call(platform: str, shard_size: int) -> int:
    """Return the number of samples of one call; like the batch size it affects the last digits of a data set."""
    chunk_size = chunk_size_on(platform)
    return chunk_size * min(CHUNKS_PER_CALL.get(platform, 1), -(-shard_size // chunk_size))


def sample_key(seed: int, shard: int, j: int) -> PRNGKeyArray:
    """Return the random key of sample `j` of a shard."""
    return jax.random.fold_in(jax.random.fold_in(jax.random.key(seed, impl=PRNG), shard), j)


def sample_keys(seed: int, shard: int, n: int) -> UInt32[np.ndarray, "sample word"]:
    """Return the random keys of the first `n` samples of a shard as arrays of integers."""
    return np.asarray(_fold_in_many(jax.random.key(seed, impl=PRNG), np.uint32(shard), np.arange(n, dtype=np.uint32)))


@jax.jit
def _fold_in_many(
    key: PRNGKeyArray, shard: UInt32[Array, ""], j: UInt32[Array, " sample"]
) -> UInt32[Array, "sample word"]:
    shard_key = jax.random.fold_in(key, shard)
    return jax.vmap(lambda one: jax.random.key_data(jax.random.fold_in(shard_key, one)))(j)


def sample_record(config: GenerateConfig, key: PRNGKeyArray) -> dict[str, Any]:
    """Compute one sample: spectral function, solution on both axes, moments, errors and status.

    Args:
        config: Configuration of the data set; its seed and sizes are not used.
        key: Random key of the sample.

    Returns:
        Fields of the sample by name, with the units of `UNITS`.

    Raises:
        InputError: The family does not draw spectral functions on its grid.
    """
    n = count_frequencies(config.T, config.matsubara_cutoff)
    spectrum = _draw(config.family, key)
    cutoffs: dict[str, Any] = {name: getattr(config, name) for name in ("mu_star", "omega_c", "matsubara_cutoff")}
    sol = solve_gap(spectrum, config.T, frequencies=CompressedMatsubara(rtol=FREQUENCY_RTOL, n=n), **cutoffs)
    sol = eqx.tree_at(lambda each: each.converged, sol, _solved(sol))
    Delta_iw, Z_iw = sol.at(np.arange(n))
    grid = feature_grid(config.family.omega_max, config.n_energies)
    method = MSC(rtol=max(config.max_error / SAFETY_FACTOR, 1e-12))
    real = continue_gap(sol, spectrum, grid, broadening=config.broadening, method=method)
    # without the sampling error: here a2F is defined by its values at the grid points and the quadrature rule
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
    """Draw a spectral function and check that it lies on the grid of the family.

    Raises:
        InputError: A user's own family draws something else.
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
    """Whether the residual is small; the error of the compressed set of frequencies is not included."""
    largest = jnp.max(jnp.abs(sol.Delta))
    return (sol.residual <= LARGEST_RESIDUAL * largest) & ((sol.Delta[0] > 0) | ~sol.superconducting)


def _status(sol: GapSolution, real: RealAxisGap, accurate: Bool[Array, ""]) -> Array:
    """Return the code of the first reason to reject a sample, or that of `kept` if there is none."""
    reasons = {
        "not converged": ~sol.converged,
        "normal": ~sol.superconducting,
        "inaccurate": ~accurate,
        "inconsistent": ~(real.cauchy <= CAUCHY_TOLERANCE),
    }
    codes = jnp.array([STATUS_NAMES.index(name) for name in reasons] + [STATUS_NAMES.index("kept")])
    return codes[jnp.argmax(jnp.stack([*reasons.values(), jnp.array(True)]))]


def record_function(config: GenerateConfig) -> Callable[[UInt32[np.ndarray, "sample word"]], dict[str, Any]]:
    """Return the compiled function from the keys of one call to the samples, which all seeds and sizes share."""
    return _record_function(_without_size(config), jax.default_backend())


def check_computable(config: GenerateConfig) -> None:
    """Check that the program for a configuration can be made, without compiling it.

    Raises:
        InputError: It cannot, for example because the broadening is too small to be resolved.
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
