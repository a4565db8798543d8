"""The public function `train`: train a predictor on a data set."""

import dataclasses
import pathlib
from collections.abc import Callable
from typing import Any, cast

import jax
import optax

from .._errors import InputError
from .._user_code import UserCode, find_user_code, load_user_code
from ..data import Dataset, Split, read_dataset, split_rows
from ..models import AnyConfig, AnyNetwork, Setting, Task, find_model, setting_of
from ..physics import require_x64
from ._config import TrainConfig
from ._fit import Fit, Phase, fit
from ._losses import SolverConsistency
from ._prepared import (
    POSTERIOR_BATCH_SIZE,
    POSTERIOR_LEARNING_RATE,
    POSTERIOR_WEIGHT_DECAY,
    Prepared,
    Preparing,
    only_flow,
    prepare_inversion_network,
    prepare_predictor,
)
from ._rows import fields_for
from ._state import EpochRecord, StateFiles
from ._step import CustomObjective, Objective, PosteriorObjective


@dataclasses.dataclass(frozen=True, kw_only=True)
class Training:
    """The result of `train`.

    Args:
        model: The network with the weights of the smallest validation loss in each phase.
        model_config: Its layer sizes.
        setting: Temperature, cutoffs and grids of its training data.
        split: Rows of the training, validation and test sets.
        best_epoch: The epoch of the weights that decide its output.
        history: One record for each epoch.
        sources: SHA-256 digests of the source files of the user's own `model` and `loss`, as they were imported.
    """

    model: AnyNetwork
    model_config: AnyConfig
    setting: Setting
    split: Split
    best_epoch: int
    history: tuple[EpochRecord, ...]
    sources: dict[str, str]


def train(
    config: TrainConfig,
    data: Dataset | str | pathlib.Path,
    *,
    model: str | Callable[..., Any] | None = None,
    loss: str | Callable[..., Any] | None = None,
    optimizer: optax.GradientTransformation | None = None,
    preparing: Preparing = lambda done, total: None,
    progress: Callable[[EpochRecord], None] = lambda record: None,
    files: StateFiles | None = None,
    saved: Callable[[Training], None] = lambda training: None,
) -> Training:
    """Train a network on a data set: an inversion network, or a fully connected one as in the paper.

    The loss is given in `TrainConfig`. The front end of an inversion network is determined from the training samples in
    closed form before the first epoch; the epochs train its head, then its posterior distribution. arXiv:2007.07512,
    Sec. III, has a fully connected network, the same split and the same optimizer (Adam), and uses labels only.

    Args:
        config: Network, optimizer, labels, noise and weights of the loss.
        data: The data set (energies and gap functions in meV), as `read_dataset` returns it, or its folder; it is split
            into 81 % training, 9 % validation and 10 % test samples.
        model: The class of a network of your own, or its name, `module:Class`. It is made by
            `model(input_size, output_size, key=key, **config.model_options)`, and is called with one standardized input
            of shape (input_size,) to give one output of shape (output_size,); inputs and outputs are standardized
            around it (`models.CustomNetwork`).
        loss: A loss function of your own in place of the loss of the first phase, or its name, `module:function`:
            `loss(network, batch, setting)` returns a number, where `network` maps one input (`batch.features`) to one
            output, to be compared with `batch.target`; see `training.Rows`. It must be differentiable by JAX.
        optimizer: An optimizer of Optax in place of Adam with the schedule of the configuration.
        preparing: Called before the first epoch of an inversion network, with the numbers of inversions of gap
            functions done and in all.
        progress: Called with the record of every epoch.
        files: Files for the state of the training, written from time to time and at the end of each phase; if they
            have a state already, the training is resumed from it.
        saved: Called after a state has been written, with the result that the training would have now.

    Returns:
        The network with the weights of the smallest validation loss, its setting, the split, and the history.

    Raises:
        InputError: The data set is too small for the split or the batch size, the files are of another run, or the
            network or loss of your own cannot be used.
        ConvergenceError: The training diverges.
        StorageError: The state cannot be written.
        RuntimeError: JAX is not in 64-bit mode, which the solver and the linear inversion need.
    """
    require_x64()
    config, code, own_loss = _with_user_code(config, model, loss)
    found_code = {"model": code, "loss": own_loss}
    sources = {name: each.source_digest for name, each in found_code.items() if each and each.source_digest}
    dataset = data if isinstance(data, Dataset) else read_dataset(pathlib.Path(data), fields_for(config))
    split, setting = split_rows(len(dataset), config.seed), setting_of(dataset.config, cast(Task, config.task))
    model_key, order_key = jax.random.split(jax.random.key(config.seed))
    if config.network == "inversion":
        prepared = prepare_inversion_network(config, dataset, setting, split, model_key, preparing)
    else:
        prepared = prepare_predictor(config, dataset, setting, split, model_key, code)

    def result_of(found: Fit) -> Training:
        whole = prepared.complete(found.model)
        return Training(
            model=whole,
            model_config=whole.config,
            setting=setting,
            split=split,
            best_epoch=_best_epoch(found.history, 2 if config.solver_weight else 1),
            history=found.history,
            sources=sources,
        )

    found = fit(
        prepared.network,
        _phases(config, prepared, setting, own_loss and own_loss.value, optimizer),
        patience=config.patience,
        key=order_key,
        progress=progress,
        files=files,
        saved=lambda now: saved(result_of(now)),
    )
    return result_of(found)


