"""Checks of concrete inputs, made on the host at the public edge (never inside a compiled path)."""

from typing import Any

import jax
import jax.core
import numpy as np
from jax import Array

from .._errors import InputError


def is_concrete(*values: Any) -> bool:
    """Whether every value is a number now, not a placeholder of a JAX transformation."""
    return not any(isinstance(value, jax.core.Tracer) for value in values)


def as_known(x: Any) -> Any:
    """A number or array as NumPy has it, if it is known, so that what is computed from it stays known while tracing."""
    return np.asarray(x) if is_concrete(x) else x


def not_a_number() -> Array:
    """NaN where an answer says so: put on the device, as a computed one is what `jax_debug_nans` looks for."""
    return jax.device_put(np.float64(np.nan))


def require_x64() -> None:
    """Refuse to compute the physics in single precision.

    Raises:
        RuntimeError: JAX runs without 64-bit mode.
    """
    if not jax.config.read("jax_enable_x64"):
        raise RuntimeError(
            "the Eliashberg solver needs 64-bit floats: call "
            'jax.config.update("jax_enable_x64", True) at the start of the program, or put the whole '
            "computation, its differentiation included, inside `with jax.enable_x64(True):`."
        )


def check_temperature(T: Any) -> list[str]:
    """Complaints about a temperature [K]; none for a traced one."""
    if not is_concrete(T):
        return []
    value = np.asarray(T)
    if value.ndim != 0:
        return [f"`T` must be one temperature, got shape {value.shape}; batch with jax.vmap"]
    return [] if np.isfinite(value) and value > 0 else [f"`T` must be positive and finite [K], got {value}"]


def check_mu_star(mu_star: Any) -> list[str]:
    """Complaints about a Coulomb pseudopotential; none for a traced one."""
    if not is_concrete(mu_star):
        return []
    ok = 0 <= float(mu_star) <= 1
    return [] if ok else [f"`mu_star` must lie in [0, 1], got {float(mu_star):g}"]


def check_cutoffs(omega_c: Any, matsubara_cutoff: Any, omega_max: Any) -> list[str]:
    """Complaints about the two cutoffs [meV]; none for traced ones."""
    bad = []
    for name, cutoff in (("omega_c", omega_c), ("matsubara_cutoff", matsubara_cutoff)):
        if not is_concrete(cutoff):
            continue
        if not (np.isfinite(cutoff) and cutoff > 0):
            bad.append(f"`{name}` must be positive and finite [meV], got {float(cutoff):g}")
        elif is_concrete(omega_max) and cutoff < omega_max * (1 - 1e-9):
            end = f"the spectrum, which ends at {float(omega_max):g} meV"
            bad.append(f"`{name}` must not lie below {end}, got {float(cutoff):g} meV")
    return bad


def refuse(complaints: list[str]) -> None:
    """Raise one error that names every bad field.

    Raises:
        InputError: There is at least one complaint.
    """
    if complaints:
        raise InputError("; ".join(complaints) + ".")
