"""The configuration of `reduce_complexity`."""

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

UPPER_LIMITS = {
    "epochs": MOST_EPOCHS,
    "autoencoder_epochs": MOST_EPOCHS,
    "batch_size": LARGEST_BATCH,
    "seed": LARGEST_INTEGER,
    "good_enough": LARGEST_PCC_LOSS,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReduceConfig:
    """Criteria and training parameters of `reduce_complexity` (Fig. 1 of arXiv:2007.07512).

    Args:
        good_enough: Largest mean 1 - PCC of the test set for which a predictor is good; in (0, 2].
        latent_sizes: Latent dimensions that are tried, ascending.
        tolerance: A latent dimension suffices if the autoencoder leaves at most this fraction of the variance of the
            validation set unexplained; in (0, 1).
        hidden_sizes: Numbers of neurons of the hidden layers of the predictors.
        autoencoder_sizes: Numbers of neurons of the layers before the bottleneck of the autoencoders.
        epochs: Number of epochs for a predictor.
        autoencoder_epochs: Number of epochs for an autoencoder.
        batch_size: Samples in a batch.
        learning_rate: Initial learning rate of Adam; a cosine schedule reduces it to a hundredth.
        seed: Seed of the split, the initial weights and the order of the samples.

    Raises:
        ValueError: A field is out of its range; one message lists all of them.
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
        bad += too_large(self, UPPER_LIMITS)
        if self.tolerance >= TOTAL_VARIANCE:
            bad.append(f"`tolerance` must lie below {TOTAL_VARIANCE:g}, got {self.tolerance}")
        bad += too_wide("hidden_sizes", self.hidden_sizes) + too_wide("autoencoder_sizes", self.autoencoder_sizes)
        if self.seed < 0:
            bad.append(f"`seed` must not be negative, got {self.seed}")
        if bad:
            raise ValueError("; ".join(bad) + ".")
