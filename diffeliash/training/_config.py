"""The configuration of a training run."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, get_args

from .._errors import not_positive
from .._limits import LARGEST_BATCH, LARGEST_INTEGER, LARGEST_NOISE, MOST_EPOCHS, MOST_LABELS, too_large, too_wide
from .._user_code import is_reference
from ..models import Task

NETWORKS = "inversion", "fully-connected", "custom"
"""The kinds of networks."""

SCHEDULES = "cosine", "constant", "exponential", "warmup-cosine"
"""The names of the schedules of the learning rate."""

PAPER_NETWORK = {"network": "fully-connected", "hidden_sizes": (500, 800)}
"""The network of arXiv:2007.07512, for all that an inversion network cannot do."""


def other_defaults(given: Mapping[str, Any]) -> dict[str, Any]:
    """Other defaults of `TrainConfig` where fields are given that an inversion network does not have."""
    if given.get("model"):
        return {"network": "custom"} if "network" not in given else {}
    other_task = given.get("task", "gap-to-a2f") != "gap-to-a2f"
    needed = other_task or bool(given.get("noise") or given.get("equation_weight"))
    return PAPER_NETWORK if needed and "network" not in given else {}


FEWEST_LABELS = 20
"""Least number of labels from which the front end of an inversion network can be determined."""

UPPER_LIMITS = {
    "epochs": MOST_EPOCHS,
    "solver_epochs": MOST_EPOCHS,
    "posterior_epochs": MOST_EPOCHS,
    "batch_size": LARGEST_BATCH,
    "patience": LARGEST_INTEGER,
    "max_labels": MOST_LABELS,
    "noise": LARGEST_NOISE,
    "largest_noise": 1.0,
    "seed": LARGEST_INTEGER,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainConfig:
    r"""The configuration of a training: network, optimizer, labels, noise, and weights of the loss.

    The first phase has `epochs` epochs with the error of the labels and, if `equation_weight` is positive, the equation
    residual. If `solver_weight` is positive, a second phase of `solver_epochs` epochs follows, from the best weights of
    the first, with the solver consistency added. In the last phase an inversion network learns the posterior
    distribution (`PosteriorObjective`). For a batch of $n$ samples with outputs $f$ and labels $y$, with the
    linear inversion $x$ of the gap function (`EquationResidual`) and the standard deviation $s$ of the labels, the loss
    is

    $$ L = \frac{1}{n\,s^2}\Big[\sum_{\mathrm{labelled}} |f - y|^2
       + w_{\mathrm{eq}} \sum_{\mathrm{unlabelled}} |f - x|^2\Big] + w_{\mathrm{solver}}\,L_{\mathrm{solver}}, $$

    where $|\cdot|^2$ is the mean over the points of the output. Early stopping and the choice of the weights use the
    same loss of the validation set. arXiv:2007.07512 trains with labels only.

    Args:
        network: "inversion" (`InversionNetwork`, which contains the linear inversion of the equations),
            "fully-connected" (`Predictor`, the network of arXiv:2007.07512) or "custom" (a class of your own, `model`).
        task: Input and output of the network: "gap-to-a2f", "dos-to-a2f" or "a2f-to-gap".
        hidden_sizes: Numbers of neurons of the hidden layers.
        positive: Whether the outputs of a fully connected network are positive by construction; those of an inversion
            network always are.
        epochs: Largest number of epochs (passes over the training set) of the first phase.
        batch_size: Samples in a batch.
        learning_rate: Initial learning rate of Adam; a cosine schedule reduces it to a hundredth.
        patience: Early stopping: a phase ends after this many epochs without a smaller validation loss.
        seed: Seed of the split of the data, the initial weights, the order of the samples, and the noise.
        max_labels: Number of training samples whose labels are used. The others are left out, or used without their
            labels if `equation_weight` or `solver_weight` is positive.
        noise: Standard deviation of normal noise added to the inputs, relative to the largest absolute value of each
            input, at most 1000; independent for real and imaginary part and every energy, and the same in all epochs.
            For fully connected networks.
        largest_noise: Inversion networks are trained for all noise up to this, relative to the largest absolute value;
            the noise is an input of the network.
        equation_weight: Weight $w_{\mathrm{eq}}$ of `EquationResidual`, for samples without a label.
        solver_weight: Weight $w_{\mathrm{solver}}$ of `SolverConsistency`, for all samples.
        solver_epochs: Largest number of epochs of the second phase.
        solver_learning_rate: Initial learning rate of the second phase.
        model: The class of a "custom" network, as `module:Class` or `file.py:Class`; see `models.CustomNetwork`.
        model_options: Further arguments of that class: numbers, strings, booleans, and lists of them.
        loss: A loss function of your own in place of the loss of the first phase, as `module:function`; it is called
            with the network, a batch (`training.Rows`) and the setting, and returns a number.
        schedule: How the learning rate changes: "cosine" (to a hundredth), "constant", "exponential" (to a hundredth),
            or "warmup-cosine" (first from zero, in a twentieth of the updates).
        gradient_clip: Largest norm of a gradient; larger ones are scaled to it. No limit if zero.
        averaging: The weights that are validated and kept are averages over about 1 / (1 - `averaging`) updates; no
            average if zero.
        online: Whether every epoch has new samples, drawn and solved while the network trains, in place of those of the
            training set, which then only determines scales, front end and the sizes of the batches. The validation and
            the test set are those of the data set, whose samples are never drawn.
        posterior_epochs: Largest number of epochs of the last phase, in which an inversion network learns the posterior
            distribution of a2F, from which its error bars come; without error bars if it is zero.

    Raises:
        ValueError: A field is out of its range, or two fields contradict each other; one message lists all of them.
    """

    network: str = "inversion"
    task: str = "gap-to-a2f"
    hidden_sizes: tuple[int, ...] = (512, 512, 512, 512)
    positive: bool = False
    epochs: int = 40
    batch_size: int = 64
    learning_rate: float = 1e-3
    patience: int = 1000
    seed: int = 0
    max_labels: int = MOST_LABELS
    noise: float = 0.0
    largest_noise: float = 0.2
    equation_weight: float = 0.0
    solver_weight: float = 0.0
    solver_epochs: int = 5
    solver_learning_rate: float = 2e-4
    posterior_epochs: int = 40
    model: str = ""
    model_options: dict[str, Any] = dataclasses.field(default_factory=dict)
    loss: str = ""
    schedule: str = "cosine"
    gradient_clip: float = 0.0
    averaging: float = 0.0
    online: bool = False

    def __post_init__(self):
        positive = ("epochs", "batch_size", "learning_rate", "patience", "solver_epochs", "solver_learning_rate")
        bad = not_positive(self, positive)
        bad += [
            f"`{name}` must be finite and not negative, got {getattr(self, name)}"
            for name in (
                "seed",
                "max_labels",
                "noise",
                "largest_noise",
                "equation_weight",
                "solver_weight",
                "posterior_epochs",
                "gradient_clip",
                "averaging",
            )
            if not 0 <= getattr(self, name) < math.inf
        ]
        if self.task not in get_args(Task):
            bad.append(f"`task` must be one of {', '.join(get_args(Task))}, got {self.task}")
        if self.network not in NETWORKS:
            bad.append(f"`network` must be one of {', '.join(NETWORKS)}, got {self.network}")
        if self.schedule not in SCHEDULES:
            bad.append(f"`schedule` must be one of {', '.join(SCHEDULES)}, got {self.schedule}")
        if self.averaging >= 1:
            bad.append(f"`averaging` must be less than 1, got {self.averaging}")
        bad += too_large(self, UPPER_LIMITS) + too_wide("hidden_sizes", self.hidden_sizes)
        if bad := bad + self._contradictions():
            raise ValueError("; ".join(bad) + ".")

    def _contradictions(self) -> list[str]:
        bad = []
        if self.network == "inversion":
            bad += self._not_for_inversion_networks()
        bad += self._contradictions_of_user_code()
        if self.equation_weight and self.task != "gap-to-a2f":
            bad.append(f"`equation_weight` needs gap functions as the input, not the task {self.task}")
        if self.solver_weight and self.task == "a2f-to-gap":
            bad.append("`solver_weight` needs a2F as the output, not the task a2f-to-gap")
        if self.online and (self.equation_weight or self.solver_weight or self.max_labels < MOST_LABELS):
            bad.append(
                "samples that are drawn `online` all have labels: `max_labels`, `equation_weight` and `solver_weight` "
                "are for data sets"
            )
        if self.max_labels == 0 and not self.equation_weight:
            bad.append("without labels (`max_labels` 0) an `equation_weight` (--equation-weight) is needed")
        return bad

    def _contradictions_of_user_code(self) -> list[str]:
        bad = []
        if (self.network == "custom") != bool(self.model):
            bad.append('the `network` "custom" needs a `model`, and a `model` needs that `network`')
        if self.model_options and not self.model:
            bad.append("`model_options` are for a `model`")
        for name in ("model", "loss"):
            reference = getattr(self, name)
            if reference and not is_reference(reference):
                bad.append(f"`{name}` must be module:name or file.py:name, got {reference!r:.100}")
        if self.loss and (self.equation_weight or self.solver_weight):
            bad.append("a `loss` of your own takes the place of `equation_weight` and `solver_weight`")
        return bad

    def _not_for_inversion_networks(self) -> list[str]:
        hint = 'choose the `network` "fully-connected" (--network)'
        bad = []
        if self.task != "gap-to-a2f":
            bad.append(f"an inversion network needs gap functions as the input, not the task {self.task}: {hint}")
        if self.noise:
            bad.append("the inversion network is trained for all noise up to `largest_noise`, instead of one `noise`")
        if self.equation_weight:
            bad.append(
                f"`equation_weight` is not for inversion networks, which solve these equations themselves: {hint}"
            )
        if self.max_labels < FEWEST_LABELS:
            bad.append(
                f"an inversion network needs at least {FEWEST_LABELS} labels, got `max_labels` {self.max_labels}"
            )
        return bad

    @property
    def uses_physics(self) -> bool:
        """Whether samples without a label are used."""
        return self.equation_weight > 0 or self.solver_weight > 0 or bool(self.loss)
