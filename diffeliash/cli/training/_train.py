"""The command `train`: train and evaluate a network."""

import contextlib
import dataclasses
import math
import pathlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..._errors import ConvergenceError, DeviceError, InputError
from .._interrupt import stop_if_requested
from ..arguments import CONFIG, DATA, check_new_run, check_ranges, check_resumable, collect_errors, new_run
from ..datasets import generate_with_progress, summary
from ..terminal import (
    NO_DEVICE,
    DeviceOption,
    Json,
    Resume,
    RunFolder,
    disconnect,
    exit_without_waiting,
    print_json,
    session,
    start_jax,
    tell,
)
from ._train_checks import (
    DISTRIBUTED_NEEDS,
    check_config,
    check_data,
    check_distributed,
    check_extras,
    check_names,
    option_of,
    reusable_contents,
)
from ._train_results import event_writer, has_data, remove_run, report, write_progress, write_results

if TYPE_CHECKING:
    from ...data import Dataset
    from ...training import EpochRecord, Evaluation, RunConfig, TrainConfig, Training


def train_command(
    data: Annotated[
        pathlib.Path | None,
        typer.Argument(readable=False, help="Data set of `diffeliash generate`.", show_default="a new one is made"),
    ] = None,
    run: RunFolder = None,
    resume: Resume = False,
    config: Annotated[
        pathlib.Path | None,
        typer.Option("--config", readable=False, help="Configuration file (TOML); options take precedence over it."),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset",
            help="Built-in configuration: paper-simple, paper-complex, paper-dos, physics, quick.",
        ),
    ] = None,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Print the complete configuration (TOML) and exit.")
    ] = False,
    task: Annotated[
        str | None,
        typer.Option("--task", help="gap-to-a2f, dos-to-a2f or a2f-to-gap.", show_default="gap-to-a2f"),
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(
            "--network",
            help="inversion (with the Eliashberg equations inside) or fully-connected.",
            show_default="inversion; fully-connected if another input, --noise or --equation-weight is given",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            help="Network of your own, MODULE:CLASS or FILE.py:CLASS, in place of --network; see docs/training.md.",
            show_default="none",
        ),
    ] = None,
    model_options: Annotated[
        list[str] | None,
        typer.Option("--model-option", metavar="NAME=VALUE", help="Argument of the class of --model, as in width=64."),
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option(
            "--loss",
            help="Loss function of your own, MODULE:FUNCTION or FILE.py:FUNCTION, in place of the error of the labels.",
            show_default="none",
        ),
    ] = None,
    family: Annotated[
        str | None,
        typer.Option(
            "--family",
            help="Family of the spectral functions if no data set is given: a name, or MODULE:CLASS of your own.",
            show_default="complex",
        ),
    ] = None,
    num_samples: Annotated[
        int | None,
        typer.Option(
            "--num-samples",
            help="Samples drawn if no data set is given; only accepted ones are stored.",
            show_default="4000",
        ),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option("--epochs", help="Passes over the training set.", show_default="40")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", help="Samples per update of the weights.", show_default="64")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option("--learning-rate", help="Initial learning rate of Adam.", show_default="1e-3")
    ] = None,
    schedule: Annotated[
        str | None,
        typer.Option(
            "--schedule",
            help="Schedule of the learning rate: cosine, constant, exponential or warmup-cosine.",
            show_default="cosine",
        ),
    ] = None,
    gradient_clip: Annotated[
        float | None,
        typer.Option("--gradient-clip", help="Largest norm of a gradient; 0 is no limit.", show_default="0"),
    ] = None,
    averaging: Annotated[
        float | None,
        typer.Option(
            "--averaging",
            help="Use weights averaged over about 1 / (1 - AVERAGING) updates, as in 0.999; 0 is no average.",
            show_default="0",
        ),
    ] = None,
    max_labels: Annotated[
        int | None,
        typer.Option("--max-labels", help="Number of training samples whose labels are used.", show_default="all"),
    ] = None,
    noise: Annotated[
        float | None,
        typer.Option(
            "--noise",
            help="Noise added to the inputs of a fully connected network, relative to the largest value of each.",
            show_default="0",
        ),
    ] = None,
    largest_noise: Annotated[
        float | None,
        typer.Option(
            "--largest-noise",
            help="Largest noise for which an inversion network is trained, relative to the largest |Delta|.",
            show_default="0.2",
        ),
    ] = None,
    equation_weight: Annotated[
        float | None,
        typer.Option(
            "--equation-weight",
            help="Weight of the loss of samples without label by the real-axis equations, linear in a2F; 1 is a good "
            "value.",
            show_default="0",
        ),
    ] = None,
    solver_weight: Annotated[
        float | None,
        typer.Option(
            "--solver-weight",
            help="Weight of the consistency loss that solves the Eliashberg equations for every predicted a2F and "
            "differentiates through the solver; 30 is a good value.",
            show_default="0",
        ),
    ] = None,
    solver_epochs: Annotated[
        int | None,
        typer.Option("--solver-epochs", help="Passes with the consistency loss, after the others.", show_default="5"),
    ] = None,
    posterior_epochs: Annotated[
        int | None,
        typer.Option(
            "--posterior-epochs",
            help="Passes in which an inversion network learns the posterior distribution, for error bars.",
            show_default="40",
        ),
    ] = None,
    online: Annotated[
        bool | None,
        typer.Option(
            "--online/--no-online",
            help="Draw and solve new samples for every epoch; the data set serves for scales, validation and test.",
            show_default="no-online",
        ),
    ] = None,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write TensorBoard event files (needs the extra `tensorboard`).")
    ] = False,
    distributed: Annotated[
        str | None,
        typer.Option(
            "--distributed",
            help="Train as one of several processes, with all their devices: auto under Slurm or Open MPI, else "
            "ADDRESS:PORT,COUNT,INDEX. Needs DATA and --run, or --run and --resume.",
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of all random numbers.", show_default="0")] = None,
    device: DeviceOption = "auto",
    json: Json = False,
) -> None:
    """Train a network that predicts a2F from gap functions, and evaluate it on a test set.

    Without DATA a data set is generated first. A run may be interrupted or killed at any time; --resume completes it,
    with the same result.
    """
    check_names(task, preset, network, schedule)
    numbers = {
        "epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate, "max_labels": max_labels,
        "noise": noise, "largest_noise": largest_noise, "equation_weight": equation_weight,
        "solver_weight": solver_weight, "solver_epochs": solver_epochs, "posterior_epochs": posterior_epochs,
        "gradient_clip": gradient_clip, "averaging": averaging, "seed": seed,
    }  # fmt: skip
    texts = {"task": task, "network": network, "model": model, "loss": loss, "schedule": schedule}
    options = dict(map(option_of, model_options or []))
    with session(json):
        asked: dict[str, Any] = {
            name: value for name, value in (texts | numbers | {"online": online}).items() if value is not None
        }
        asked |= {"model_options": options} if options else {}
        with collect_errors() as check:
            check(check_ranges, "train", num_samples=num_samples, **numbers)
            check(check_config, config, preset)
            check(check_data, data, num_samples, family)
            check(check_extras, tensorboard=tensorboard)
            if distributed:
                check(check_distributed, distributed, named=run is not None and bool(data or config or resume))
            if resume:
                with_others = asked or config or preset or data or num_samples or family
                others = "give only --run, and neither a data set nor other options" if with_others else ""
                check(check_resumable, run, CONFIG, others=others)
            elif not print_config:
                check(check_new_run, run, may_hold=reusable_contents(run, data))
        if not print_config:
            start_jax(device, distributed)
        wanted = (
            _config(run / CONFIG, None, {}) if resume and run else _config(config, preset, asked, num_samples, family)
        )
        if data is not None:
            wanted = dataclasses.replace(wanted, dataset=str(data.absolute()))
        if print_config:
            print(wanted.as_toml(), end="")
            return
        if distributed and not wanted.dataset:
            raise InputError(DISTRIBUTED_NEEDS)
        folder, found = _run_in_folder(wanted, run, resume=resume, tensorboard=tensorboard)
        if found and json:
            print_json({"run": str(folder), "metrics": found[0]})
        elif found:
            print(found[1])


def _config(
    path: pathlib.Path | None,
    preset: str | None,
    asked: dict[str, Any],
    num_samples: int | None = None,
    family: str | None = None,
) -> "RunConfig":
    """Return the configuration of a file or preset, with the given options in place of its values."""
    from ...data import make_family
    from ...training import RunConfig, other_defaults, read_preset, read_run_config

    if path is None and preset is None:
        asked = other_defaults(asked) | asked
    found = read_run_config(path) if path else read_preset(preset) if preset else RunConfig()
    data: dict[str, Any] = {
        name: value for name, value in (("num_samples", num_samples), ("seed", asked.get("seed"))) if value is not None
    }
    try:
        data |= {"family": make_family(family)} if family else {}
        return dataclasses.replace(
            found, train=dataclasses.replace(found.train, **asked), data=dataclasses.replace(found.data, **data)
        )
    except ValueError as error:
        raise InputError(str(error)) from error


def _run_in_folder(
    config: "RunConfig", run: pathlib.Path | None, *, resume: bool, tensorboard: bool
) -> "tuple[pathlib.Path, tuple[dict[str, Any], str] | None]":
    """Run in the folder of the run to resume, or in a new one.

    If a new run fails with an error that would occur again, its files are removed; its data set is kept if only the
    training failed.
    """
    from ...training import fail_together, is_main_process

    with contextlib.ExitStack() as stack:
        if resume and run:
            folder = run
        else:
            _check_batch_size(config)
            with fail_together():  # the first of several processes makes the folder
                may_hold = reusable_contents(run, config.dataset)
                folder = stack.enter_context(new_run(run, may_hold)) if run is None or is_main_process() else run
        had_data = has_data(folder)
        try:
            log = event_writer(folder) if tensorboard and is_main_process() else lambda record: None
            return folder, _run(config, folder, log, resume=resume)
        except (InputError, ConvergenceError) as error:
            if resume or not is_main_process():
                raise
            made = not config.dataset and has_data(folder)
            keep = had_data or (made and isinstance(error, ConvergenceError))
            remove_run(folder, keep_data=keep)
            if keep:
                tell(f"the data set in {folder / DATA} is complete and kept; --run {folder} uses it again")
            raise


def _check_batch_size(config: "RunConfig") -> None:
    """Check that the data set to be made, or the labels, can fill one batch.

    Raises:
        InputError: They cannot, even if all samples are stored.
    """
    from ...data import split_rows
    from ...training import COPIES

    copies = COPIES if config.train.network == "inversion" else 1
    n, size = config.data.num_samples, -(-config.train.batch_size // copies)
    labels = math.inf if config.train.equation_weight else config.train.max_labels
    n_train = math.inf if config.dataset or n >= 2 * size else split_rows(n, seed=0).train.size
    if min(n_train, labels) < size:
        what = f"{labels} labels" if labels < n_train else f"{n_train} training samples, of {n} in all,"
        hint = "Give more samples or labels, or use a smaller --batch-size."
        raise InputError(f"{what} do not fill one batch of {config.train.batch_size}.", hint=hint)


def _run(
    config: "RunConfig", folder: pathlib.Path, log: "Callable[[EpochRecord], None]", *, resume: bool
) -> tuple[dict[str, Any], str] | None:
    """Train, evaluate and write the results; return errors and report, `None` for all processes but the first."""
    from ...data import write_file
    from ...training import fail_together, is_distributed, is_main_process, sources_of

    with fail_together():
        sources = sources_of(config.train)  # before a data set is made for a network that cannot be imported
        dataset = _read_data(config, folder, resume=resume)
        if is_main_process():
            write_file(folder / CONFIG, config.as_toml().encode())
    training = _train(config.train, dataset, folder, log, sources)
    if is_distributed():
        disconnect()
    if not is_main_process():
        return None
    evaluation = _evaluate(config.train, dataset, training)
    stop_if_requested()
    write_results(folder, config, dataset, training, evaluation)
    return evaluation.metrics, report(folder, training, evaluation)


def _read_data(config: "RunConfig", folder: pathlib.Path, *, resume: bool) -> "Dataset":
    from ...data import DONE, read_dataset, write_file
    from ...training import fields_for

    path = pathlib.Path(config.dataset or folder / DATA)
    if not config.dataset:
        write_file(folder / CONFIG, config.as_toml().encode())
        there = (path / DONE).exists()
        if not resume or not there:
            tell(f"{'checking the' if there else 'making a'} data set of {config.data.num_samples} samples in {path}")
            try:
                tell(summary(generate_with_progress(config.data, path, resume=resume or there), path))
            except SystemExit:  # a signal
                _tell_how_to_resume(folder)
                raise
    return read_dataset(path, fields_for(config.train))


def _train(
    config: "TrainConfig",
    dataset: "Dataset",
    folder: pathlib.Path,
    log: "Callable[[EpochRecord], None]",
    sources: dict[str, str],
) -> "Training":
    from ...training import StateFiles, is_distributed, is_main_process, train
    from ..terminal import successive_bars

    say = tell if is_main_process() else lambda text: None
    identity: dict[str, Any] = {"train": dataclasses.asdict(config) | {"hidden_sizes": list(config.hidden_sizes)}}
    files = StateFiles(folder, identity | {"data": dataset.digest, "sources": sources})
    total = config.epochs + (config.solver_epochs if config.solver_weight else 0)
    total += config.posterior_epochs if config.network == "inversion" else 0
    started = time.perf_counter()
    if config.equation_weight:
        say("inverting the gap functions of the samples without label")
    if config.network == "inversion":
        say("compiling the inversion of gap functions takes about 15 s")
    if config.solver_weight:
        say("compiling the training step through the solver takes about a minute before its first epoch")
    bars = successive_bars() if is_main_process() else contextlib.nullcontext(_check_for_signal)
    with bars as update:

        def show(record: "EpochRecord") -> None:
            log(record)
            parts = [f"MSE training {record.train_mse:.3g}"] if record.train_mse else []
            parts += [f"validation {record.validation_mse:.3g}"] if record.validation_mse else []
            parts += [f"equations {record.equation:.5f}"] if record.equation else []
            parts += [f"validation {record.validation_equation:.5f}"] if record.validation_equation else []
            parts += [f"solver {record.solver:.2e}"] if record.solver else []
            if record.posterior:
                parts += [f"posterior {record.posterior:.3f}, validation {record.validation_posterior:.3f}"]
            update("training", total, record.epoch, ", ".join(parts))

        try:
            training = train(
                config,
                dataset,
                preparing=lambda done, all_of_them: update("inverting gap functions", all_of_them, done, ""),
                progress=show,
                files=files,
                saved=lambda now: write_progress(folder, config, dataset, now),
            )
        except (SystemExit, DeviceError):  # a signal, or the end of another process
            _tell_how_to_resume(folder)
            raise
        except RuntimeError as error:  # raised by JAX during a sum over all processes
            if not is_distributed():
                raise
            exit_without_waiting(NO_DEVICE)
            _tell_how_to_resume(folder)
            raise DeviceError("another process of this run has stopped.") from error
    say(f"trained in {time.perf_counter() - started:.0f} s")
    return training


def _tell_how_to_resume(folder: pathlib.Path) -> None:
    from ...training import is_main_process

    if is_main_process():
        tell(f"resume the run by: diffeliash train --run {folder} --resume")


def _check_for_signal(title: str, total: int, done: int, remark: str) -> None:
    """Check for signals in a process that shows no progress, since it is not the first one."""
    del title, total, done, remark
    stop_if_requested()


def _evaluate(config: "TrainConfig", dataset: "Dataset", training: "Training") -> "Evaluation":
    from ...data import as_features
    from ...models import InversionNetwork, network_inputs
    from ...training import errors_by_noise, evaluate, make_examples

    rows, model = training.split.test, training.model
    if config.task != "a2f-to-gap":
        tell(f"recomputing the gap functions of {rows.size} predicted spectra")
    if isinstance(model, InversionNetwork):
        inputs = network_inputs(model, as_features(dataset.Delta[rows]), 0.0)
        others = errors_by_noise(model, dataset, rows, largest=config.largest_noise, seed=config.seed)
    else:
        inputs, others = make_examples(config, dataset).inputs[rows], {}
    mean = model.standardization.output_mean
    found = evaluate(model, training.setting, dataset, rows, inputs=inputs, mean_output=mean)
    return dataclasses.replace(found, metrics=found.metrics | others)
