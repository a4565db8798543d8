"""The command `invert --kind self-energy`, from the files to the answer."""

import pathlib
from typing import TYPE_CHECKING, Any

from ...._errors import InputError, IntegrityError
from ...arguments import (
    check_output_files,
    check_ranges,
    check_sizes,
    collect_errors,
    error_entry,
    exit_if_no_file_is_readable,
)
from ...terminal import finish, print_json, print_table, progress_bar, session, start_jax
from .._invert_output import as_hdf5, as_text, check_output
from ._self_energy_entry import self_energy_entry, self_energy_row
from ._self_energy_inputs import SelfEnergyRequest, read_measured_self_energy

if TYPE_CHECKING:
    from ....data import SelfEnergyFile
    from ....inverse import SelfEnergyInversion


def invert_self_energies(
    files: list[pathlib.Path],
    request: SelfEnergyRequest,
    *,
    output: pathlib.Path | None,
    plot: pathlib.Path | None,
    compare: pathlib.Path | None,
    device: Any,
    json: bool,
) -> None:
    """Invert self-energies; the options are those of the command."""
    inputs = [*files, request.imaginary] if request.imaginary else files
    with session(json):
        with collect_errors() as check:
            check(
                check_ranges, "invert", temperature=request.T, mu_star=request.mu_star, noise=request.noise,
                omega_max=request.omega_max, points=request.points, samples=request.samples, seed=request.seed,
            )  # fmt: skip
            check(check_sizes, request.points, request.samples)
            check(check_output_files, inputs, output=output, plot=plot)
            check(check_output, files, output)
        exit_if_no_file_is_readable(files, json)
        start_jax(device)
        results, good = _invert_all(files, request)
        if good:
            _write(good, output, plot, compare)
        if json:
            print_json({"results": results})
        elif good:
            for result in results:
                if "error" not in result:
                    print_table([self_energy_row(result)])
            for path in (output, plot):
                if path:
                    print(f"written to {path}")
        finish(results)


def _invert_all(
    files: list[pathlib.Path], request: SelfEnergyRequest
) -> "tuple[list[dict[str, Any]], list[tuple[pathlib.Path, SelfEnergyFile, SelfEnergyInversion]]]":
    """The results of all files, and the files that could be used, with their content and inversion."""
    results, good = [], []
    with progress_bar("inverted", len(files)) as update:
        for number, file in enumerate(files):
            try:
                data, found = _invert_one(file, request)
            except (InputError, IntegrityError) as error:
                results.append(error_entry(file, error))
            else:
                results.append(self_energy_entry(file, data, found))
                good.append((file, data, found))
            update(number + 1, "")
    return results, good


def _invert_one(file: pathlib.Path, request: SelfEnergyRequest) -> "tuple[SelfEnergyFile, SelfEnergyInversion]":
    from ....inverse import invert_self_energy

    data = read_measured_self_energy(file, request)
    assert request.T is not None
    found = invert_self_energy(
        data.omega, data.sigma, T=request.T, observable=request.observable(data.part), **request.options
    )  # fmt: skip
    return data, found


def _write(
    good: "list[tuple[pathlib.Path, SelfEnergyFile, SelfEnergyInversion]]",
    output: pathlib.Path | None,
    plot: pathlib.Path | None,
    compare: pathlib.Path | None,
) -> None:
    from ...._figure import figure_bytes
    from ....data import read_spectrum, write_file
    from ._self_energy_figure import plot_self_energies

    if plot:
        reference = read_spectrum(compare) if compare else None
        write_file(plot, figure_bytes(plot_self_energies(good, reference), plot))
    if output:
        write_file(output, as_hdf5(good) if output.suffix == ".h5" else as_text(good[0][2]))
