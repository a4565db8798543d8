"""Errors of an inversion network at several noise levels."""

import numpy as np

from ..data import Dataset
from ..models import InversionNetwork, apply_network, network_inputs
from ._metrics import pearson
from ._prepared import noisy_inputs

NOISE_LEVELS = 1e-3, 1e-2, 1e-1
r"""Noise at which a network is tested, relative to the largest $|\Delta|$."""


def errors_by_noise(
    model: InversionNetwork, dataset: Dataset, rows: np.ndarray, *, largest: float, seed: int
) -> dict[str, float]:
    r"""Compute $1 - \mathrm{PCC}$ of predicted spectra at the noise levels for which a network was trained.

    Args:
        model: The network.
        dataset: The data set.
        rows: Indices of the samples.
        largest: Largest noise of the training, relative to the largest $|\Delta|$.
        seed: Seed of the noise.

    Returns:
        Mean and median by name: `df_mean_noise_0.01`, `df_median_noise_0.01`, and so on.
    """
    found = {}
    for level in (level for level in NOISE_LEVELS if level <= largest):
        predicted = apply_network(model, network_inputs(model, *noisy_inputs(dataset.Delta[rows], level, seed)))
        df = 1 - pearson(predicted, dataset.a2f[rows])
        found |= {f"df_mean_noise_{level:g}": float(np.mean(df)), f"df_median_noise_{level:g}": float(np.median(df))}
    return found
