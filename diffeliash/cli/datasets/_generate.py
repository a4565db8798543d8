"""The command `generate`: make a data set of random spectral functions."""

import dataclasses
import pathlib
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..._errors import InputError, StorageError
from .._interrupt import set_shutdown_timeout
from ..arguments import check_ranges, collect_errors, status_of
from ..terminal import NOT_CONVERGED, DeviceOption, Family, Json, print_json, session, start_jax, tell
from ._workers import choose_worker

if TYPE_CHECKING:
    from ...data import GenerateConfig, GenerateReport

SPEED_WINDOW = 10.0
"""Time over which the displayed samples per second are averaged [s]."""

SHUTDOWN_TIMEOUT = 3.0
"""Time after a signal within which computed shards are still written [s]; a compilation may take longer."""

SHUTDOWN_MESSAGE = "Complete files are kept; finish the data set by --resume."
"""Message of a run that a signal ends."""


def generate_command(
    out: Annotated[
        pathlib.Path,
        typer.Argument(readable=False, help="Folder of the data set, new or empty; see also --resume."),
    ],
    family: Annotated[
        Family | None,
        typer.Option("--family", help="Family of spectral functions; see docs/data.md.", show_default="complex"),
    ] = None,
    parameters: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", metavar="NAME=VALUE", help="Parameter of the family, as in lambda_max=1.5."),
    ] = None,
    num_samples: Annotated[
        int | None,
        typer.Option("--num-samples", help="Samples drawn; only accepted ones are stored.", show_default="1000"),
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of all random numbers.", show_default="0")] = None,
    temperature: Annotated[
        float | None, typer.Option("--temperature", "-T", help="Temperature [K].", show_default="1.16")
    ] = None,
    mu_star: Annotated[
        float | None, typer.Option("--mu-star", help="Coulomb pseudopotential mu*(omega_c).", show_default="0.1")
    ] = None,
    omega_c: Annotated[float | None, typer.Option("--omega-c", help="Cutoff of mu* [meV].", show_default="100")] = None,
    matsubara_cutoff: Annotated[
        float | None, typer.Option("--matsubara-cutoff", help="Cutoff of the Matsubara sums [meV].", show_default="220")
    ] = None,
    broadening: Annotated[
        float | None,
        typer.Option(
            "--broadening", help="Distance Gamma of the line w + i Gamma from the real axis [meV].", show_default="0.1"
        ),
    ] = None,
    max_error: Annotated[
        float | None,
        typer.Option(
            "--max-error",
            help="Largest accepted error of Delta, relative to its maximum; other samples are rejected.",
            show_default="1e-6",
        ),
    ] = None,
    with_tc: Annotated[bool | None, typer.Option("--with-tc", help="Compute and store T_c of every sample.")] = None,
    shard_size: Annotated[
        int | None, typer.Option("--shard-size", help="Samples drawn for each file.", show_default="512")
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Complete the data set in this folder. Options not given are those of the data set.",
        ),
    ] = False,
    shard_index: Annotated[
        int | None,
        typer.Option("--shard-index", help="Number of this worker, from 0.", show_default="task of a SLURM array"),
    ] = None,
    num_shards: Annotated[
        int | None,
        typer.Option(
            "--num-shards",
            help="Number of workers, which divide the files of one data set among them.",
            show_default="tasks of a SLURM array",
        ),
    ] = None,
    device: DeviceOption = "auto",
    json: Json = False,
) -> None:
    """Draw random spectral functions, solve the Eliashberg equations, and store the gap functions near the real axis.

    Samples in the normal state, and those whose solution or continuation is not accurate enough, are counted but not
    stored. A run may be interrupted or killed at any time, and completed by --resume.
    """
    given = [_parameter(text) for text in parameters or []]
    with session(json):
        with collect_errors() as check:
            check(
                check_ranges, "generate", num_samples=num_samples, seed=seed, temperature=temperature, mu_star=mu_star,
                omega_c=omega_c, matsubara_cutoff=matsubara_cutoff, broadening=broadening, max_error=max_error,
                shard_size=shard_size, shard_index=shard_index, num_shards=num_shards,
            )  # fmt: skip
            check(_check_names, given)
            check(choose_worker, shard_index, num_shards)
            check(_check_out, out)
        worker = choose_worker(shard_index, num_shards, say=tell)
        if not resume and worker[1] == 1:
            _refuse_occupied(out)
        start_jax(device)
        from ...data import MANIFEST, SHARD_PATTERN, is_dataset

        set_shutdown_timeout(SHUTDOWN_TIMEOUT, SHUTDOWN_MESSAGE)
        asked = {
            "num_samples": num_samples, "seed": seed, "T": temperature, "mu_star": mu_star, "omega_c": omega_c,
            "matsubara_cutoff": matsubara_cutoff, "broadening": broadening, "max_error": max_error,
            "with_T_c": with_tc, "shard_size": shard_size,
        }  # fmt: skip
        config = _config(out if resume else None, family, dict(given), asked)
        if resume and not is_dataset(out):
            what = (
                f"{config.num_samples} samples of the family {config.as_dict()['family']['name']}, seed {config.seed}"
            )
            tell(f"note: {out}: there is no data set to resume; making a new one of {what}")
        try:
            report = generate_with_progress(config, out, resume=resume, worker=worker)
        except SystemExit:
            if (out / MANIFEST).exists():
                tell(
                    f"{len(list(out.glob(SHARD_PATTERN)))} of {config.n_shards} files are complete; "
                    "finish the data set by --resume."
                )
            raise
        for problem in report.replaced:
            tell(f"made again: {problem}")
        if json:
            print_json(dataclasses.asdict(report))
        else:
            print(summary(report, out))
        if report.digest and not report.n_kept:
            tell("error: no sample was accepted.")
            raise typer.Exit(NOT_CONVERGED)


