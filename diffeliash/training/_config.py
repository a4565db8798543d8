"""The configuration of a training run."""

import dataclasses
import math
from typing import get_args

from .._errors import not_positive
from .._limits import LARGEST_BATCH, LARGEST_INTEGER, LARGEST_NOISE, MOST_EPOCHS, MOST_LABELS, too_large, too_wide
from ..models import Task

LARGEST = {
    "epochs": MOST_EPOCHS,
    "solver_epochs": MOST_EPOCHS,
    "batch_size": LARGEST_BATCH,
    "patience": LARGEST_INTEGER,
    "max_labels": MOST_LABELS,
    "noise": LARGEST_NOISE,
    "seed": LARGEST_INTEGER,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainConfig:
    r"""How a network is trained.

    Two phases: `epochs` with the data loss, and with the equation residual if it has a weight; then, if the solver
    consistency has a weight, `solver_epochs` with that too, from the best weights so far. With $s$ the spread of the
    labels the loss is

    $$ L = \frac{1}{n\,s^2}\Big[\sum_{\mathrm{labelled}} |f - y|^2
       + w_{\mathrm{eq}} \sum_{\mathrm{others}} |f - x|^2\Big] + w_{\mathrm{solver}}\,L_{\mathrm{solver}}. $$

    Args:
        task: What goes into the network and what comes out.
        hidden_sizes: Neurons of the hidden layers.
        positive: Whether the output cannot be negative, by construction.
        epochs: Passes over the training rows in the first phase.
        batch_size: Rows per update.
        learning_rate: Of Adam, at the start; it falls to a hundredth along a cosine.
        patience: A phase ends after so many epochs without a smaller validation loss.
        seed: Of the split, the initial weights, the order of rows and the noise.
        max_labels: Labels of so many training rows are used. The others are left out, or, with a weight for a form of
            physics consistency, learned from without labels.
        noise: Standard deviation of the noise on the inputs, relative to the largest value of each, at most 1000:
            independent normal deviations on the real and on the imaginary part at every energy, the same in every
            epoch.
        equation_weight: Weight of `EquationResidual` for rows without a label.
        solver_weight: Weight of `SolverConsistency`, for all rows.
        solver_epochs: Passes over the training rows with it.
        solver_learning_rate: Of Adam, at the start of that phase.
    """

    task: str = "gap-to-a2f"
    hidden_sizes: tuple[int, ...] = (500, 800)
    positive: bool = False
    epochs: int = 40
    batch_size: int = 64
    learning_rate: float = 1e-3
    patience: int = 1000
    seed: int = 0
    max_labels: int = MOST_LABELS
    noise: float = 0.0
    equation_weight: float = 0.0
    solver_weight: float = 0.0
    solver_epochs: int = 5
    solver_learning_rate: float = 2e-4

    def __post_init__(self):
        positive = ("epochs", "batch_size", "learning_rate", "patience", "solver_epochs", "solver_learning_rate")
        bad = not_positive(self, positive)
        bad += [
            f"`{name}` must be finite and not negative, got {getattr(self, name)}"
            for name in ("seed", "max_labels", "noise", "equation_weight", "solver_weight")
            if not 0 <= getattr(self, name) < math.inf
        ]
        if self.task not in get_args(Task):
            bad.append(f"`task` must be one of {', '.join(get_args(Task))}, got {self.task}")
        bad += too_large(self, LARGEST) + too_wide("hidden_sizes", self.hidden_sizes)
        if bad := bad + self._contradictions():
            raise ValueError("; ".join(bad) + ".")

    def _contradictions(self) -> list[str]:
        bad = []
        if self.equation_weight and self.task != "gap-to-a2f":
            bad.append(f"`equation_weight` needs gap functions as inputs, not the task {self.task}")
        if self.solver_weight and self.task == "a2f-to-gap":
            bad.append("`solver_weight` needs a2F as the output, not the task a2f-to-gap")
        if self.max_labels == 0 and not self.equation_weight:
            bad.append("without labels an `equation_weight` (--equation-weight) is needed")
        return bad

    @property
    def uses_physics(self) -> bool:
        """Whether rows without a label are learned from."""
        return self.equation_weight > 0 or self.solver_weight > 0
