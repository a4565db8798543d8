"""Options and arguments that several commands share."""

import pathlib
from typing import Annotated, Literal

import typer

Unit = Literal["meV", "eV", "THz", "cm-1", "K", "Ry", "Ha"]
Layout = Literal["auto", "epw", "qe", "elk", "abinit", "isome", "plain"]
Method = Literal["msc", "pade"]
ZSumName = Literal["truncated", "infinite"]
Device = Literal["auto", "cpu", "gpu"]
Family = Literal["simple", "complex", "gbm", "materials"]

Files = Annotated[
    list[pathlib.Path],
    typer.Argument(
        readable=False,
        help="a2F files of EPW, QE, Elk, ABINIT, IsoME, or plain tables: text, npy, npz, JSON; - is standard input.",
    ),
]
"""Input files. `readable=False`, as in all commands: the command itself reports a bad file and processes the others."""

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output and nothing else.")]
Csv = Annotated[
    pathlib.Path | None,
    typer.Option("--csv", readable=False, help="CSV file for all numbers, one row for each result."),
]
MuStar = Annotated[
    float, typer.Option("--mu-star", help="Coulomb pseudopotential mu*(omega_c), used without rescaling.")
]
OmegaC = Annotated[
    float | None, typer.Option("--omega-c", help="Cutoff of mu* [meV].", show_default="10 x the end of the spectrum")
]
MatsubaraCutoff = Annotated[
    float | None,
    typer.Option(
        "--matsubara-cutoff", help="Cutoff of the Matsubara sums [meV].", show_default="22 x the end of the spectrum"
    ),
]
UnitOption = Annotated[
    Unit | None, typer.Option("--unit", help="Unit of energy in the files.", show_default="as the file states")
]
FormatOption = Annotated[Layout, typer.Option("--format", help="Layout of the files.")]
Column = Annotated[
    int | None,
    typer.Option(
        "--column", help="Number of the a2F or smearing column, from 1.", show_default="first; middle smearing"
    ),
]
Key = Annotated[
    str | None,
    typer.Option("--key", help="Name or number of the spectrum in npz and JSON files of several.", show_default="all"),
]
RunFolder = Annotated[
    pathlib.Path | None,
    typer.Option("--run", readable=False, help="Folder for the results.", show_default="runs/001, runs/002, ..."),
]
Resume = Annotated[bool, typer.Option("--resume", help="Resume the interrupted run in the folder --run.")]
DeviceOption = Annotated[Device, typer.Option("--device", help="Device to compute on.")]
StatedTemperature = Annotated[
    float | None, typer.Option("--temperature", "-T", help="Temperature [K].", show_default="as the file states")
]
Broadening = Annotated[
    float | None,
    typer.Option(
        "--broadening",
        help="Distance Gamma of the line w + i Gamma from the real axis [meV].",
        show_default="pi k_B T / 3, at most 1/100 of the end of the spectrum",
    ),
]
Seed = Annotated[int, typer.Option("--seed", help="Seed of all random numbers.")]
ZSum = Annotated[
    ZSumName, typer.Option("--z-sum", help="Matsubara sum in Z: truncated at the cutoff, or taken to infinity.")
]