def _check_out(out: pathlib.Path) -> None:
    """Check that a path is a folder or does not exist."""
    if status_of(out) is not None and not out.is_dir():
        raise StorageError("cannot write", where=str(out), why="it is not a folder.", hint="Choose another name.")


def _refuse_occupied(out: pathlib.Path) -> None:
    """Refuse a folder that is not empty; temporary files, whose names begin with a dot, do not count."""
    if out.is_dir() and any(not path.name.startswith(".") for path in out.iterdir()):
        hint = "Complete a data set by --resume, choose another name, or remove the folder."
        raise StorageError("will not overwrite", where=str(out), why="it exists and is not empty.", hint=hint)


def _parameter(text: str) -> tuple[str, float | int]:
    """Parse NAME=VALUE into a name and a number.

    Raises:
        typer.BadParameter: The text has another form.
    """
    name, _, value = text.partition("=")
    try:
        return name, int(value) if value.strip().isdecimal() else float(value)
    except ValueError as error:
        raise typer.BadParameter(f"--parameter {text[:80]}: expected NAME=NUMBER.") from error


def _check_names(given: list[tuple[str, float | int]]) -> None:
    names = [name for name, _ in given]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise InputError(f"--parameter {', '.join(twice)[:80]} is given twice.")


def _config(
    folder: pathlib.Path | None, family: str | None, parameters: dict[str, Any], asked: dict[str, Any]
) -> "GenerateConfig":
    """Return the requested configuration; options not given are those of the data set to resume, or the defaults."""
    from ...data import MANIFEST, GenerateConfig, config_of, make_family, read_manifest

    asked = {name: value for name, value in asked.items() if value is not None}
    try:
        if folder is None or not (folder / MANIFEST).exists():
            return GenerateConfig(family=make_family(family or "complex", **parameters), **asked)
        begun = read_manifest(folder).config
        if family in (None, begun["family"]["name"]):
            parameters = begun["family"] | parameters
        else:
            parameters = {"name": family} | parameters
        return dataclasses.replace(config_of(begun), family=make_family(**parameters), **asked)
    except (ValueError, TypeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(str(error)) from error


def generate_with_progress(
    config: "GenerateConfig", folder: pathlib.Path, *, resume: bool = False, worker: tuple[int, int] = (0, 1)
) -> "GenerateReport":
    """Generate a data set, or the part of one worker, with a progress bar."""
    from ...data import generate, shard_name, shards_of_worker
    from ..terminal import progress_bar

    own = shards_of_worker(config, *worker)
    total = sum(config.samples_in(shard) for shard in own)
    begun = sum(config.samples_in(shard) for shard in own if (folder / shard_name(shard)).exists())
    with progress_bar("solving", total) as update:
        return generate(
            config,
            folder,
            resume=resume,
            shard_index=worker[0],
            num_shards=worker[1],
            progress=_counter(update, begun, total),
        )


def _counter(update: Callable[[int, str], None], begun: int, total: int) -> Callable[[dict[str, int]], None]:
    """Return a function that shows the number of samples of each status so far, and the samples per second.

    Args:
        update: Function of the progress bar.
        begun: Number of samples in existing shards, which are only checked.
        total: Number of samples at the end.
    """
    seen = deque(maxlen=1000)

    def show(counts: dict[str, int]) -> None:
        done, now = sum(counts.values()), time.monotonic()
        if done < begun:
            speed = "checking, "
        else:
            seen.append((now, done))
            while now - seen[0][0] > SPEED_WINDOW:
                seen.popleft()
            made = done - seen[0][1]
            speed = f"{made / max(now - seen[0][0], 1e-9):.0f}/s, " if made else ""
            if done == begun < total:
                speed = "compiling, "
        rejected = done - counts["kept"] - counts["normal"]
        update(done, f"{speed}kept {counts['kept']}, normal {counts['normal']}, rejected {rejected}")

    return show


def summary(report: "GenerateReport", folder: pathlib.Path) -> str:
    """Return a line about the samples, files and digest of a data set."""
    reasons = ", ".join(f"{n} {name}" for name, n in report.reasons.items() if n and name not in ("kept", "normal"))
    drawn = sum(report.reasons.values())
    wanted = f"{drawn}" if drawn == report.n_requested else f"{drawn} drawn so far, {report.n_requested} in all"
    line = (
        f"{folder}: {report.n_kept} samples kept of {wanted} ({report.n_normal} normal, "
        f"{report.n_rejected} rejected{': ' + reasons if reasons else ''}) in {report.seconds:.0f} s"
    )
    if report.digest is None:
        return f"{line}; {report.n_missing} of {report.n_shards} files, those of other workers, are still missing"
    return f"{line}, digest {report.digest[:12]}"
