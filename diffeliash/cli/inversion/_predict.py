"""The command `predict`: a2F from a gap function or a density of states by a trained network."""

import os
import pathlib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..._errors import InputError
from ..._inputs import check_input
from ..arguments import (
    check_checkpoint,
    check_output_files,
    check_ranges,
    checkpoint_of,
    collect_errors,
    override_stated,
    read_curve,
    read_metrics,
    stem_of,
)
from ..terminal import DeviceOption, Json, StatedTemperature, finish, print_json, session, start_jax, tell

if TYPE_CHECKING:
    from ...data import DosFile, GapFile


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

    A network that was trained on densities of states takes these instead.
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
        from ...models import predict_spectrum, read_checkpoint
        from ._predict_plot import plot_prediction
        from ._prediction_notes import prediction_notes

        checkpoint = read_checkpoint(checkpoint_of(run))
        setting = _setting_for_a2f(checkpoint.setting, run)
        given = read_curve(file, is_dos=setting.task == "dos-to-a2f")
        given = override_stated(file, given, {"T": temperature, "broadening": broadening})
        _tell_assumptions(given, setting)
        spectrum, setting = predict_spectrum(checkpoint.model, setting, given, noise=noise)
        if (lowest := float(spectrum.a2f.min())) < 0:
            tell(f"note: the predicted a2F is negative in places, down to {lowest:.3g}; it is used without change.")
        sol, real = _recompute(spectrum, setting, given)
        test = read_metrics(run if run.is_dir() else run.parent, checkpoint.origin)
        result: dict[str, Any] = _result(file, spectrum, sol, real, given, setting) | _on_test_set(test)
        shape_difference = result["recomputed_1_minus_pcc"]
        notes = prediction_notes(given, spectrum, sol, real, shape_difference=shape_difference, test=test)
        for note in notes:
            tell(f"note: {file}: {note}")
        result |= {"ok": result["converged"] and not notes, "notes": notes, "notices": list(given.notices)}
        write_file(plot, figure_bytes(plot_prediction(file.name, spectrum, given, real), plot))
        if output:
            write_file(output, _as_text(spectrum, setting).encode())
        if json:
            print_json({"results": [result]})
        else:
            print(_report(result, setting, plot, output))
        finish([result])


def _setting_for_a2f(setting: Any, run: pathlib.Path) -> Any:
    """Return the setting of a network, which must predict a2F."""
    if setting is None or setting.task == "a2f-to-gap":
        why = "it was not trained on a data set." if setting is None else f"it was trained for {setting.task}."
        raise InputError("this network does not predict a2F", where=str(run), why=why)
    return setting


def _tell_assumptions(given: "GapFile | DosFile", setting: Any) -> None:
    trained = {"T": f"{setting.T:g} K", "broadening": f"{setting.broadening:g} meV", "mu_star": f"{setting.mu_star:g}"}
    unknown = [f"{name} = {value}" for name, value in trained.items() if getattr(given, name) is None]
    if given.T is not None and abs(given.T / setting.T - 1) > 1e-9:
        tell(f"note: the network was trained at {setting.T:g} K; all energies are scaled by {given.T / setting.T:g}.")
        unknown = [name.split(" = ")[0] for name in unknown]
    if unknown:
        tell(f"note: the file does not state {', '.join(unknown)}: the values of the training are taken.")


def _recompute(spectrum: Any, setting: Any, given: "GapFile | DosFile") -> tuple[Any, Any]:
    from ...physics import continue_gap

    sol = setting.solve(spectrum)
    return sol, continue_gap(sol, spectrum, given.omega, broadening=setting.broadening)


def _result(
    file: pathlib.Path, spectrum: Any, sol: Any, real: Any, given: "GapFile | DosFile", setting: Any
) -> dict[str, Any]:
    import numpy as np

    from ...data import DosFile, as_features
    from ...training import pearson

    if isinstance(given, DosFile):
        pair = np.asarray(real.dos)[None, :], given.dos[None, :]
    else:
        pair = tuple(as_features(np.asarray(Delta)[None, :]) for Delta in (real.Delta, given.Delta))
    return {
        "file": str(file),
        "T_K": float(setting.T),
        "broadening_meV": float(setting.broadening),
        "mu_star": float(setting.mu_star),
        "omega_c_meV": float(setting.omega_c),
        "lambda_ep": float(spectrum.lambda_ep),
        "omega_log_meV": float(spectrum.omega_log),
        "recomputed_1_minus_pcc": float(1 - pearson(*pair)[0]),
        "superconducting": bool(sol.superconducting),
        "converged": bool(sol.converged),
        "omega_meV": np.asarray(spectrum.omega).tolist(),
        "a2f": np.asarray(spectrum.a2f).tolist(),
    }


def _on_test_set(metrics: dict[str, Any] | None) -> dict[str, float | None]:
    """Return the mean errors of the network on its test set: 1 - PCC of a2F and of the recomputed functions."""
    return {
        "test_1_minus_pcc": metrics["df_mean"] if metrics else None,
        "test_recomputed_1_minus_pcc": metrics["dg_mean"] if metrics else None,
    }


def _as_text(spectrum: Any, setting: Any) -> str:
    head = (
        f"# omega_meV a2F  (predicted; T = {setting.T:.6g} K, mu* = {setting.mu_star:g} at {setting.omega_c:g} meV)\n"
    )
    return head + "".join(f"{w:.8g} {a:.8g}\n" for w, a in zip(spectrum.omega, spectrum.a2f.tolist(), strict=True))


def _report(result: dict[str, Any], setting: Any, plot: pathlib.Path, output: pathlib.Path | None) -> str:
    written = f"{plot} and {output}" if output else f"{plot}"
    what = "density of states" if setting.task == "dos-to-a2f" else "gap function"
    found = (
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
    return (
        f"{result['file']}: predicted a2F has lambda = {result['lambda_ep']:.4f}, "
        f"omega_log = {result['omega_log_meV']:.3f} meV\n"
        f"{what} recomputed from it, compared with the given one: {found}\n{line}written to {written}"
    )
