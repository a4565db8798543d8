"""`diffeliash generate`: random data sets."""

import dataclasses
import pathlib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._errors import InputError
from ._options import DeviceOption, Family, Json, Seed
from ._session import NOT_CONVERGED, print_json, session, tell

if TYPE_CHECKING:
    from ..data import GenerateConfig, GenerateReport


def generate_command(
    out: Annotated[pathlib.Path, typer.Argument(help="Folder of the data set; must be new or empty.")],
    family: Annotated[Family, typer.Option("--family", help="Family of spectral functions.")] = "complex",
    num_samples: Annotated[int, typer.Option("--num-samples", help="Samples drawn; not all are kept.")] = 1000,
    seed: Seed = 0,
    temperature: Annotated[float, typer.Option("--temperature", "-T", help="Temperature [K].")] = 1.16,
    mu_star: Annotated[float, typer.Option("--mu-star", help="Coulomb pseudopotential mu*(omega_c).")] = 0.1,
    omega_c: Annotated[float, typer.Option("--omega-c", help="Cutoff of mu* [meV].")] = 100.0,
    matsubara_cutoff: Annotated[
        float, typer.Option("--matsubara-cutoff", help="Cutoff of the Matsubara sums [meV].")
    ] = 220.0,
    broadening: Annotated[
        float, typer.Option("--broadening", help="Distance of the line from the real axis [meV].")
    ] = 0.1,
    device: DeviceOption = "auto",
    json: Json = False,
) -> None:
    """Draw random spectral functions, solve them, continue the gap to the real axis, store what is accepted.

    Samples in the normal state are dropped and counted. The gap functions are continued exactly; a sample whose
    estimated error is above 1e-6 of the largest value is rejected.
    """
    with session(json, device):
        from ..data import FAMILIES

        config = make_config(
            family=FAMILIES[family](),
            num_samples=num_samples,
            seed=seed,
            T=temperature,
            mu_star=mu_star,
            omega_c=omega_c,
            matsubara_cutoff=matsubara_cutoff,
            broadening=broadening,
        )
        report = generate_with_progress(config, out)
        if json:
            print_json(dataclasses.asdict(report))
        else:
            print(summary(report, out))
        if not report.n_kept:
            tell("error: no sample was kept.")
            raise typer.Exit(NOT_CONVERGED)


def make_config(**values: Any) -> "GenerateConfig":
    """A configuration from the command line, with its complaints as input errors."""
    from ..data import GenerateConfig

    try:
        return GenerateConfig(**values)
    except ValueError as error:
        raise InputError(str(error)) from error


def generate_with_progress(config: "GenerateConfig", folder: pathlib.Path) -> "GenerateReport":
    """Generate a data set under a progress bar."""
    from ..data import generate
    from ._progress import progress_bar

    with progress_bar("solving", config.num_samples) as update:
        return generate(
            config,
            folder,
            progress=lambda counts: update(
                sum(counts.values()),
                f"kept {counts['kept']}, normal {counts['normal']}, "
                f"rejected {counts['not converged'] + counts['inaccurate']}",
            ),
        )


def summary(report: "GenerateReport", folder: pathlib.Path) -> str:
    """One line on a data set."""
    return (
        f"{folder}: {report.n_kept} samples kept of {report.n_requested} ({report.n_normal} normal, "
        f"{report.n_rejected} rejected) in {report.seconds:.0f} s, digest {report.digest[:12]}"
    )
