"""`diffeliash train`: the main job."""

import contextlib
import csv
import dataclasses
import io
import json as json_module
import pathlib
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._errors import InputError, StorageError
from ._generate import default_config, generate_with_progress, summary
from ._interrupt import stop_if_requested
from ._options import DeviceOption, Json, Seed
from ._session import finite, print_json, session, tell

if TYPE_CHECKING:
    from ..data import Dataset
    from ..training import Evaluation, TrainConfig, Training

CHECKPOINT = "model.ckpt"
"""Name of the checkpoint in a run folder."""


def train_command(
    data: Annotated[
        pathlib.Path | None,
        typer.Argument(help="Data set of `diffeliash generate`.", show_default="a small one is made first"),
    ] = None,
    run: Annotated[
        pathlib.Path | None, typer.Option("--run", help="Folder for the results.", show_default="runs/001 and on")
    ] = None,
    num_samples: Annotated[
        int, typer.Option("--num-samples", help="Samples drawn if no data set is given; about half are kept.")
    ] = 4000,
    epochs: Annotated[int, typer.Option("--epochs", help="Passes over the training rows.")] = 40,
    batch_size: Annotated[int, typer.Option("--batch-size", help="Rows per update.")] = 64,
    learning_rate: Annotated[float, typer.Option("--learning-rate", help="Of Adam, at the start.")] = 1e-3,
    consistency_weight: Annotated[
        float,
        typer.Option(
            "--consistency-weight",
            help="Weight of the physics-consistency loss, which solves the Eliashberg equations for every predicted "
            "a2F and differentiates through the solver; 0 switches it off, 0.03 is a good value.",
        ),
    ] = 0.0,
    consistency_epochs: Annotated[
        int, typer.Option("--consistency-epochs", help="Further passes with it, after the others.")
    ] = 5,
    seed: Seed = 0,
    device: DeviceOption = "auto",
    json: Json = False,
) -> None:
    """Train a network from gap functions to a2F, and evaluate it; without DATA, on a small data set made first."""
    with session(json, device):
        config = _train_config(
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            consistency_weight=consistency_weight,
            consistency_epochs=consistency_epochs,
            seed=seed,
        )
        generate_config = default_config(num_samples, seed)
        folder = _new_run(run)
        try:
            dataset = _read_data(data, generate_config, folder)
            training, evaluation = _train_and_evaluate(config, dataset)
            stop_if_requested()
            _write_run(folder, config, dataset, training, evaluation)
        finally:
            _remove_if_empty(folder)
        if json:
            print_json({"run": str(folder), "metrics": evaluation.metrics})
        else:
            print(_report(folder, training, evaluation))


def _train_config(**values: Any) -> "TrainConfig":
    from ..training import TrainConfig

    try:
        return TrainConfig(**values)
    except ValueError as error:
        raise InputError(str(error)) from error


def _new_run(run: pathlib.Path | None) -> pathlib.Path:
    """A folder that is new: the one named, or the next free number in `runs`."""
    if run is None:
        taken = [int(path.name) for path in pathlib.Path("runs").glob("*") if path.name.isdecimal()]
        run = pathlib.Path("runs") / f"{max(taken, default=0) + 1:03d}"
    try:
        run.mkdir(parents=True, exist_ok=True)
        occupied = any(run.iterdir())
    except OSError as error:
        raise StorageError("cannot write", where=str(run), why=f"{error.strerror}.") from error
    if occupied:
        raise StorageError("will not overwrite", where=str(run), why="it is not empty.", hint="Choose another --run.")
    return run


def _remove_if_empty(folder: pathlib.Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()


def _read_data(data: pathlib.Path | None, config: Any, run: pathlib.Path) -> "Dataset":
    from ..data import read_dataset

    if data is None:
        data = run / "data"
        tell(f"making a data set of {config.num_samples} random samples in {data}")
        tell(summary(generate_with_progress(config, data), data))
    return read_dataset(data)


def _train_and_evaluate(config: "TrainConfig", dataset: "Dataset") -> tuple["Training", "Evaluation"]:
    from ..training import evaluate, train
    from ._progress import progress_bar

    total = config.epochs + (config.consistency_epochs if config.consistency_weight else 0)
    started = time.perf_counter()
    with progress_bar("training", total) as update:
        training = train(
            config,
            dataset,
            progress=lambda record: update(
                record.epoch,
                f"MSE training {record.train_mse:.5f}, validation {record.validation_mse:.5f}"
                + (f", consistency {record.consistency:.2e}" if record.consistency else ""),
            ),
        )
    seconds = time.perf_counter() - started
    tell(f"trained in {seconds:.0f} s; recomputing the gap functions of {training.split.test.size} predicted spectra")
    mean = training.model.standardization.output_mean
    return training, evaluate(training.model, training.setting, dataset, training.split.test, mean_spectrum=mean)


def _write_run(
    folder: pathlib.Path, config: "TrainConfig", dataset: "Dataset", training: "Training", evaluation: "Evaluation"
) -> None:
    from ..data import write_file
    from ..models import Checkpoint, write_checkpoint
    from ._train_plot import plot_history, plot_predictions

    origin = {
        "train": dataclasses.asdict(config),
        "data_config": dataset.config,
        "data_digest": dataset.digest,
        "best_epoch": training.best_epoch,
        "metrics": finite(evaluation.metrics),
    }
    checkpoint = Checkpoint(model=training.model, config=training.model_config, setting=training.setting, origin=origin)
    write_checkpoint(folder / CHECKPOINT, checkpoint)
    write_file(folder / "config.json", json_module.dumps(origin | {"metrics": None}, indent=2).encode())
    write_file(folder / "metrics.json", json_module.dumps(finite(evaluation.metrics), indent=2).encode())
    write_file(folder / "history.csv", _history_csv(training).encode())
    write_file(folder / "history.png", plot_history(training))
    write_file(folder / "predictions.png", plot_predictions(dataset, training, evaluation))


def _history_csv(training: "Training") -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in dataclasses.fields(training.history[0])])
    writer.writeheader()
    writer.writerows(dataclasses.asdict(record) for record in training.history)
    return text.getvalue()


def _report(folder: pathlib.Path, training: "Training", evaluation: "Evaluation") -> str:
    m = evaluation.metrics
    return f"""\
test set: {m["n_test"]} samples (training {training.split.train.size}, validation {training.split.validation.size}); weights of epoch {training.best_epoch}
  a2F   mean square error        {m["test_mse"]:.3e}   (always answering the mean spectrum: {m["baseline_mse"]:.3e})
        1 - PCC                  {m["df_mean"]:.4f}      (median {m["df_median"]:.4f})
  gap recomputed from the predicted a2F, {m["n_recomputed"]} of {m["n_test"]} samples ({m["n_normal"]} normal, {m["n_not_converged"]} not converged)
        1 - PCC, real axis       {m["dg_mean"]:.5f}     (median {m["dg_median"]:.5f})
        distance, imaginary axis {m["dg_iw_mean"]:.5f}     (relative, mean)
written to {folder}: model.ckpt, predictions.png, history.png, history.csv, metrics.json, config.json"""  # noqa: E501
