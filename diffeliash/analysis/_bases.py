r"""The basis functions of the last layer of a network (App. B of arXiv:2007.07512).

The last layer is linear, $f(\omega_i) = \bar f(\omega_i) + s\,\big(b_i + \sum_j w_{ij} a_j\big)$ with the activations
$a_j$ of the layer next to the output, so that each of its neurons has a basis function $s\,w_{ij}$ of $\omega_i$. A
basis function that the network has learned is smooth; one that it has not is the noise of the initial weights.
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
"""A basis function counts as learned if its autocorrelation (`smoothness`) exceeds this. The autocorrelation is about
one for a smooth function and zero for noise; for their sum it is the fraction of the variance that is smooth."""

LEAST_DROP = 0.1
"""Smallest decrease of the natural logarithm of the loss that counts as a step."""

WIDTH, FINENESS = 0.1, 0.02
"""`loss_steps` evaluates the loss at points that are uniform in the natural logarithm of the epoch: the standard
deviation of the Gaussian that smooths it, and the distance of the points, both in this logarithm."""

PROMINENCE = 0.05
"""Smallest prominence of a maximum of the rate of descent, relative to the largest rate."""


def basis_functions(model: Predictor) -> Float[np.ndarray, "neuron freq"]:
    """Extract the basis functions of the last layer, one a row, in the units of the output.

    Raises:
        ValueError: The output is not linear in the last layer.
    """
    if model.positive:
        raise ValueError(
            "A network with `positive` outputs is not linear in its last layer and has no basis functions: train with "
            "`positive=False`."
        )
    scale = np.atleast_1d(np.asarray(model.standardization.output_scale))
    return np.asarray(model.layers[-1].weight).T.astype(np.float64) * scale[None, :]


def smoothness(functions: Float[np.ndarray, "neuron freq"]) -> Float[np.ndarray, " neuron"]:
    r"""Compute the autocorrelation of functions at a distance of one point: one if smooth, about zero for noise.

    $$ r = \frac{\sum_i (w_i - \bar w)(w_{i+1} - \bar w)}{\sum_i (w_i - \bar w)^2} $$
    """
    centered = functions - np.mean(functions, axis=1, keepdims=True)
    return np.sum(centered[:, 1:] * centered[:, :-1], axis=1) / np.sum(centered**2, axis=1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class BasisHistory:
    """The basis functions of a network during its training; the result of `follow_bases`.

    Args:
        loss: Mean square error of the training set, averaged over every epoch.
        smoothness: Autocorrelation of every basis function after every epoch.
        functions: The basis functions after the last epoch, one a row.
    """

    loss: Float[np.ndarray, " epoch"]
    smoothness: Float[np.ndarray, "epoch neuron"]
    functions: Float[np.ndarray, "neuron freq"]

    @property
    def found(self) -> list[int | None]:
        """The epoch, from 1, since which each basis function is smooth; `None` if it is not smooth at the end."""
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
    """Train a network at a constant learning rate and record its basis functions after every epoch.

    Args:
        model: The network with its initial weights, preferably small ones (`glorot_initialized`).
        rows: The training set.
        epochs: Number of epochs.
        learning_rate: Learning rate of Adam.
        batch_size: Samples in a batch.
        key: Random key of the order of the samples.
        progress: Called with the number and the loss of every epoch.
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
    r"""Find the steps in which a loss decreases (Fig. 10 of arXiv:2007.07512).

    The rate of descent $-\mathrm{d}\ln L/\mathrm{d}\ln t$, smoothed over `WIDTH` in $\ln t$, has a maximum in every
    step; a step extends to the minima of the rate on both sides. A power law has no steps.

    Args:
        loss: Loss of every epoch, positive.
        least: Smallest decrease of $\ln L$ that counts as a step.

    Returns:
        For each step the epoch of fastest descent, from 1, and the decrease of $\ln L$.
    """
    epochs = np.arange(1, len(loss) + 1)
    t = np.linspace(0, np.log(len(loss)), max(8, round(np.log(len(loss)) / FINENESS)))
    smooth = gaussian_filter1d(np.interp(t, np.log(epochs), np.log(loss)), WIDTH / FINENESS, mode="nearest")
    speed = -np.gradient(smooth, t)
    # zeros at both ends, so that a descent at the beginning or end of the history has a maximum too
    padded = np.concatenate([[0.0], speed, [0.0]])
    peaks = find_peaks(padded, prominence=PROMINENCE * np.max(speed, initial=0.0) + 1e-12)[0] - 1
    borders = [0, *(a + int(np.argmin(speed[a:b])) for a, b in itertools.pairwise(peaks)), len(t) - 1]
    drops = [float(smooth[a] - smooth[b]) for a, b in itertools.pairwise(borders)]
    found = zip(peaks, drops, strict=False)
    return [(round(float(np.exp(t[peak]))), drop) for peak, drop in found if drop >= least]
