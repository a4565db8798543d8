"""The configuration of a training run."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How a predictor is trained.

    Args:
        hidden_sizes: Neurons of the hidden layers.
        epochs: Passes over the training rows with the data loss alone.
        batch_size: Rows per update.
        learning_rate: Of Adam, at the start; it falls to a hundredth along a cosine. With the consistency term on,
            it starts again from a tenth.
        seed: Of the split, the initial weights and the order of rows.
        consistency_weight: Weight of the physics-consistency term; 0 switches it off.
        consistency_epochs: Further passes with the term on, from the best weights of the passes before.
    """

    hidden_sizes: tuple[int, ...] = (500, 800)
    epochs: int = 40
    batch_size: int = 64
    learning_rate: float = 1e-3
    seed: int = 0
    consistency_weight: float = 0.0
    consistency_epochs: int = 5

    def __post_init__(self):
        bad = [
            f"`{name}` must be positive, got {getattr(self, name)}"
            for name in ("epochs", "batch_size", "learning_rate", "consistency_epochs")
            if not getattr(self, name) > 0
        ]
        if not 0 <= self.consistency_weight < float("inf"):
            bad.append(f"`consistency_weight` must be finite and not negative, got {self.consistency_weight}")
        if self.seed < 0:
            bad.append(f"`seed` must not be negative, got {self.seed}")
        if bad:
            raise ValueError("; ".join(bad) + ".")
