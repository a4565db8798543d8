"""A network of a user's own class, between the standardization of inputs and outputs."""

import dataclasses
import inspect
import json
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from .._errors import InputError
from .._headers import Digest, ShortText
from .._user_code import UserCode, find_user_code, is_reference, load_user_code
from ._predictor import LayerSize, Standardization, standardized_inputs, with_output_scale

INTERFACE = (
    "The class must be an `equinox.Module` that is made by `Class(input_size, output_size, key=key, **options)` and, "
    "called with one standardized input of shape (input_size,), returns one output of shape (output_size,)."
)
"""What a class of a user must be."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class CustomConfig:
    """The class of a user's network, and what it is made with.

    Args:
        model: The name of the class, as `module:Class` or `file.py:Class`; empty if it cannot be imported by a name.
        source_digest: SHA-256 digest of the file that defines it.
        options: Further arguments of the class, as JSON.
        input_size: Number of inputs.
        output_size: Number of outputs.
        positive: Whether the outputs are made positive.
    """

    model: ShortText
    source_digest: Digest | None
    options: ShortText = "{}"
    input_size: LayerSize
    output_size: LayerSize
    positive: bool = False


class CustomNetwork(eqx.Module):
    r"""A network of a user's own class: with its output $y$ for the standardized input, the same as `Predictor`.

    Args:
        core: The user's network.
        standardization: Standardization from the training set.
        config: Its class, and what it was made with.
    """

    core: Any
    standardization: Standardization
    config: CustomConfig = eqx.field(static=True)

    def __call__(self, features: Float[Array, " feature"]) -> Float[Array, " output"]:
        """Compute the output for one input, not standardized; batch with `jax.vmap`."""
        y = self.core(standardized_inputs(self.standardization, features))
        return with_output_scale(self.standardization, y, positive=self.config.positive)


def find_model(model: Any) -> UserCode:
    """The class of a network from its name, or the name of a class.

    Args:
        model: `module:Class`, or the class, or any function that makes a network in the same way.

    Raises:
        InputError: There is no such class, or it is not a subclass of `equinox.Module`.
    """
    found = find_user_code(model)
    if isinstance(model, str) and not (inspect.isclass(found.value) and issubclass(found.value, eqx.Module)):
        raise InputError(f"{model} is not a network", hint=INTERFACE)
    return found


def make_custom_network(
    code: UserCode,
    standardization: Standardization,
    *,
    options: dict[str, Any],
    positive: bool,
    key: PRNGKeyArray,
) -> CustomNetwork:
    """Make a network of a user's class with initial weights, and check that it can be called.

    Raises:
        InputError: The class or the network cannot be called as described, or the output has another shape.
    """
    sizes = standardization.input_mean.size, standardization.output_mean.size
    try:
        core = jax.tree.map(_in_single_precision, code.value(*sizes, key=key, **options))
        out = eqx.filter_eval_shape(core, jax.ShapeDtypeStruct((sizes[0],), jnp.float32))
    except Exception as error:  # anything may happen in it
        why = f"{type(error).__name__}: {error}."
        raise InputError(f"the network {code.reference} cannot be used", why=why, hint=INTERFACE) from error
    if getattr(out, "shape", None) != (sizes[1],):
        why = f"for an input of shape ({sizes[0]},) it returns {out}, not an array of shape ({sizes[1]},)."
        raise InputError(f"the network {code.reference} cannot be used", why=why, hint=INTERFACE)
    config = CustomConfig(
        model=code.reference,
        source_digest=code.source_digest or None,
        options=json.dumps(options),
        input_size=sizes[0],
        output_size=sizes[1],
        positive=positive,
    )
    return CustomNetwork(core, standardization, config)


def _in_single_precision(leaf: Any) -> Any:
    """Arrays of weights that were made in JAX's 64-bit mode are in double precision."""
    if not eqx.is_inexact_array(leaf):
        return leaf
    return leaf.astype(jnp.complex64 if jnp.iscomplexobj(leaf) else jnp.float32)


def untrained_custom_network(config: CustomConfig) -> CustomNetwork:
    """A network with arrays of the right types and shapes; its class is imported after its source is checked.

    Raises:
        InputError: It cannot be imported, or its source differs.
    """
    if not is_reference(config.model):
        raise InputError("the class of this network has no name by which it could be imported")
    code = load_user_code(config.model, config.source_digest)
    if not (inspect.isclass(code.value) and issubclass(code.value, eqx.Module)):
        raise InputError(f"{config.model} is not a network", hint=INTERFACE)
    inputs, outputs = jnp.zeros(config.input_size, jnp.float32), jnp.zeros(config.output_size, jnp.float32)
    scaling = Standardization(inputs, inputs, outputs, jnp.zeros((), jnp.float32))
    options = json.loads(config.options)
    return make_custom_network(code, scaling, options=options, positive=config.positive, key=jax.random.key(0))
