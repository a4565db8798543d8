"""The command `invert`: a2F with error bars from a gap function or a density of states, without a network."""

import math
import pathlib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..._errors import DiffeliashError, InputError
from ..arguments import (
    check_checkpoint,
    check_output_files,
    check_ranges,
    check_sizes,
    collect_errors,
    error_entry,
    exit_if_no_file_is_readable,
)
from ..terminal import (
    DeviceOption,
    Json,
    MatsubaraCutoff,
    Seed,
    StatedTemperature,
    finish,
    print_json,
    print_table,
    progress_bar,
    session,
    start_jax,
)
from ._invert_inputs import Kind, Measured, Request, Unit, read_measured
from ._invert_output import as_hdf5, as_text, check_output
from ._invert_result import as_row, result_entry
from .self_energy import (
    DEFAULT_FREE,
    Part,
    SelfEnergyRequest,
    check_self_energy_options,
    invert_self_energies,
    parse_free,
)

if TYPE_CHECKING:
    from ...inverse import Inversion
    from ...physics import Spectrum


def invert_command(
    files: Annotated[
        list[pathlib.Path],
        typer.Argument(
            readable=False,
            help="Gap functions: text with w, Re Delta, Im Delta [meV] at w + i Gamma; with --kind dos densities of "
            "states: text with w [meV], N/N_F; or HDF5 of `solve`. With --kind didv measured curves: text with bias, "
            "dI/dV and, if known, its error. With --kind self-energy text with energy and Re Sigma, Im Sigma or both.",
        ),
    ],
    kind: Annotated[
        Kind,
        typer.Option(
            "--kind",
            help="Function in the files: gap function, density of states, differential conductance, or self-energy of "
            "the normal state.",
        ),
    ] = "gap",
    temperature: StatedTemperature = None,
    broadening: Annotated[
        float | None, typer.Option("--broadening", help="Gamma of the files [meV].", show_default="as the file states")
    ] = None,
    fit_broadening: Annotated[
        bool, typer.Option("--fit-broadening", help="Fit Gamma to the data, too; with --kind didv the default.")
    ] = False,
    noise: Annotated[
        float | None,
        typer.Option(
            "--noise",
            help="Standard deviation of the noise of the data.",
            show_default="as the file states, else estimated from the data",
        ),
    ] = None,
    unit: Annotated[
        Unit | None,
        typer.Option(
            "--unit",
            help="Unit of the bias, with --kind didv, or of the energies, with --kind self-energy.",
            show_default="as the file states, or guessed",
        ),
    ] = None,
    normal: Annotated[
        pathlib.Path | None,
        typer.Option(
            "--normal", readable=False, help="Conductance of the junction in the normal state, with --kind didv."
        ),
    ] = None,
    modulation: Annotated[
        float | None,
        typer.Option(
            "--modulation",
            help="Lock-in modulation of the bias, rms [meV], with --kind didv.",
            show_default="as the file states, else none",
        ),
    ] = None,
    modulation_peak: Annotated[
        float | None,
        typer.Option("--modulation-peak", help="The same as peak amplitude: sqrt(2) times the rms [meV]."),
    ] = None,
    imaginary: Annotated[
        pathlib.Path | None,
        typer.Option("--imaginary", readable=False, help="File of the imaginary part, with --kind self-energy."),
    ] = None,
    part: Annotated[
        Part | None, typer.Option("--part", help="Part to be inverted, with --kind self-energy.", show_default="both")
    ] = None,
    free: Annotated[
        str | None,
        typer.Option(
            "--free",
            help="What is free besides a2F, with --kind self-energy: some of constant, slope, impurity, electrons, "
            "with commas; or none.",
            show_default=",".join(DEFAULT_FREE),
        ),
    ] = None,
    fit_scale: Annotated[
        bool, typer.Option("--fit-scale", help="Fit scale, slope and curvature of the normalization (didv, dos), too.")
    ] = False,
    fit_offset: Annotated[
        bool, typer.Option("--fit-offset", help="Fit the offset of the energies (didv, dos), too.")
    ] = False,
    mu_star: Annotated[
        float | None,
        typer.Option(
            "--mu-star", help="Coulomb pseudopotential mu*(omega_c).", show_default="as the file states, else 0.1"
        ),
    ] = None,
    fit_mu_star: Annotated[bool, typer.Option("--fit-mu-star", help="Fit mu* to the data, too.")] = False,
    omega_max: Annotated[
        float | None,
        typer.Option(
            "--omega-max",
            help="Last energy of a2F [meV].",
            show_default="as the file states, else found from the data",
        ),
    ] = None,
    omega_c: Annotated[
        float | None,
        typer.Option(
            "--omega-c", help="Cutoff of mu* [meV].", show_default="as the file states, else 10 x --omega-max"
        ),
    ] = None,
    matsubara_cutoff: MatsubaraCutoff = None,
    points: Annotated[
        int | None, typer.Option("--points", help="Grid points of a2F.", show_default="2 per broadening, 64 to 256")
    ] = None,
    samples: Annotated[
        int, typer.Option("--samples", help="Spectral functions drawn from the posterior distribution.")
    ] = 200,
    run: Annotated[
        pathlib.Path | None,
        typer.Option("--run", readable=False, help="Training run whose network gives the starting point."),
    ] = None,
    output: Annotated[
        pathlib.Path | None,
        typer.Option(
            "--output",
            readable=False,
            help="File for w [meV], a2F and its errors: text, or .h5 with the samples.",
        ),
    ] = None,
    plot: Annotated[
        pathlib.Path | None, typer.Option("--plot", readable=False, help="Figure (png, pdf, svg) of all files.")
    ] = None,
    compare: Annotated[
        pathlib.Path | None,
        typer.Option("--compare", readable=False, help="Another a2F, drawn into the figure of --plot."),
    ] = None,
    seed: Seed = 0,
    device: DeviceOption = "auto",
    json: Json = False,
) -> None:
    """Infer a2F with error bars from a measured conductance, density of states or gap function.

    The result is the smoothest nonnegative a2F that explains the data. It is fitted by differentiating through the
    solver of the Eliashberg equations; no network is needed. Whether the model describes the data is tested: if not,
    the reasons are given and the exit code is 4.
    """
    check_self_energy_options(
        kind, files, own={"--imaginary": imaginary, "--part": part, "--free": free}, unit=unit,
        others={
            "--broadening": broadening, "--fit-broadening": fit_broadening, "--normal": normal,
            "--modulation": modulation, "--modulation-peak": modulation_peak, "--fit-scale": fit_scale,
            "--fit-offset": fit_offset, "--fit-mu-star": fit_mu_star, "--omega-c": omega_c,
            "--matsubara-cutoff": matsubara_cutoff, "--run": run,
        },
    )  # fmt: skip
    if compare and not plot:
        raise typer.BadParameter("--compare needs --plot.")
    if kind == "self-energy":
        wanted = SelfEnergyRequest(
            imaginary=imaginary, part=part, unit=unit, free=parse_free(free), T=temperature,
            mu_star=mu_star, noise=noise, omega_max=omega_max, points=points, samples=samples, seed=seed,
        )  # fmt: skip
        invert_self_energies(files, wanted, output=output, plot=plot, compare=compare, device=device, json=json)
        return
    _check_options(
        kind,
        for_didv={
            "--unit": unit, "--normal": normal, "--modulation": modulation, "--modulation-peak": modulation_peak,
        },
        not_for_gap={"--fit-scale": fit_scale, "--fit-offset": fit_offset},
        exclusive=[
            {"--mu-star": mu_star is not None, "--fit-mu-star": fit_mu_star},
            {"--broadening": broadening is not None, "--fit-broadening": fit_broadening},
            {"--modulation": modulation is not None, "--modulation-peak": modulation_peak is not None},
        ],
    )  # fmt: skip
    with session(json):
        stated = {
            "broadening": broadening, "mu_star": mu_star, "omega_max": omega_max, "omega_c": omega_c,
            "matsubara_cutoff": matsubara_cutoff,
        }  # fmt: skip
        sizes = {
            "noise": noise, "points": points, "samples": samples, "seed": seed, "modulation": modulation,
            "modulation_peak": modulation_peak,
        }  # fmt: skip
        with collect_errors() as check:
            check(check_ranges, "invert", temperature=temperature, **stated, **sizes)
            check(check_sizes, points, samples)
            check(check_output_files, files, output=output, plot=plot)
            check(check_output, files, output)
            if run:
                check(check_checkpoint, run)
        exit_if_no_file_is_readable(files, json)
        start_jax(device)
        request = Request(
            kind=kind, unit=unit, normal=normal, stated=stated | {"T": temperature},
            modulation=modulation if modulation_peak is None else modulation_peak / math.sqrt(2),
            fitted=_names(mu_star=fit_mu_star, broadening=fit_broadening, scale=fit_scale, offset=fit_offset),
        )  # fmt: skip
        reference = _read_reference(compare) if compare else None
        given = [read_measured(file, request) for file in files]
        options = {"n_points": points, "n_samples": samples, "seed": seed}
        found = _invert_all(given, run, options, noise)
        results = [
            error_entry(file, one) if isinstance(one, DiffeliashError) else result_entry(file, data, one)
            for file, data, one in zip(files, given, found, strict=True)
        ]
        good = [
            (file, data, one)
            for file, data, one in zip(files, given, found, strict=True)
            if not isinstance(one, DiffeliashError) and not isinstance(data, DiffeliashError)
        ]
        if good:
            _write(good, output, plot, reference)
        if json:
            print_json({"results": results})
        elif good:
            print_table([as_row(result) for result in results if "error" not in result])
            for path in (output, plot):
                if path:
                    print(f"written to {path}")
        finish(results)


