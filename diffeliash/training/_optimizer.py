"""The optimizer of a phase of the training: Adam with a schedule, gradient clipping, weight decay and averaging."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

FINAL_LEARNING_RATE = 0.01
"""Final learning rate of a schedule, relative to the initial one."""

WARM_UP = 0.05
"""Part of the updates in which the learning rate grows from zero."""

FIRST_AVERAGES = 10.0
"""The average over weights begins with the newest ones only: after n updates it goes over about n / 10 of them."""


class AveragedState(NamedTuple):
    """State of an optimizer that also averages the weights.

    Args:
        inner: State of the optimizer.
        average: Averaged weights.
        n_updates: Number of updates.
    """

    inner: Any
    average: Any
    n_updates: jax.Array


def optimizer_of(
    optimizer: optax.GradientTransformation | None,
    *,
    n_updates: int,
    learning_rate: float,
    schedule: str = "cosine",
    gradient_clip: float = 0.0,
    averaging: float = 0.0,
    weight_decay: float = 0.0,
    decayed: Callable[[Any], Any] | None = None,
) -> optax.GradientTransformation:
    """Make the optimizer of a phase.

    Args:
        optimizer: One in place of Adam with the schedule, or `None`.
        n_updates: Number of updates in the phase.
        learning_rate: Initial (or, after a warm-up, largest) learning rate of Adam.
        schedule: "cosine", "constant", "exponential" or "warmup-cosine".
        gradient_clip: Largest norm of a gradient; no limit if zero.
        averaging: Factor by which an average of the weights decays in an update; no average if zero.
        weight_decay: Decoupled weight decay of Adam.
        decayed: Marks the weights that decay.
    """
    if optimizer is None:
        rate = schedule_of(schedule, learning_rate, n_updates)
        optimizer = optax.adamw(rate, weight_decay=weight_decay, mask=decayed) if weight_decay else optax.adam(rate)
    if gradient_clip:
        optimizer = optax.chain(optax.clip_by_global_norm(gradient_clip), optimizer)
    return with_average(optimizer, averaging) if averaging else optimizer


def schedule_of(name: str, learning_rate: float, n_updates: int) -> optax.Schedule:
    """The learning rate as a function of the number of the update."""
    final = FINAL_LEARNING_RATE * learning_rate
    warm_up = max(1, round(WARM_UP * n_updates))
    return {
        "cosine": lambda: optax.cosine_decay_schedule(learning_rate, n_updates, alpha=FINAL_LEARNING_RATE),
        "constant": lambda: optax.constant_schedule(learning_rate),
        "exponential": lambda: optax.exponential_decay(learning_rate, n_updates, FINAL_LEARNING_RATE),
        "warmup-cosine": lambda: optax.warmup_cosine_decay_schedule(
            0.0, learning_rate, warm_up, max(n_updates, warm_up + 1), end_value=final
        ),
    }[name]()


def with_average(optimizer: optax.GradientTransformation, decay: float) -> optax.GradientTransformation:
    r"""Average the weights: $\bar w \leftarrow d_n\bar w + (1 - d_n)\,w$, $d_n = \min(d, (1 + n)/(10 + n))$."""

    def init(weights: Any) -> AveragedState:
        return AveragedState(optimizer.init(weights), weights, jnp.zeros((), jnp.int32))

    def update(gradient: Any, state: AveragedState, weights: Any = None) -> tuple[Any, AveragedState]:
        changes, inner = optimizer.update(gradient, state.inner, weights)
        new, n = optax.apply_updates(weights, changes), state.n_updates.astype(jnp.float32)
        d = jnp.minimum(decay, (1 + n) / (FIRST_AVERAGES + n))
        average = jax.tree.map(lambda old, now: (d * old + (1 - d) * now).astype(old.dtype), state.average, new)
        return changes, AveragedState(inner, average, state.n_updates + 1)

    return optax.GradientTransformation(init, update)  # pyright: ignore[reportArgumentType]


def averaged_weights(state: AveragedState) -> Any:
    """The averaged weights in the state of an optimizer of `with_average`."""
    return state.average
