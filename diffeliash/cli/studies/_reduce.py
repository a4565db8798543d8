"""The command `reduce`: reduction of complexity by autoencoders, the flow chart in Fig. 1 of arXiv:2007.07512."""

import dataclasses
import io
import json as json_module
import math
import os
import pathlib
import zipfile
import zlib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..._errors import InputError
from ..._inputs import LARGEST_INPUT, LARGEST_OWN_FILE, check_input, open_input
from ..._json import nonfinite_to_null
from .._interrupt import stop_if_requested
from ..arguments import check_folder, check_new_run, check_ranges, collect_errors, new_run
from ..terminal import DeviceOption, Json, RunFolder, print_json, session, start_jax

if TYPE_CHECKING:
    import numpy as np

    from ...analysis import ReduceConfig, Reduction
    from ...models import Setting

    Functions = tuple[np.ndarray, np.ndarray, Setting | None]


LARGEST_COMPRESSION_RATIO = 20
"""Largest ratio of the size of an array to that of its npz file; small arrays may exceed it."""


def reduce_command(
    data: Annotated[
        pathlib.Path,
        typer.Argument(
            readable=False, help="Data set of `generate`, or a .npz file with two arrays, `inputs` and `outputs`."
        ),
    ],
    run: RunFolder = None,
    dos: Annotated[bool, typer.Option("--dos", help="Use the density of states of a data set as the input.")] = False,
    good_enough: Annotated[
        float, typer.Option("--good-enough", help="Mean of 1 - PCC up to which a predictor counts as good.")
    ] = 0.02,
    tolerance: Annotated[
        float, typer.Option("--tolerance", help="Fraction of the variance that a sufficient bottleneck may lose.")
    ] = 0.02,
    latent_sizes: Annotated[
        str, typer.Option("--latent-sizes", help="Sizes of the bottlenecks to try.")
    ] = "1,2,4,8,16,24,32,64",
    epochs: Annotated[int, typer.Option("--epochs", help="Passes over the training set, for each network.")] = 40,
    batch_size: Annotated[int, typer.Option("--batch-size", help="Samples per update of the weights.")] = 64,
    seed: Annotated[int, typer.Option("--seed", help="Seed of all random numbers.")] = 0,
    device: DeviceOption = "auto",
    json: Json = False,
) -> None:
    """Train a predictor and, if it is not good, reduce the complexity of its outputs by an autoencoder.

    Autoencoders find how many latent dimensions inputs and outputs need. If the outputs need more, an autoencoder with
    the bottleneck of the inputs simplifies both together, and a new predictor is trained on the reconstructions.
    """
    options = {
        "good_enough": good_enough, "tolerance": tolerance, "epochs": epochs, "batch_size": batch_size, "seed": seed,
    }  # fmt: skip
    sizes = _sizes(latent_sizes)
    with session(json):
        is_data_set = os.path.isdir(data)
        with collect_errors() as check:
            check(check_ranges, "reduce", latent_sizes=sizes, **options)
            check(_check_order, sizes)
            if is_data_set:
                check(check_folder, data)
            else:
                check(check_input, data, largest=LARGEST_OWN_FILE)
            check(check_new_run, run)
        tables = None if is_data_set else _read_npz(data)
        start_jax(device)
        config = _config(**options, autoencoder_epochs=epochs, latent_sizes=sizes)
        functions = (*tables, None) if tables else _read(data, dos)
        with new_run(run) as folder:
            found = _reduce(functions, config)
            stop_if_requested()
            metrics = _metrics(found)
            _write(folder, functions, config, found, metrics)
        if json:
            print_json({"run": str(folder), "metrics": metrics})
        else:
            print(_report(found, folder))


def _config(**values: Any) -> "ReduceConfig":
    from ...analysis import ReduceConfig

    try:
        return ReduceConfig(**values)
    except ValueError as error:
        raise InputError(str(error)) from error


def _sizes(text: str) -> tuple[int, ...]:
    """Parse the sizes of the bottlenecks.

    Raises:
        typer.BadParameter: They are not integers separated by commas.
    """
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        wrong = f"--latent-sizes {text[:40]}: expected integers separated by commas."
        raise typer.BadParameter(wrong) from error


def _check_order(sizes: tuple[int, ...]) -> None:
    if list(sizes) != sorted(set(sizes)):
        text = ",".join(map(str, sizes[:10]))
        raise InputError(f"--latent-sizes {text[:40]}: the sizes must increase.")


def _read(path: pathlib.Path, dos: bool) -> "Functions":
    """Read inputs and outputs of a data set, and the setting of its networks."""
    from ...data import read_dataset
    from ...models import setting_of
    from ...training import TrainConfig, fields_for, make_examples

    task = "dos-to-a2f" if dos else "gap-to-a2f"
    config = TrainConfig(network="fully-connected", task=task)
    dataset = read_dataset(path, fields_for(config))
    examples = make_examples(config, dataset)
    return examples.inputs, examples.outputs, setting_of(dataset.config, task)


