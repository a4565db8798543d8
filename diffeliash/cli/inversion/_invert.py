"""The command `invert`: a2F with error bars from a gap function or a density of states, without a network."""

import dataclasses
import math
import pathlib
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ..._errors import DiffeliashError, InputError, IntegrityError
from ..._limits import unphysical_magnitude
from ..arguments import (
    check_checkpoint,
    check_output_files,
    check_ranges,
    check_sizes,
    checkpoint_of,
    collect_errors,
    error_entry,
    exit_if_no_file_is_readable,
    override_stated,
    read_curve,
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
    tell,
)
from ._invert_output import BAND, as_hdf5, as_text

if TYPE_CHECKING:
    from ...data import DosFile, GapFile
    from ...inverse import Inversion
    from ...physics import Spectrum

Kind = Literal["gap", "dos"]

DEFAULT_MU_STAR = 0.1


def invert_command(
    files: Annotated[
        list[pathlib.Path],
        typer.Argument(
            readable=False,
            help="Gap functions: text with w, Re Delta, Im Delta [meV] at w + i Gamma; with --kind dos densities of "
            "states: text with w [meV], N/N_F. Or HDF5 of `solve`.",
        ),
    ],
    kind: Annotated[
        Kind, typer.Option("--kind", help="Function in the files: gap function or density of states.")
    ] = "gap",
    temperature: StatedTemperature = None,
    broadening: Annotated[
        float | None, typer.Option("--broadening", help="Gamma of the files [meV].", show_default="as the file states")
    ] = None,
    noise: Annotated[
        float | None,
        typer.Option(
            "--noise", help="Standard deviation of the noise of the data.", show_default="estimated from the data"
        ),
    ] = None,
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
            show_default="as the file states, else its last energy / 3.5",
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
    seed: Seed = 0,
    device: DeviceOption = "auto",
    json: Json = False,
) -> None:
    """Infer a2F with error bars from a measured gap function or density of states.

    The result is the smoothest nonnegative a2F that explains the data. It is fitted by differentiating through the
    solver of the Eliashberg equations; no network is needed.
    """
    if fit_mu_star and mu_star is not None:
        raise typer.BadParameter("--mu-star and --fit-mu-star cannot be given together.")
    with session(json):
        stated = {
            "broadening": broadening, "mu_star": mu_star, "omega_max": omega_max, "omega_c": omega_c,
            "matsubara_cutoff": matsubara_cutoff,
        }  # fmt: skip
        sizes = {"noise": noise, "points": points, "samples": samples, "seed": seed}
        with collect_errors() as check:
            check(check_ranges, "invert", temperature=temperature, **stated, **sizes)
            check(check_sizes, points, samples)
            check(check_output_files, files, output=output, plot=plot)
            check(_check_output, files, output)
            if run:
                check(check_checkpoint, run)
        exit_if_no_file_is_readable(files, json)
        start_jax(device)
        stated["T"] = temperature
        given = [_read(file, kind, stated) for file in files]
        found = _invert_all(
            given, run,
            {"noise": noise, "n_points": points, "n_samples": samples, "seed": seed}, fit_mu_star=fit_mu_star,
        )  # fmt: skip
        results = [
            error_entry(file, one) if isinstance(one, DiffeliashError) else _result(file, data, one)
            for file, data, one in zip(files, given, found, strict=True)
        ]
        good = [
            (file, data, one)
            for file, data, one in zip(files, given, found, strict=True)
            if not isinstance(one, DiffeliashError) and not isinstance(data, DiffeliashError)
        ]
        if good:
            _write(good, output, plot)
        if json:
            print_json({"results": results})
        elif good:
            print_table([_row(result) for result in results if "error" not in result])
            for path in (output, plot):
                if path:
                    print(f"written to {path}")
        finish(results)


def _write(
    good: "list[tuple[pathlib.Path, Any, Inversion]]", output: pathlib.Path | None, plot: pathlib.Path | None
) -> None:
    from ..._figure import figure_bytes
    from ...data import write_file
    from ._invert_plot import plot_inversions

    if plot:
        write_file(plot, figure_bytes(plot_inversions(good), plot))
    if output:
        write_file(output, as_hdf5(good) if output.suffix == ".h5" else as_text(good[0][2]))


def _check_output(files: list[pathlib.Path], output: pathlib.Path | None) -> None:
    if output and output.suffix != ".h5" and len(files) > 1:
        raise InputError(
            "the results of several files cannot be written to one text file.", hint="Let --output end in .h5."
        )


def _read(file: pathlib.Path, kind: Kind, stated: dict[str, float | None]) -> "GapFile | DosFile | DiffeliashError":
    """Read a file, with its parameters replaced by those of the command line; return the error if it is not usable."""
    try:
        given = read_curve(file, is_dos=kind == "dos")
    except (InputError, IntegrityError) as error:
        return error
    what, field = ("density of states", "dos") if kind == "dos" else ("gap function", "Delta")
    if too_much := unphysical_magnitude(getattr(given, field), is_dos=kind == "dos"):
        return InputError(f"the {what} {too_much}", where=str(file))
    if given.z_sum not in (None, "TruncatedSum"):
        notice = (
            f"the file was solved with {given.z_sum!r:.60} for Z but is inverted with TruncatedSum, which changes a2F."
        )
        tell(f"note: {file}: {notice}")
        given = dataclasses.replace(given, notices=(*given.notices, notice))
    given = override_stated(file, given, stated)
    missing = [f"{name} ({option})" for name, option in _NEEDED.items() if getattr(given, name) is None]
    if missing:
        return InputError("the file does not state all parameters", where=str(file), why=f"give {', '.join(missing)}.")
    return given


_NEEDED = {"T": "-T", "broadening": "--broadening"}


