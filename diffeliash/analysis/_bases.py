r"""What a network composes its answers of: the basis functions of its last layer (App. B of the paper).

The last layer is linear, $f(\omega_i) = \bar f(\omega_i) + s\,\big(b_i + \sum_j w_{ij} a_j\big)$ with the values $a_j$
of the neurons next to the output, so that each of these has a function $s\,w_{ij}$ of $\omega_i$. One that the network
has found is smooth; one that it has not is the noise of the initial weights.
"""

import dataclasses
import itertools
from collections.abc import Callable
from typing import cast

import equinox as eqx
import jax
import numpy as np
import optax
from jaxtyping import Float, PRNGKeyArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from ..models import Predictor, trainable
from ..training import Objective, Rows, make_epoch

SMOOTH = 0.5
"""Autocorrelation from which on a basis function counts as found: its smooth part then outweighs its noise."""

LEAST_DROP = 0.1
"""A step of a loss takes its natural logarithm down by this much or more."""

WIDTH, FINENESS = 0.1, 0.02
"""What a loss is smoothed over, and the distance of its points then, in the logarithm of the epoch."""

PROMINENCE = 0.05
"""How far the speed of descent must rise above the minima beside it, in units of the largest speed."""


def basis_functions(model: Predictor) -> Float[np.ndarray, "neuron freq"]:
    """The functions that the output is composed of, one a row, in the units of the output.

    Raises:
        ValueError: The output is not linear in the last layer.
    """
    if model.positive:
        raise ValueError("a network with `positive` outputs is not linear in its last layer.")
    scale = np.atleast_1d(np.asarray(model.standardization.output_scale))
    return np.asarray(model.layers[-1].weight).T.astype(np.float64) * scale[None, :]


def smoothness(functions: Float[np.ndarray, "neuron freq"]) -> Float[np.ndarray, " neuron"]:
    r"""Autocorrelation from one point to the next, one for smooth functions and about zero for noise.

    $$ r = \frac{\sum_i (w_i - \bar w)(w_{i+1} - \bar w)}{\sum_i (w_i - \bar w)^2} $$
    """
    centered = functions - np.mean(functions, axis=1, keepdims=True)
    return np.sum(centered[:, 1:] * centered[:, :-1], axis=1) / np.sum(centered**2, axis=1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class BasisHistory:
    """How a network finds its basis functions.

    Args:
        loss: Mean square error of the training rows, mean over every epoch.
        smoothness: Of every basis function after every epoch.
        functions: The basis functions at the end.
    """

    loss: Float[np.ndarray, " epoch"]
    smoothness: Float[np.ndarray, "epoch neuron"]
    functions: Float[np.ndarray, "neuron freq"]

    @property
    def found(self) -> list[int | None]:
        """The epoch, from 1, in which each basis function was found, if it still is at the end."""
        smooth = self.smoothness > SMOOTH
        since = [int(np.flatnonzero(~each)[-1]) + 2 if np.any(~each) else 1 for each in smooth.T]
        return [epoch if epoch <= len(smooth) else None for epoch in since]


def follow_bases(
    model: Predictor,
    rows: Rows,
    *,
    epochs: int,
    learning_rate: float,
    batch_size: int,
    key: PRNGKeyArray,
    progress: Callable[[int, float], None] = lambda epoch, loss: None,
) -> BasisHistory:
    """Train a network at a constant learning rate and look at its basis functions after every epoch.

    Args:
        model: With its initial weights; small ones (`glorot_initialized`) show most.
        rows: Training rows.
        epochs: Passes over them.
        learning_rate: Of Adam.
        batch_size: Rows per update.
        key: Of the order of rows.
        progress: Told of every epoch and its loss.
    """
    weights, static = eqx.partition(model, trainable(model))
    optimizer = optax.adam(learning_rate)
    run_epoch = make_epoch(static, optimizer, Objective(), batch_size=batch_size)
    state, losses, smooth, functions = optimizer.init(weights), [], [], basis_functions(model)
    for epoch in range(epochs):
        weights, state, parts = run_epoch(weights, state, rows, jax.random.fold_in(key, epoch))
        functions = basis_functions(cast(Predictor, eqx.combine(weights, static)))
        losses.append(float(parts.data))
        smooth.append(smoothness(functions))
        progress(epoch + 1, losses[-1])
    return BasisHistory(loss=np.array(losses), smoothness=np.array(smooth), functions=functions)


def loss_steps(loss: Float[np.ndarray, " epoch"], *, least: float = LEAST_DROP) -> list[tuple[int, float]]:
    r"""Where a loss falls in steps: epochs, from 1, of the fastest descent, and heights in $\ln L$.

    The speed $-\mathrm{d}\ln L/\mathrm{d}\ln t$, smoothed over `WIDTH` in $\ln t$, has a maximum in every step; a
    step reaches to the minima of the speed on both sides of it. A power law has none.

    Args:
        loss: One value an epoch, positive.
        least: Smallest step.
    """
    epochs = np.arange(1, len(loss) + 1)
    t = np.linspace(0, np.log(len(loss)), max(8, round(np.log(len(loss)) / FINENESS)))
    smooth = gaussian_filter1d(np.interp(t, np.log(epochs), np.log(loss)), WIDTH / FINENESS, mode="nearest")
    speed = -np.gradient(smooth, t)
    # with a floor at both ends, a descent that begins or ends the history has a maximum too
    padded = np.concatenate([[0.0], speed, [0.0]])
    peaks = find_peaks(padded, prominence=PROMINENCE * np.max(speed, initial=0.0) + 1e-12)[0] - 1
    borders = [0, *(a + int(np.argmin(speed[a:b])) for a, b in itertools.pairwise(peaks)), len(t) - 1]
    drops = [float(smooth[a] - smooth[b]) for a, b in itertools.pairwise(borders)]
    found = zip(peaks, drops, strict=False)
    return [(round(float(np.exp(t[peak]))), drop) for peak, drop in found if drop >= least]
