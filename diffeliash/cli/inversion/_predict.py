"""The command `predict`: a2F from a gap function or a density of states by a trained network."""

import math
import os
import pathlib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..._inputs import check_input
from ..arguments import (
    check_checkpoint,
    check_output_files,
    check_ranges,
    collect_errors,
    override_stated,
    read_curve,
    stem_of,
)
from ..terminal import DeviceOption, Json, StatedTemperature, finish, print_json, session, start_jax, tell
from ._invert_result import moment_entries, shown_pair, spectrum_entries

if TYPE_CHECKING:
    from ...data import DosFile, GapFile
    from ...models import Prediction


def predict_command(
    run: Annotated[
        pathlib.Path, typer.Argument(readable=False, help="Folder of a training run, or a checkpoint file.")
    ],
    file: Annotated[
        pathlib.Path,
        typer.Argument(
            readable=False,
            help="Gap function: text with w, Re Delta, Im Delta [meV] at w + i Gamma, or HDF5 of `solve`. For a "
            "network of --task dos-to-a2f the density of states: text with w [meV], N/N_F, or HDF5 of `solve`.",
        ),
    ],
    temperature: StatedTemperature = None,
    broadening: Annotated[
        float | None, typer.Option("--broadening", help="Gamma of the file [meV].", show_default="as the file states")
    ] = None,
    noise: Annotated[
        float | None,
        typer.Option(
            "--noise",
            help="Standard deviation of the noise of the real and of the imaginary part [meV].",
            show_default="from the scatter of neighboring points",
        ),
    ] = None,
    output: Annotated[
        pathlib.Path | None, typer.Option("--output", readable=False, help="Text file to write, with w [meV] and a2F.")
    ] = None,
    plot: Annotated[
        pathlib.Path | None,
        typer.Option(
            "--plot", readable=False, help="Figure (png, pdf, svg).", show_default="FILE-RUN-a2f.png in this folder"
        ),
    ] = None,
    device: DeviceOption = "auto",
    json: Json = False,
) -> None:
    """Predict a2F from a gap function by a trained network, solve it, and compare the gap functions.

    An inversion network also gives error bars. A network that was trained on densities of states takes these instead.
    """
    with session(json):
        plot = plot or pathlib.Path(f"{stem_of(file)}-{pathlib.Path(os.path.realpath(run)).stem}-a2f.png")
        with collect_errors() as check:
            check(check_ranges, "predict", temperature=temperature, broadening=broadening, noise=noise)
            check(check_checkpoint, run)
            check(check_input, file)
            check(check_output_files, [file], output=output, plot=plot)
        start_jax(device)
        from ..._figure import figure_bytes
        from ...data import write_file
        from ...models import predict_function, read_checkpoint, setting_for_a2f
        from ._predict_plot import plot_prediction

        checkpoint = read_checkpoint(run)
        setting = setting_for_a2f(checkpoint, str(run))
        given = read_curve(file, is_dos=setting.task == "dos-to-a2f")
        given = override_stated(file, given, {"T": temperature, "broadening": broadening})
        _tell_assumptions(given, setting)
        found = predict_function(checkpoint, given, noise=noise)
        if (lowest := float(found.a2f.min())) < 0:
            tell(f"note: the predicted a2F is negative in places, down to {lowest:.3g}; it is used without change.")
        for note in found.notes:
            tell(f"note: {file}: {note}")
        result: dict[str, Any] = _result(file, found) | _on_test_set(checkpoint.metrics)
        write_file(plot, figure_bytes(plot_prediction(file.name, found), plot))
        if output:
            write_file(output, _as_text(found).encode())
        if json:
            print_json({"results": [result]})
        else:
            print(_report(result, found, plot, output))
        finish([result])


