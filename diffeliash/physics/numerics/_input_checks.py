"""Checks of concrete inputs, made on the host at the public edge (never inside a compiled path)."""

from typing import Any

import jax
import jax.core
import numpy as np
from jax import Array

from ..._errors import InputError


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


def refuse(complaints: list[str]) -> None:
    """Raise one error that names every bad field.

    Raises:
        InputError: There is at least one complaint.
    """
    if complaints:
        raise InputError("; ".join(complaints) + ".")