def _with_user_code(config: TrainConfig, model: Any, loss: Any) -> tuple[TrainConfig, UserCode | None, UserCode | None]:
    """The configuration with the names of network and loss, and the code of both."""
    model, loss = model or config.model, loss or config.loss
    code = find_model(model) if model else None
    function = find_user_code(loss) if loss else None
    if code is not None:
        config = dataclasses.replace(config, network="custom", model=code.reference or NO_REFERENCE)
    if function is not None:
        config = dataclasses.replace(config, loss=function.reference or NO_REFERENCE)
        if not callable(function.value):
            raise InputError(f"{config.loss} is not a function.")
    return config, code, function


NO_REFERENCE = "__main__:local"
"""Name of classes and functions that cannot be imported by a name."""


def sources_of(config: TrainConfig) -> dict[str, str]:
    """The digests of the source files of network and loss of the user, by `model` and `loss`.

    Raises:
        InputError: They cannot be imported.
    """
    names = {"model": config.model, "loss": config.loss}
    return {name: load_user_code(reference).source_digest for name, reference in names.items() if reference}


def _best_epoch(history: tuple[EpochRecord, ...], last_phase: int) -> int:
    """The epoch of the smallest validation loss in the last phase that trains the output of the network."""
    of_output = [record for record in history if record.phase <= last_phase]
    return min(
        (r for r in of_output if r.phase == of_output[-1].phase), key=lambda record: record.validation_loss
    ).epoch


def _phases(
    config: TrainConfig,
    prepared: Prepared,
    setting: Setting,
    loss: Callable[..., Any] | None,
    optimizer: optax.GradientTransformation | None,
) -> list[Phase]:
    """The phases: labels and equation residual; if it has a weight, the solver too; if there is one, the posterior."""
    rows = prepared.rows
    common: dict[str, Any] = {name: getattr(config, name) for name in ("schedule", "gradient_clip", "averaging")}
    common["optimizer"] = optimizer
    phases = [
        Phase(
            number=1,
            epochs=config.epochs,
            batch_size=config.batch_size,
            learning_rate=config.learning_rate,
            objective=CustomObjective(loss, setting) if loss else Objective(equation_weight=config.equation_weight),
            rows=rows if config.equation_weight or loss else rows.with_labels_only(),
            validation=prepared.validation,
            fresh=prepared.fresh,
            **common,
        )
    ]
    if config.solver_weight:
        objective = Objective(SolverConsistency(setting), config.equation_weight, config.solver_weight)
        second = Phase(
            number=2,
            epochs=config.solver_epochs,
            batch_size=config.batch_size,
            learning_rate=config.solver_learning_rate,
            objective=objective,
            rows=rows,
            validation=prepared.validation,
            **common,
        )
        phases.append(second)
    if prepared.posterior:
        last = Phase(
            number=len(phases) + 1,
            epochs=config.posterior_epochs,
            batch_size=min(POSTERIOR_BATCH_SIZE, len(prepared.posterior[0])),
            learning_rate=POSTERIOR_LEARNING_RATE,
            objective=PosteriorObjective(),
            rows=prepared.posterior[0],
            validation=prepared.posterior[1],
            fresh=prepared.fresh_posterior,
            weight_decay=POSTERIOR_WEIGHT_DECAY,
            decayed=only_flow,
        )
        phases.append(last)
    return phases