def _write(
    good: "list[tuple[pathlib.Path, Any, Inversion]]",
    output: pathlib.Path | None,
    plot: pathlib.Path | None,
    reference: "Spectrum | None",
) -> None:
    from ..._figure import figure_bytes
    from ...data import write_file
    from ._invert_plot import plot_inversions

    if plot:
        write_file(plot, figure_bytes(plot_inversions(good, reference), plot))
    if output:
        write_file(output, as_hdf5(good) if output.suffix == ".h5" else as_text(good[0][2]))


def _check_options(
    kind: Kind, *, for_didv: dict[str, Any], not_for_gap: dict[str, bool], exclusive: list[dict[str, bool]]
) -> None:
    """Refuse options that do not go with the kind of data, or with each other."""
    if kind != "didv" and (given := [name for name, value in for_didv.items() if value is not None]):
        raise typer.BadParameter(f"{', '.join(given)}: only with --kind didv.")
    if kind == "gap" and (given := [name for name, wanted in not_for_gap.items() if wanted]):
        raise typer.BadParameter(f"{', '.join(given)}: for conductances and densities of states only.")
    for options in exclusive:
        if all(options.values()):
            raise typer.BadParameter(f"{' and '.join(options)} cannot be given together.")


def _names(**wanted: bool) -> frozenset[str]:
    return frozenset(name for name, want in wanted.items() if want)


