"""Files in the folder of a training run, and the report on the screen."""

import contextlib
import csv
import dataclasses
import io
import json
import pathlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..._errors import InputError, IntegrityError
from ..._json import nonfinite_to_null
from ..arguments import CHECKPOINT, CONFIG, DATA, EVENTS, FINISHED, HISTORY, LOCK, METRICS, PICTURES

if TYPE_CHECKING:
    from ...data import Dataset
    from ...training import EpochRecord, Evaluation, RunConfig, TrainConfig, Training


def write_progress(
    folder: pathlib.Path,
    config: "TrainConfig",
    dataset: "Dataset",
    training: "Training",
    metrics: dict[str, Any] | None = None,
) -> None:
    """Write the best network so far, at the end with its errors on the test set, and the history."""
    from ...data import write_file
    from ...models import Checkpoint, write_checkpoint

    origin = {
        "train": dataclasses.asdict(config),
        "sources": training.sources,
        "data_config": dataset.config,
        "data_digest": dataset.digest,
        "best_epoch": training.best_epoch,
    }
    if metrics is not None:
        origin["metrics"] = nonfinite_to_null(metrics)
    checkpoint = Checkpoint(model=training.model, config=training.model_config, setting=training.setting, origin=origin)
    write_checkpoint(folder / CHECKPOINT, checkpoint)
    write_file(folder / HISTORY, _history_csv(training).encode())


def event_writer(folder: pathlib.Path) -> "Callable[[EpochRecord], None]":
    """Return a function that appends an epoch to the TensorBoard event files of a run; needs `tensorboardX`."""
    from tensorboardX import SummaryWriter  # pyright: ignore[reportMissingImports]

    writer = SummaryWriter(str(folder / EVENTS))

    def write(record: "EpochRecord") -> None:
        for name, value in dataclasses.asdict(record).items():
            if name != "epoch":
                writer.add_scalar(name, value, record.epoch)
        writer.flush()

    return write


def write_results(
    folder: pathlib.Path, config: "RunConfig", dataset: "Dataset", training: "Training", evaluation: "Evaluation"
) -> None:
    """Write the network, the history, the errors on the test set and the figures."""
    from ...data import write_file
    from ._train_plot import plot_history, plot_predictions

    write_progress(folder, config.train, dataset, training, evaluation.metrics)
    about = {"metrics": evaluation.metrics, "data_digest": dataset.digest, "best_epoch": training.best_epoch}
    write_file(folder / METRICS, json.dumps(nonfinite_to_null(about), indent=2).encode())
    write_file(folder / PICTURES[0], plot_history(training))
    write_file(folder / PICTURES[1], plot_predictions(dataset, training, evaluation))


def has_data(folder: pathlib.Path) -> bool:
    """Whether the folder of a run contains a finished data set."""
    from ...data import is_dataset, read_completion_record, read_manifest

    path = folder / DATA
    try:
        return is_dataset(path) and bool(read_completion_record(path, read_manifest(path)))
    except (InputError, IntegrityError):
        return False


def remove_run(folder: pathlib.Path, *, keep_data: bool) -> None:
    """Remove the files of a run by their names, and its subfolders if they are then empty."""
    from ...data import MANIFEST, SHARD_PATTERN
    from ...training import STATE_FILES

    names = [CONFIG, CHECKPOINT, METRICS, HISTORY, *PICTURES, STATE_FILES, f"{EVENTS}/events.*"]
    names += [] if keep_data else [f"{DATA}/{name}" for name in (SHARD_PATTERN, MANIFEST, FINISHED, LOCK)]
    for path in (path for name in names for path in list(folder.glob(name))):
        path.unlink(missing_ok=True)
    for path in (folder / EVENTS, folder / DATA):
        with contextlib.suppress(OSError):  # it does not exist, or is not empty
            path.rmdir()


def _history_csv(training: "Training") -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in dataclasses.fields(training.history[0])])
    writer.writeheader()
    writer.writerows(dataclasses.asdict(record) for record in training.history)
    return text.getvalue()


def report(folder: pathlib.Path, training: "Training", evaluation: "Evaluation") -> str:
    """Return a text with the errors on the test set."""
    m, rows = evaluation.metrics, training.split
    head = (
        f"test set: {m['n_test']} samples (training {rows.train.size}, validation {rows.validation.size}); "
        f"weights of epoch {training.best_epoch}"
    )
    written = f"written to {folder}: model.ckpt, predictions.png, history.png, history.csv, metrics.json, config.toml"
    return "\n".join([head, *_measures(m, training.setting.task), written])


def _measures(m: dict[str, Any], task: str) -> list[str]:
    mse = f"mean square error        {m['test_mse']:.3e}   (of the mean as prediction: {m['baseline_mse']:.3e})"
    gap = [
        f"1 - PCC, real axis       {m['dg_mean']:.3e}   (median {m['dg_median']:.3e})",
        f"distance, real axis      {m['gap_l2_mean']:.3e}   (relative; median {m['gap_l2_median']:.3e})",
    ]
    indent = " " * 8
    if task == "a2f-to-gap":
        return [f"  gap   {mse}", *(indent + line for line in gap)]
    recomputed = (
        f"  gap recomputed from the predicted a2F, {m['n_recomputed']} of {m['n_test']} samples "
        f"({m['n_normal']} normal, {m['n_not_converged']} not converged)"
    )
    by_noise = [
        f"{indent}1 - PCC, noise {name.removeprefix('df_mean_noise_'):<9} {m[name]:.3e}   "
        f"(median {m[name.replace('mean', 'median')]:.3e})"
        for name in m
        if name.startswith("df_mean_noise_")
    ]
    return [
        f"  a2F   {mse}",
        f"{indent}1 - PCC                  {m['df_mean']:.3e}   (median {m['df_median']:.3e})",
        *by_noise,
        recomputed,
        *(indent + line for line in gap),
        f"{indent}distance, imaginary axis {m['dg_iw_mean']:.3e}   (relative, mean)",
    ]
