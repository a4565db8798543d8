"""One update of the weights, and one epoch of them on the device."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from ..models import Predictor
from ._losses import MatsubaraConsistency, mean_square_error


class Rows(eqx.Module):
    """Rows of a data set on the device.

    Args:
        features: Inputs of the network [meV].
        a2f: Labels.
        Delta_iw: Gap functions at the Matsubara frequencies [meV].
    """

    features: Float[Array, "sample feature"]
    a2f: Float[Array, "sample freq"]
    Delta_iw: Float[Array, "sample matsubara"]


class Losses(eqx.Module):
    """Parts of the loss.

    Args:
        data: Mean square error of the spectral function.
        consistency: Physics-consistency term, without its weight; zero where it is switched off.
        n_masked: Samples that did not converge.
    """

    data: Float[Array, ""]
    consistency: Float[Array, ""]
    n_masked: Float[Array, ""]


def total_loss(
    params: Predictor, static: Predictor, rows: Rows, consistency: MatsubaraConsistency, weight: float
) -> tuple[Float[Array, ""], Losses]:
    """Data loss plus weight times consistency loss. With weight 0 nothing is solved."""
    predicted = jax.vmap(eqx.combine(params, static))(rows.features)
    data = mean_square_error(predicted, rows.a2f).astype(jnp.float64)
    if weight == 0:
        zero = jnp.zeros((), jnp.float64)
        return data, Losses(data, zero, zero)
    miss, n_masked = consistency(predicted, rows.Delta_iw)
    return data + weight * miss, Losses(data, miss, n_masked)


validation_loss = eqx.filter_jit(total_loss)
"""`total_loss`, compiled."""

Epoch = Callable[[Predictor, Any, Rows, PRNGKeyArray], tuple[Predictor, Any, Losses]]


def make_epoch(
    static: Predictor,
    optimizer: optax.GradientTransformation,
    consistency: MatsubaraConsistency,
    *,
    weight: float,
    batch_size: int,
) -> Epoch:
    """Compile a pass over all rows in random order; the rows left over by the last whole batch sit out."""

    def update(carry: tuple[Predictor, Any], rows: Rows) -> tuple[tuple[Predictor, Any], Losses]:
        params, state = carry
        (_, losses), gradient = jax.value_and_grad(total_loss, has_aux=True)(params, static, rows, consistency, weight)
        changes, state = optimizer.update(gradient, state)
        return (eqx.apply_updates(params, changes), state), losses

    @eqx.filter_jit
    def epoch(params: Predictor, state: Any, rows: Rows, key: PRNGKeyArray) -> tuple[Predictor, Any, Losses]:
        n_batches = rows.a2f.shape[0] // batch_size
        order = jax.random.permutation(key, rows.a2f.shape[0])[: n_batches * batch_size]
        batches = jax.tree.map(lambda x: x[order].reshape(n_batches, batch_size, *x.shape[1:]), rows)
        (params, state), losses = jax.lax.scan(update, (params, state), batches)
        mean = Losses(jnp.mean(losses.data), jnp.mean(losses.consistency), jnp.sum(losses.n_masked))
        return params, state, mean

    return epoch