def _read_reference(compare: pathlib.Path) -> "Spectrum":
    from ...data import read_spectrum

    return read_spectrum(compare)


def _invert_all(
    given: "list[Measured | DiffeliashError]", run: pathlib.Path | None, options: dict[str, Any], noise: float | None
) -> "list[Inversion | DiffeliashError]":
    """Return the inversion of each file, or its error; files with equal energies and parameters form one batch."""
    found: dict[int, Any] = {i: data for i, data in enumerate(given) if isinstance(data, DiffeliashError)}
    n_errors = len(found)
    with progress_bar("inverted", len(given) - n_errors, stages=True) as update:
        for group in _groups(given):
            members: list[Any] = [given[i] for i in group]
            before = len(found) - n_errors
            try:
                starts = _starts_of_network(run, members) if run else None
                inversions = _invert_group(
                    members, starts, options, noise,
                    update=lambda done, text, before=before: update(before + done, text),
                )  # fmt: skip
                found |= dict(zip(group, inversions, strict=True))
            except InputError as error:
                found |= dict.fromkeys(group, error)
    _find_tc([one for one in found.values() if not isinstance(one, DiffeliashError)])
    return [found[i] for i in range(len(given))]


def _find_tc(inversions: "list[Inversion]") -> None:
    """Compute T_c of those that are determined, which the property keeps, and show the progress."""
    determined = [one for one in inversions if one.determined]
    if not determined:
        return
    with progress_bar("T_c of", len(determined), stages=True) as update:
        for done, one in enumerate(determined):
            update(done, "" if done else "compiling, once")
            _ = one.T_c
        update(len(determined), "")


def _groups(given: "list[Measured | DiffeliashError]") -> list[list[int]]:
    """Return the indices of the files without error, grouped by equal energies and parameters."""
    groups: dict[Any, list[int]] = {}
    for i, data in enumerate(given):
        if not isinstance(data, DiffeliashError):
            groups.setdefault(data.shared, []).append(i)
    return list(groups.values())


def _invert_group(
    members: list[Measured],
    starts: "list[list[Spectrum]] | None",
    options: dict[str, Any],
    noise: float | None,
    *,
    update: Any,
) -> "list[Inversion]":
    import numpy as np

    from ...inverse import invert_many

    return invert_many(
        members[0].file.omega,
        np.stack([member.values for member in members]),
        noise=[member.errors if noise is None else noise for member in members],
        systematic_errors=[member.systematic for member in members],
        observable=members[0].observable,
        starts=starts,
        progress=lambda done: update(done, ""),
        stage=lambda text: update(0, text),
        **members[0].options,
        **options,
    )


def _starts_of_network(run: pathlib.Path, members: list[Measured]) -> "list[list[Spectrum]]":
    """Return the predictions of a network as starting points for the files of a batch.

    Raises:
        InputError: There is no checkpoint, or the network was not trained for such data.
    """
    from ...models import predict_spectrum, read_checkpoint

    checkpoint = read_checkpoint(run)
    if checkpoint.setting is None or checkpoint.setting.task != _TASKS.get(members[0].kind):
        raise InputError("this network does not predict a2F from such data", where=str(run))
    return [[predict_spectrum(checkpoint.model, checkpoint.setting, member.file)[0]] for member in members]


_TASKS = {"gap": "gap-to-a2f", "dos": "dos-to-a2f"}
