"""One update of the weights, and one epoch of updates as a compiled program."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, PRNGKeyArray, UInt32

from .._errors import InputError
from ..models import Network, Setting
from ._hosts import is_distributed, local, replicate
from ._losses import SolverConsistency
from ._rows import Rows


class Losses(eqx.Module):
    """The parts of the loss, without their weights; those that an objective does not have are zero.

    Args:
        data: Mean square error of the samples with a label.
        equation: Mean square distance from the linear inversion for the samples without a label.
        solver: Solver consistency; zero if it is not used.
        n_masked: Number of samples left out of the solver consistency because they did not converge.
        posterior: Negative logarithm of the probability density of the posterior distribution, relative to the normal
            one.
    """

    data: Float[Array, ""] = eqx.field(default_factory=lambda: jnp.zeros(()))
    equation: Float[Array, ""] = eqx.field(default_factory=lambda: jnp.zeros(()))
    solver: Float[Array, ""] = eqx.field(default_factory=lambda: jnp.zeros(()))
    n_masked: Float[Array, ""] = eqx.field(default_factory=lambda: jnp.zeros(()))
    posterior: Float[Array, ""] = eqx.field(default_factory=lambda: jnp.zeros(()))


class Objective(eqx.Module):
    """The weights of the parts of the loss; see `TrainConfig` for its equation.

    Args:
        solver: The solver consistency, or `None` without it.
        equation_weight: Weight of the equation residual, the squared distance from the target for samples without a
            label.
        solver_weight: Weight of the solver consistency; it is not computed if this is 0.
    """

    solver: SolverConsistency | None = None
    equation_weight: float = eqx.field(default=0.0, static=True)
    solver_weight: float = eqx.field(default=0.0, static=True)

    def __call__(self, model: Network, rows: Rows) -> tuple[Float[Array, ""], Losses]:
        """Compute the loss of a batch and its parts."""
        predicted = jax.vmap(model)(rows.features)
        scale = jnp.broadcast_to(model.standardization.output_scale, predicted.shape[1:])
        square = jnp.mean(((predicted - rows.target) / scale[None, :]) ** 2, axis=1)
        with_label, without = rows.labelled * rows.weights, (1 - rows.labelled) * rows.weights
        data = jnp.sum(with_label * square), jnp.sum(with_label)
        others = jnp.sum(without * square), jnp.sum(without)
        total = (data[0] + self.equation_weight * others[0]) / len(rows)
        total, solver, n_masked = total.astype(jnp.float64), jnp.zeros(()), jnp.zeros(())
        if self.solver is not None and self.solver_weight:
            solver, n_masked = self.solver(predicted, rows.given)
            total = total + self.solver_weight * solver
        unit = jnp.mean(scale**2)
        data_mean, other_mean = (
            (unit * part[0] / jnp.maximum(part[1], 1.0)).astype(jnp.float64) for part in (data, others)
        )
        return total, Losses(data_mean, other_mean, solver, n_masked)


class PosteriorRows(eqx.Module):
    r"""Samples from which the flow of an inversion network learns, in single precision.

    Args:
        whitened: Whitened coefficients of the true a2F, see `PosteriorExamples`.
        direction: The directions along which the size of the gap function changes.
        context: Contexts.
        weights: One, or zero for samples whose last inversion has no meaning.
    """

    whitened: Float[Array, "sample mode"]
    direction: Float[Array, "sample mode"]
    context: Float[Array, "sample context"]
    weights: Float[Array, " sample"]

    def __len__(self) -> int:
        return self.weights.shape[0]


class PosteriorObjective(eqx.Module):
    """The negative logarithm of the probability density of the true a2F, relative to the normal distribution."""

    def __call__(self, model: Any, rows: PosteriorRows) -> tuple[Float[Array, ""], Losses]:
        """Compute the loss of a batch, its mean."""
        found = jax.vmap(model.flow.log_density)(rows.whitened, rows.direction, rows.context)
        loss = -jnp.sum(rows.weights * found) / jnp.maximum(jnp.sum(rows.weights), 1.0)
        loss = loss.astype(jnp.float64)
        return loss, Losses(posterior=loss)


def total_loss(params: Network, static: Network, rows: Any, objective: Any) -> tuple[Float[Array, ""], Losses]:
    """Compute the loss and its parts.

    Args:
        params: Trainable part of the network.
        static: The rest of the network.
        rows: A batch of samples.
        objective: Function of the network and the batch that computes them, for example an `Objective`.
    """
    return objective(eqx.combine(params, static), rows)


class CustomObjective(eqx.Module):
    """A loss of a user's own; the mean square error of the labels is computed beside it.

    Args:
        function: The loss: a function of the network, a batch (`Rows`) and the setting, that returns a number.
        setting: Temperature, cutoffs and grids.
    """

    function: Callable[..., Any] = eqx.field(static=True)
    setting: Setting = eqx.field(static=True)

    def __call__(self, model: Network, rows: Rows) -> tuple[Float[Array, ""], Losses]:
        """Compute the loss of a batch and its parts.

        Raises:
            InputError: The function does not return a number.
        """
        loss = jnp.asarray(self.function(model, rows, self.setting))
        if loss.shape or not jnp.issubdtype(loss.dtype, jnp.floating):
            raise InputError(f"the loss must be a real number, but is an array of shape {loss.shape}, {loss.dtype}")
        return loss.astype(jnp.float64), Objective()(model, rows)[1]


validation_loss = eqx.filter_jit(total_loss)
"""`total_loss`, compiled."""

AXIS = "batch"
"""Name of the mesh axis along which a batch is divided among devices."""

Epoch = Callable[[Network, Any, Any, PRNGKeyArray], tuple[Network, Any, Losses]]


def make_epoch(static: Network, optimizer: optax.GradientTransformation, objective: Any, *, batch_size: int) -> Epoch:
    """Compile one epoch: an update for each batch of the samples in random order.

    Samples beyond the last whole batch are left out. If there are several devices, each batch is divided among them.

    Args:
        static: Part of the network that is not trained.
        optimizer: The optimizer.
        objective: Function of the network and a batch that computes the loss and its parts.
        batch_size: Samples in a batch.

    Returns:
        A function of weights, optimizer state, samples and random key that returns new weights, new optimizer state and
        the losses averaged over the epoch.

    Raises:
        InputError: The batch size is not a multiple of the number of devices of several processes.
    """
    mesh = _devices_for(batch_size)

    def update(carry: tuple[Any, Any], rows: Any) -> tuple[tuple[Any, Any], Losses]:
        params, state = carry
        (_, losses), gradient = jax.value_and_grad(total_loss, has_aux=True)(params, static, rows, objective)
        if mesh is not None:
            gradient, losses = jax.lax.pmean((gradient, losses), AXIS)
        changes, state = optimizer.update(gradient, state, params)
        return (eqx.apply_updates(params, changes), state), losses

    step = update
    if mesh is not None:
        everywhere, shared_out = jax.sharding.PartitionSpec(), jax.sharding.PartitionSpec(AXIS)
        step = jax.shard_map(
            update, mesh=mesh, in_specs=(everywhere, shared_out), out_specs=everywhere, check_vma=False
        )

    @eqx.filter_jit
    def epoch(params: Network, state: Any, rows: Any, key_data: UInt32[Array, "..."]) -> tuple[Network, Any, Losses]:
        key = jax.random.wrap_key_data(key_data)
        n_batches = len(rows) // batch_size
        order = jax.random.permutation(key, len(rows))[: n_batches * batch_size]
        batches = jax.tree.map(lambda x: x[order].reshape(n_batches, batch_size, *x.shape[1:]), rows)
        (params, state), losses = jax.lax.scan(step, (params, state), batches)
        n_masked = jnp.sum(losses.n_masked) * (1 if mesh is None else mesh.size)
        means = jax.tree.map(jnp.mean, losses)
        return params, state, eqx.tree_at(lambda each: each.n_masked, means, n_masked)

    def on_all_devices(params: Network, state: Any, rows: Any, key: PRNGKeyArray) -> tuple[Network, Any, Losses]:
        given = params, state, rows, jax.random.key_data(key)
        return epoch(*given) if mesh is None or not is_distributed() else local(epoch(*replicate(given, mesh)))

    return on_all_devices


def _devices_for(batch_size: int) -> jax.sharding.Mesh | None:
    """The largest number of devices that divides the batch size, as a mesh; `None` if that is one device."""
    devices = jax.devices()
    n = max(n for n in range(1, len(devices) + 1) if batch_size % n == 0)
    if is_distributed() and n != len(devices):
        raise InputError(
            f"a batch of {batch_size} samples cannot be divided evenly among {len(devices)} devices.",
            hint="Choose a --batch-size that is a multiple of the number of devices.",
        )
    return None if n == 1 else jax.sharding.Mesh(np.asarray(devices[:n]), (AXIS,))