def _tell_assumptions(given: "GapFile | DosFile", setting: Any) -> None:
    trained = {"T": f"{setting.T:g} K", "broadening": f"{setting.broadening:g} meV", "mu_star": f"{setting.mu_star:g}"}
    unknown = [f"{name} = {value}" for name, value in trained.items() if getattr(given, name) is None]
    if given.T is not None and abs(given.T / setting.T - 1) > 1e-9:
        tell(f"note: the network was trained at {setting.T:g} K; all energies are scaled by {given.T / setting.T:g}.")
        unknown = [name.split(" = ")[0] for name in unknown]
    if unknown:
        tell(f"note: the file does not state {', '.join(unknown)}: the values of the training are taken.")


def _result(file: pathlib.Path, found: "Prediction") -> dict[str, Any]:
    """Return the entry of JSON, with the names of `invert`; the standard deviations are NaN without samples."""
    setting = found.setting
    return (
        {"file": str(file)}
        | moment_entries(found, found.T_c)
        | {
            "T_K": float(setting.T),
            "broadening_meV": float(setting.broadening),
            "mu_star": float(setting.mu_star),
            "omega_c_meV": float(setting.omega_c),
            "matsubara_cutoff_meV": float(setting.matsubara_cutoff),
            "omega_max_meV": float(setting.omega_max),
            "noise": found.noise,
            "recomputed_1_minus_pcc": found.recomputed_1_minus_pcc,
            "superconducting": bool(found.sol.superconducting),
            "converged": bool(found.sol.converged),
            "ok": found.ok,
            **spectrum_entries(found),
            "notes": list(found.notes),
            "notices": list(found.given.notices),
        }
    )


def _on_test_set(metrics: dict[str, float | None] | None) -> dict[str, float | None]:
    """Return the mean errors of the network on its test set: 1 - PCC of a2F and of the recomputed functions."""
    return {
        "test_1_minus_pcc": metrics.get("df_mean") if metrics else None,
        "test_recomputed_1_minus_pcc": metrics.get("dg_mean") if metrics else None,
    }


def _as_text(found: "Prediction") -> str:
    setting = found.setting
    head = f"(predicted; T = {setting.T:.6g} K, mu* = {setting.mu_star:g} at {setting.omega_c:g} meV)"
    if not len(found.samples):
        rows = zip(found.omega, found.a2f, strict=True)
        return f"# omega_meV a2F  {head}\n" + "".join(f"{w:.8g} {a:.8g}\n" for w, a in rows)
    rows = zip(found.omega, found.a2f, found.a2f_std, strict=True)
    return f"# omega_meV a2F a2F_std  {head}\n" + "".join(f"{w:.8g} {a:.8g} {s:.4g}\n" for w, a, s in rows)


def _report(result: dict[str, Any], found: "Prediction", plot: pathlib.Path, output: pathlib.Path | None) -> str:
    written = f"{plot} and {output}" if output else f"{plot}"
    what = "density of states" if found.setting.task == "dos-to-a2f" else "gap function"
    agreement = (
        f"1 - PCC {result['recomputed_1_minus_pcc']:.2e}"
        if result["superconducting"]
        else "none: it is in the normal state"
    )
    line = ""
    if result["test_1_minus_pcc"] is not None:
        line = (
            f"this network on its own test set: 1 - PCC {result['test_1_minus_pcc']:.2e} (a2F, mean), "
            f"{result['test_recomputed_1_minus_pcc']:.2e} (gap function recomputed, mean)\n"
        )
    numbers = (
        f"lambda = {_shown(found.lambda_ep)}, omega_log = {_shown(found.omega_log)} meV, T_c = {_shown(found.T_c)} K"
    )
    return (
        f"{result['file']}: predicted a2F has {numbers}\n"
        f"{what} recomputed from it, compared with the given one: {agreement}\n{line}written to {written}"
    )


def _shown(pair: tuple[float, float]) -> str:
    """A number with its error bar, if it has one."""
    value, std = pair
    return shown_pair(value, std) if math.isfinite(std) else f"{value:.4f}"
