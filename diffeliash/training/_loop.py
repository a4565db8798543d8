"""The training loop."""

import dataclasses
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from .._errors import InputError
from ..data import Dataset, Split, split_rows
from ..models import Predictor, PredictorConfig, Setting, fit_standardization, setting_of, trainable
from ._config import TrainConfig
from ._losses import MatsubaraConsistency
from ._metrics import row_features
from ._step import Rows, make_epoch, validation_loss


@dataclasses.dataclass(frozen=True, kw_only=True)
class EpochRecord:
    """One line of the history of a run.

    Args:
        epoch: From 1.
        train_mse: Mean over the epoch, while the weights change.
        validation_mse: After the epoch.
        validation_loss: The same with the weighted consistency term, where it is on.
        consistency: Physics-consistency loss, mean over the epoch; 0 where it is switched off.
        n_masked: Samples left out of it because they did not converge.
    """

    epoch: int
    train_mse: float
    validation_mse: float
    validation_loss: float
    consistency: float
    n_masked: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Training:
    """What a training run leaves.

    Args:
        model: The weights of the epoch with the smallest validation loss, of the last loss used.
        model_config: Shape of the network.
        setting: What it was trained for.
        split: Rows used for what.
        best_epoch: The epoch of the weights.
        history: One record an epoch.
    """

    model: Predictor
    model_config: PredictorConfig
    setting: Setting
    split: Split
    best_epoch: int
    history: tuple[EpochRecord, ...]


def train(
    config: TrainConfig, dataset: Dataset, *, progress: Callable[[EpochRecord], None] = lambda record: None
) -> Training:
    """Train a predictor from gap functions to spectral functions.

    Args:
        config: How.
        dataset: On what; split into 81 % training, 9 % validation and 10 % test rows.
        progress: Told of every epoch.

    Raises:
        InputError: The data set is too small for the split or the batch size.
    """
    split, setting = split_rows(len(dataset), config.seed), setting_of(dataset.config)
    if split.train.size < config.batch_size:
        raise InputError(
            f"{split.train.size} training samples do not fill one batch of {config.batch_size}.",
            hint="Generate more samples or use a smaller --batch-size.",
        )
    model_key, order_key = jax.random.split(jax.random.key(config.seed))
    rows = {name: _device_rows(dataset, getattr(split, name)) for name in ("train", "validation")}
    shape = PredictorConfig(
        input_size=rows["train"].features.shape[1],
        hidden_sizes=config.hidden_sizes,
        output_size=dataset.omega.size,
    )
    scaling = fit_standardization(np.asarray(rows["train"].features), np.asarray(rows["train"].a2f))
    model = Predictor(shape, scaling, model_key)
    consistency, history, best_epoch = MatsubaraConsistency(setting), [], 0
    for phase in _phases(config):
        model, records = _run_phase(
            phase, model, rows, consistency, batch_size=config.batch_size, key=order_key, progress=progress
        )
        best_epoch = min(records, key=lambda record: record.validation_loss).epoch
        history += records
    return Training(
        model=model, model_config=shape, setting=setting, split=split, best_epoch=best_epoch, history=tuple(history)
    )


def _device_rows(dataset: Dataset, rows: np.ndarray) -> Rows:
    """Rows for the network in single precision, those for the solver in double."""
    return Rows(
        features=jnp.asarray(row_features(dataset, rows), dtype=jnp.float32),
        a2f=jnp.asarray(dataset.a2f[rows], dtype=jnp.float32),
        Delta_iw=jnp.asarray(dataset.Delta_iw[rows]),
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Phase:
    """Epochs with one loss and one learning-rate schedule."""

    epochs: range
    weight: float
    learning_rate: float


def _phases(config: TrainConfig) -> list[_Phase]:
    """Supervised first; then, if it is switched on, with the consistency term."""
    first = range(1, config.epochs + 1)
    phases = [_Phase(epochs=first, weight=0.0, learning_rate=config.learning_rate)]
    if config.consistency_weight > 0:
        then = range(first.stop, first.stop + config.consistency_epochs)
        phases.append(_Phase(epochs=then, weight=config.consistency_weight, learning_rate=config.learning_rate / 10))
    return phases


def _run_phase(
    phase: _Phase,
    model: Predictor,
    rows: dict[str, Rows],
    consistency: MatsubaraConsistency,
    *,
    batch_size: int,
    key: Array,
    progress: Callable[[EpochRecord], None],
) -> tuple[Predictor, list[EpochRecord]]:
    """Run one phase; the weights of its epoch with the smallest validation loss, and its history."""
    params, static = eqx.partition(model, trainable(model))
    n_updates = len(phase.epochs) * (rows["train"].a2f.shape[0] // batch_size)
    optimizer = optax.adam(optax.cosine_decay_schedule(phase.learning_rate, n_updates, alpha=0.01))
    state = optimizer.init(params)
    run_epoch = make_epoch(static, optimizer, consistency, weight=phase.weight, batch_size=batch_size)
    best, history = model, []
    for epoch in phase.epochs:
        params, state, losses = run_epoch(params, state, rows["train"], jax.random.fold_in(key, epoch))
        validation, parts = validation_loss(params, static, rows["validation"], consistency, phase.weight)
        record = EpochRecord(
            epoch=epoch,
            train_mse=float(losses.data),
            validation_mse=float(parts.data),
            validation_loss=float(validation),
            consistency=float(losses.consistency),
            n_masked=int(losses.n_masked),
        )
        if all(record.validation_loss < past.validation_loss for past in history):
            best = eqx.combine(params, static)
        history.append(record)
        progress(record)
    return best, history
