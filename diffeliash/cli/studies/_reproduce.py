"""The command `reproduce`: the figures and tables of arXiv:2007.07512."""

import contextlib
import dataclasses
import json as json_module
import pathlib
import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

from ..._errors import InputError
from ..arguments import check_new_run, check_ranges, check_resumable, collect_errors, new_run
from ..terminal import DeviceOption, Json, Resume, RunFolder, print_json, print_table, session, start_jax, tell

if TYPE_CHECKING:
    from ...paper import Content, PaperConfig

WIDTH = 100
"""Width of the printed text in characters."""

CONFIG = "config.json"
"""File with the configuration of the run."""


def reproduce_command(
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Small test run: minutes instead of hours, without conclusive results."),
    ] = False,
    run: RunFolder = None,
    resume: Resume = False,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of all random numbers.", show_default="0")] = None,
    device: DeviceOption = "auto",
    json: Json = False,
) -> None:
    """Reproduce all figures and tables of arXiv:2007.07512 (a2F by neural networks), and write a report with verdicts.

    Spectra are drawn and solved, and all networks are trained and evaluated. A run may be interrupted or killed at any
    time; --resume continues after the last finished stage.
    """
    with session(json):
        with_options = quick or seed is not None
        with collect_errors() as check:
            check(check_ranges, "reproduce", seed=seed)
            if resume:
                others = "give --run, and neither --quick nor --seed" if with_options else ""
                check(check_resumable, run, CONFIG, others=others)
            else:
                check(check_new_run, run)
        start_jax(device)
        from ...paper import QUESTION

        with contextlib.ExitStack() as stack:
            if resume:
                folder, config = _resumed_run(run, with_options)
            else:
                config = _config(quick, seed or 0)
                folder = stack.enter_context(new_run(run))
            found = _reproduce(config, folder)
        if json:
            items = [dataclasses.asdict(item) for item in found.items]
            said = {
                "summary": found.summary,
                "items": items,
                "question": found.answer.table,
                "answer": found.answer.text,
            }
            print_json({"run": str(folder), "report": str(folder / "report.html")} | said)
            return
        print_table([{"item": i.name, "verdict": i.verdict_in_table, "what": i.title} for i in found.items])
        for text in (found.summary, QUESTION, *found.answer.text):
            print(textwrap.fill(text.replace("**", ""), WIDTH), end="\n\n")
        print(f"written to {folder}: report.html, report.md, numbers.json, pictures")


def _config(quick: bool, seed: int) -> "PaperConfig":
    from ...paper import QUICK, PaperConfig

    try:
        return dataclasses.replace(QUICK if quick else PaperConfig(), seed=seed)
    except ValueError as error:
        raise InputError(str(error)) from error


def _resumed_run(run: pathlib.Path | None, with_options: bool) -> "tuple[pathlib.Path, PaperConfig]":
    """Return folder and configuration of the run to resume."""
    from ...paper import read_paper_config

    if run is None:
        raise InputError("--resume needs the folder of the run: --run FOLDER.")
    if with_options:
        raise InputError(
            "--resume uses the options of the interrupted run: give --run, and neither --quick nor --seed."
        )
    try:
        return run, read_paper_config(run / CONFIG)
    except InputError as error:
        raise InputError("no run to resume", where=error.where, why=error.why or f"{error.what}.") from error


def _reproduce(config: "PaperConfig", folder: pathlib.Path) -> "Content":
    from ...data import write_file
    from ...paper import all_stages, run_stages, write_report
    from ..terminal import progress_bar

    write_file(folder / CONFIG, json_module.dumps(dataclasses.asdict(config), indent=1).encode())
    try:
        with progress_bar("stages", len(all_stages(config))) as update:
            results = run_stages(config, folder, update)
        return write_report(results, config, folder, command=_command(config))
    except SystemExit:  # a signal
        tell(f"finished stages are kept; resume the run by: diffeliash reproduce --run {folder} --resume")
        raise


def _command(config: "PaperConfig") -> str:
    """Return the command line that starts such a run."""
    quick = dataclasses.replace(config, seed=0) == _config(quick=True, seed=0)
    return f"diffeliash reproduce{' --quick' if quick else ''}{f' --seed {config.seed}' if config.seed else ''}"
