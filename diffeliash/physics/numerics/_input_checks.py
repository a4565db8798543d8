"""Checks of concrete inputs, made on the host when a public function is called, never inside compiled code."""

from typing import Any

import jax
import jax.core
import numpy as np
from jax import Array

from ..._errors import InputError


def is_concrete(*values: Any) -> bool:
    """Whether every value is known now, and none is a JAX tracer (inside `jit`, `vmap` or `grad`)."""
    return not any(isinstance(value, jax.core.Tracer) for value in values)


def numpy_if_concrete(x: Any) -> Any:
    """The value as a NumPy array if it is concrete, so that what is computed from it stays concrete while tracing."""
    return np.asarray(x) if is_concrete(x) else x


def not_a_number() -> Array:
    """NaN as an intended result. It is copied to the device, as `jax_debug_nans` would report a computed one."""
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
    """Raise one error that states all complaints; do nothing if there are none.

    Raises:
        InputError: There is at least one complaint.
    """
    if complaints:
        raise InputError("; ".join(complaints) + ".")
