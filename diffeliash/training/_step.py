"""One update of the weights, and one epoch of them on the device."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, PRNGKeyArray, UInt32

from .._errors import InputError
from ..models import Network
from ._hosts import local, replicate, several
from ._losses import SolverConsistency
from ._rows import Rows


class Objective(eqx.Module):
    """What is minimized.

    Args:
        solver: Physics consistency through the solver, if there is any.
        equation_weight: Of the equation residual, which is the distance to the targets of rows without a label.
        solver_weight: Of the solver consistency; with 0 nothing is solved.
    """

    solver: SolverConsistency | None = None
    equation_weight: float = eqx.field(default=0.0, static=True)
    solver_weight: float = eqx.field(default=0.0, static=True)


class Losses(eqx.Module):
    """Parts of the loss, without their weights.

    Args:
        data: Mean square error of the rows with a label.
        equation: Mean square distance to the linear inversion of the others.
        solver: Solver consistency; zero where it is switched off.
        n_masked: Samples left out of it because they did not converge.
    """

    data: Float[Array, ""]
    equation: Float[Array, ""]
    solver: Float[Array, ""]
    n_masked: Float[Array, ""]


def total_loss(params: Network, static: Network, rows: Rows, objective: Objective) -> tuple[Float[Array, ""], Losses]:
    """The loss of `TrainConfig` and its parts."""
    model = eqx.combine(params, static)
    predicted = jax.vmap(model)(rows.features)
    scale = jnp.broadcast_to(model.standardization.output_scale, predicted.shape[1:])
    square = jnp.mean(((predicted - rows.target) / scale[None, :]) ** 2, axis=1)
    data = jnp.sum(rows.labelled * square), jnp.sum(rows.labelled)
    others = jnp.sum((1 - rows.labelled) * square), jnp.sum(1 - rows.labelled)
    total = (data[0] + objective.equation_weight * others[0]) / len(rows)
    total, solver, n_masked = total.astype(jnp.float64), jnp.zeros(()), jnp.zeros(())
    if objective.solver is not None and objective.solver_weight:
        solver, n_masked = objective.solver(predicted, rows.features)
        total = total + objective.solver_weight * solver
    unit = jnp.mean(scale**2)
    data_mean, other_mean = (
        (unit * part[0] / jnp.maximum(part[1], 1.0)).astype(jnp.float64) for part in (data, others)
    )
    return total, Losses(data_mean, other_mean, solver, n_masked)


validation_loss = eqx.filter_jit(total_loss)
"""`total_loss`, compiled."""

AXIS = "batch"
"""Of the devices among which a batch is shared out."""

Epoch = Callable[[Network, Any, Rows, PRNGKeyArray], tuple[Network, Any, Losses]]


def make_epoch(
    static: Network, optimizer: optax.GradientTransformation, objective: Objective, *, batch_size: int
) -> Epoch:
    """Compile a pass over all rows in random order; the rows left over by the last whole batch sit out.

    Where there are several devices each of them takes a part of every batch.

    Raises:
        InputError: Devices of several processes cannot share a batch evenly.
    """
    mesh = _devices_for(batch_size)

    def update(carry: tuple[Network, Any], rows: Rows) -> tuple[tuple[Network, Any], Losses]:
        params, state = carry
        (_, losses), gradient = jax.value_and_grad(total_loss, has_aux=True)(params, static, rows, objective)
        if mesh is not None:
            gradient, losses = jax.lax.pmean((gradient, losses), AXIS)
        changes, state = optimizer.update(gradient, state)
        return (eqx.apply_updates(params, changes), state), losses

    step = update
    if mesh is not None:
        everywhere, shared_out = jax.sharding.PartitionSpec(), jax.sharding.PartitionSpec(AXIS)
        step = jax.shard_map(
            update, mesh=mesh, in_specs=(everywhere, shared_out), out_specs=everywhere, check_vma=False
        )

    @eqx.filter_jit
    def epoch(params: Network, state: Any, rows: Rows, key_data: UInt32[Array, "..."]) -> tuple[Network, Any, Losses]:
        key = jax.random.wrap_key_data(key_data)
        n_batches = len(rows) // batch_size
        order = jax.random.permutation(key, len(rows))[: n_batches * batch_size]
        batches = jax.tree.map(lambda x: x[order].reshape(n_batches, batch_size, *x.shape[1:]), rows)
        (params, state), losses = jax.lax.scan(step, (params, state), batches)
        data, equation, solver = (jnp.mean(x) for x in (losses.data, losses.equation, losses.solver))
        n_masked = jnp.sum(losses.n_masked) * (1 if mesh is None else mesh.size)
        return params, state, Losses(data, equation, solver, n_masked)

    def on_all_devices(params: Network, state: Any, rows: Rows, key: PRNGKeyArray) -> tuple[Network, Any, Losses]:
        given = params, state, rows, jax.random.key_data(key)
        return epoch(*given) if mesh is None or not several() else local(epoch(*replicate(given, mesh)))

    return on_all_devices


def _devices_for(batch_size: int) -> jax.sharding.Mesh | None:
    """As many devices as share a batch evenly, all of them if there are several processes; nothing if that is one."""
    devices = jax.devices()
    n = max(n for n in range(1, len(devices) + 1) if batch_size % n == 0)
    if several() and n != len(devices):
        raise InputError(
            f"a batch of {batch_size} cannot be shared evenly among {len(devices)} devices.",
            hint="Choose a --batch-size that is a multiple of their number.",
        )
    return None if n == 1 else jax.sharding.Mesh(np.asarray(devices[:n]), (AXIS,))