def _invert_all(
    given: "list[GapFile | DosFile | DiffeliashError]",
    run: pathlib.Path | None,
    options: dict[str, Any],
    *,
    fit_mu_star: bool,
) -> "list[Inversion | DiffeliashError]":
    """Return the inversion of each file, or its error; files with equal energies and parameters form one batch."""
    found: dict[int, Any] = {i: data for i, data in enumerate(given) if isinstance(data, DiffeliashError)}
    with progress_bar("inverted", len(given) - len(found)) as update:
        for group in _groups(given):
            members: list[Any] = [given[i] for i in group]
            try:
                starts = _starts_of_network(run, members) if run else None
                inversions = _invert_group(members, starts, options, fit_mu_star=fit_mu_star, update=update)
                found |= dict(zip(group, inversions, strict=True))
            except InputError as error:
                found |= dict.fromkeys(group, error)
    return [found[i] for i in range(len(given))]


def _groups(given: "list[GapFile | DosFile | DiffeliashError]") -> list[list[int]]:
    """Return the indices of the files without error, grouped by equal energies and parameters."""
    groups: dict[Any, list[int]] = {}
    for i, data in enumerate(given):
        if not isinstance(data, DiffeliashError):
            groups.setdefault((data.omega.tobytes(), *_conditions(data).values()), []).append(i)
    return list(groups.values())


def _conditions(data: "GapFile | DosFile") -> dict[str, float | None]:
    names = ("T", "broadening", "mu_star", "omega_max", "omega_c", "matsubara_cutoff")
    return {name: getattr(data, name) for name in names}


def _invert_group(
    members: "list[Any]",
    starts: "list[list[Spectrum]] | None",
    options: dict[str, Any],
    *,
    fit_mu_star: bool,
    update: Any,
) -> "list[Inversion]":
    import numpy as np

    from ...data import GapFile
    from ...inverse import ComplexGap, DensityOfStates, invert_many

    is_gap, known = isinstance(members[0], GapFile), _conditions(members[0])
    known["mu_star"] = None if fit_mu_star else DEFAULT_MU_STAR if known["mu_star"] is None else known["mu_star"]
    return invert_many(
        members[0].omega,
        np.stack([member.Delta if is_gap else member.dos for member in members]),
        observable=ComplexGap() if is_gap else DensityOfStates(),
        starts=starts,
        progress=lambda done: update(done, ""),
        **known,
        **options,
    )


def _starts_of_network(run: pathlib.Path, members: list[Any]) -> "list[list[Spectrum]]":
    """Return the predictions of a network as starting points for the files of a batch.

    Raises:
        InputError: There is no checkpoint, or the network was not trained for such data.
    """
    from ...models import predict_spectrum, read_checkpoint

    checkpoint = read_checkpoint(checkpoint_of(run))
    if checkpoint.setting is None or checkpoint.setting.task != _TASKS[type(members[0]).__name__]:
        raise InputError("this network does not predict a2F from such data", where=str(run))
    return [[predict_spectrum(checkpoint.model, checkpoint.setting, member)[0]] for member in members]


_TASKS = {"GapFile": "gap-to-a2f", "DosFile": "dos-to-a2f"}


def _result(file: pathlib.Path, given: Any, found: "Inversion") -> dict[str, Any]:
    import numpy as np

    for note in found.notes:
        tell(f"note: {file}: {note}")
    c = found.conditions
    pairs = {
        "lambda_ep": found.lambda_ep,
        "omega_log_meV": found.omega_log,
        "omega_2_meV": found.omega_2,
        "T_c_K": found.T_c if found.determined else (math.nan, math.nan),
    }
    low, high = np.quantile(found.samples, BAND, axis=0)
    result = {"file": str(file)}
    for name, (value, std) in pairs.items():
        stem, _, unit = name.rpartition("_") if name.endswith(("meV", "K")) else (name, "", "")
        result |= {name: value, f"{stem}_std_{unit}" if unit else f"{name}_std": std}
    return result | {
        "mu_star": found.mu_star,
        "mu_star_std": found.mu_star_std,
        "T_K": c.T,
        "broadening_meV": c.broadening,
        "omega_max_meV": c.omega_max,
        "omega_c_meV": c.omega_c,
        "matsubara_cutoff_meV": c.matsubara_cutoff,
        "noise": found.noise,
        "chi2": found.chi2,
        "n_resolved": found.n_resolved,
        "determined": found.determined,
        "converged": found.ok,
        "ok": found.ok,
        "omega_meV": found.omega.tolist(),
        "a2f": found.a2f.tolist(),
        "a2f_std": found.a2f_std.tolist(),
        "a2f_low": low.tolist(),
        "a2f_high": high.tolist(),
        "notes": found.notes,
        "notices": list(given.notices),
    }


def _row(result: dict[str, Any]) -> dict[str, str]:
    def pair(value: float, std: float) -> str:
        if not result["determined"]:
            return "not determined"
        digits = max(0, 1 - math.floor(math.log10(std))) if 0 < std < math.inf else 4
        return f"{value:.{digits}f} +- {std:.{digits}f}"

    return {
        "file": result["file"],
        "lambda": pair(result["lambda_ep"], result["lambda_ep_std"]),
        "omega_log [meV]": pair(result["omega_log_meV"], result["omega_log_std_meV"]),
        "T_c [K]": pair(result["T_c_K"], result["T_c_std_K"]),
        "mu*": pair(result["mu_star"], result["mu_star_std"]) if result["mu_star_std"] else f"{result['mu_star']:g}",
        "noise": f"{result['noise']:.3g}",
        "chi2/N": f"{result['chi2']:.3f}",
        "resolved": str(result["n_resolved"]),
    }