def _read_npz(path: pathlib.Path) -> "tuple[np.ndarray, np.ndarray]":
    hint = "Give a data set of `diffeliash generate`, or a file of numpy.savez(..., inputs=..., outputs=...)."
    with open_input(path) as file:
        try:
            size = file.seek(0, os.SEEK_END)
            with zipfile.ZipFile(file) as archive:
                return _table(archive, "inputs", size), _table(archive, "outputs", size)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error):
            why = "it lacks two arrays of numbers, `inputs` and `outputs`."
            raise InputError("cannot read inputs and outputs", where=str(path), why=why, hint=hint) from None


def _table(archive: zipfile.ZipFile, name: str, size: int) -> "np.ndarray":
    """Read an array of an npz file; a forged header cannot make it allocate more memory than the file has data.

    Raises:
        ValueError: It is not an array of numbers, or too large.
    """
    import numpy as np

    member = archive.getinfo(f"{name}.npy")
    if member.file_size > max(LARGEST_INPUT, LARGEST_COMPRESSION_RATIO * size):
        raise ValueError
    with archive.open(member) as part:
        version = np.lib.format.read_magic(part)
        read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        shape, fortran_order, dtype = read_header[version](part)
        if dtype.kind not in "fiuc" or member.file_size - part.tell() != math.prod(shape) * dtype.itemsize:
            raise ValueError
        return np.frombuffer(part.read(), dtype).reshape(shape, order="F" if fortran_order else "C")


def _reduce(functions: "Functions", config: "ReduceConfig") -> "Reduction":
    from ...analysis import reduce_complexity
    from ..terminal import progress_bar

    n_networks = 3 + 2 * len(config.latent_sizes)
    seen: dict[str, int] = {}
    with progress_bar("training", n_networks) as update:

        def show(name: str, epoch: int, loss: float) -> None:
            number = seen.setdefault(name, len(seen) + 1)
            update(number - 1, f"{name}, epoch {epoch}, loss {loss:.4f}")

        found = reduce_complexity(functions[0], functions[1], config, progress=show)
        update(n_networks, found.verdict)
    return found


def _metrics(found: "Reduction") -> dict[str, Any]:
    scans = {
        f"{name}_{key}": value
        for name, scan in (("inputs", found.inputs), ("outputs", found.outputs))
        if scan
        for key, value in (
            ("latent_size", scan.chosen),
            ("sufficient", scan.sufficient),
            ("latent_sizes", list(scan.sizes)),
            ("unexplained", list(scan.unexplained)),
        )
    }
    new = {name: getattr(found, name) for name in ("new_error", "new_error_raw", "new_error_original")}
    new = new if found.verdict == "reduced" else {}
    return {"verdict": found.verdict, "error": found.error} | scans | new


def _write(
    folder: pathlib.Path, functions: "Functions", config: "ReduceConfig", found: "Reduction", metrics: dict[str, Any]
) -> None:
    import numpy as np

    from ...data import write_file
    from ...models import Checkpoint, write_checkpoint, write_envelope
    from ._reduce_plot import plot_reduction

    origin = {"reduce": dataclasses.asdict(config)}
    for name, model in (("predictor.ckpt", found.predictor), ("new-predictor.ckpt", found.new_predictor)):
        if model is not None:
            checkpoint = Checkpoint(model=model, config=found.predictor_config, setting=functions[2], origin=origin)
            write_checkpoint(folder / name, checkpoint)
    if found.autoencoder is not None:
        write_envelope(folder / "autoencoder.ckpt", "autoencoder", origin, found.autoencoder)
        buffer = io.BytesIO()
        np.savez(buffer, inputs=np.float32(found.new_inputs), outputs=np.float32(found.new_outputs))
        write_file(folder / "reduced.npz", buffer.getvalue())
    write_file(folder / "metrics.json", json_module.dumps(nonfinite_to_null(metrics), indent=2).encode())
    write_file(folder / "reduction.png", plot_reduction(functions[0], functions[1], found, config.tolerance))


def _report(found: "Reduction", folder: pathlib.Path) -> str:
    lines = [f"predictor: 1 - PCC {found.error:.4f} (test rows, mean)"]
    for name, scan in (("inputs", found.inputs), ("outputs", found.outputs)):
        if scan:
            lost = f"{100 * scan.unexplained[-1]:.2g} % of the variance unexplained"
            more = "" if scan.sufficient else ", not sufficient: larger --latent-sizes are needed"
            lines.append(f"{name}: {scan.chosen} latent dimensions, {lost}{more}")
    if found.new_error is not None:
        lines.append("new predictor, 1 - PCC:")
        lines.append(f"  {found.new_error:.4f} from inputs after the autoencoder to outputs after the autoencoder")
        lines.append(f"  {found.new_error_raw:.4f} from original inputs to outputs after the autoencoder")
        lines.append(f"  {found.new_error_original:.4f} from original inputs to original outputs")
    return "\n".join([*lines, f"verdict: {found.verdict}", f"written to {folder}"])
