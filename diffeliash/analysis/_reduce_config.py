"""The configuration of the flow."""

import dataclasses

from .._errors import not_positive
from .._limits import (
    LARGEST_BATCH,
    LARGEST_INTEGER,
    LARGEST_PCC_LOSS,
    MOST_EPOCHS,
    MOST_NEURONS,
    TOTAL_VARIANCE,
    too_large,
    too_wide,
)

LARGEST = {
    "epochs": MOST_EPOCHS,
    "autoencoder_epochs": MOST_EPOCHS,
    "batch_size": LARGEST_BATCH,
    "seed": LARGEST_INTEGER,
    "good_enough": LARGEST_PCC_LOSS,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReduceConfig:
    """How the flow of the paper's Fig. 1 is gone through.

    Args:
        good_enough: A predictor is good if the mean of 1 - PCC of its predictions for the test rows is at most this;
            in (0, 2].
        latent_sizes: Bottlenecks that are tried, ascending.
        tolerance: A bottleneck suffices for a kind of function if the autoencoder leaves at most this part of the
            variance of the validation rows unexplained; in (0, 1).
        hidden_sizes: Neurons of the hidden layers of the predictors.
        autoencoder_sizes: Neurons of the layers between functions and bottleneck.
        epochs: Passes over the training rows for a predictor.
        autoencoder_epochs: Passes for an autoencoder.
        batch_size: Rows per update.
        learning_rate: Of Adam, at the start; it falls to a hundredth along a cosine.
        seed: Of the split, the initial weights and the order of rows.
    """

    good_enough: float = 0.02
    latent_sizes: tuple[int, ...] = (1, 2, 4, 8, 16, 24, 32, 64)
    tolerance: float = 0.02
    hidden_sizes: tuple[int, ...] = (500, 800)
    autoencoder_sizes: tuple[int, ...] = (500,)
    epochs: int = 40
    autoencoder_epochs: int = 40
    batch_size: int = 64
    learning_rate: float = 1e-3
    seed: int = 0

    def __post_init__(self):
        positive = ("good_enough", "tolerance", "epochs", "autoencoder_epochs", "batch_size", "learning_rate")
        bad = not_positive(self, positive)
        if (
            not self.latent_sizes
            or list(self.latent_sizes) != sorted(set(self.latent_sizes))
            or self.latent_sizes[0] < 1
        ):
            bad.append(f"`latent_sizes` must be positive and ascending, got {self.latent_sizes}")
        bad += [
            f"`latent_sizes` must be at most {MOST_NEURONS}, got {size}"
            for size in self.latent_sizes
            if size > MOST_NEURONS
        ]
        bad += too_large(self, LARGEST)
        if self.tolerance >= TOTAL_VARIANCE:
            bad.append(f"`tolerance` must lie below {TOTAL_VARIANCE:g}, got {self.tolerance}")
        bad += too_wide("hidden_sizes", self.hidden_sizes) + too_wide("autoencoder_sizes", self.autoencoder_sizes)
        if self.seed < 0:
            bad.append(f"`seed` must not be negative, got {self.seed}")
        if bad:
            raise ValueError("; ".join(bad) + ".")
