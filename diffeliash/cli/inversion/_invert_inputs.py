"""Files and conditions of `invert`: what is measured, what is known of the measurement, and what is fitted."""

import dataclasses
import pathlib
from typing import TYPE_CHECKING, Any, Literal

from ..._errors import DiffeliashError, InputError, IntegrityError
from ..._limits import unphysical_magnitude
from ..arguments import override_stated, read_curve, read_measured_curve
from ..terminal import tell

if TYPE_CHECKING:
    from ...inverse import AbstractObservable

Kind = Literal["gap", "dos", "didv", "self-energy"]

Unit = Literal["V", "mV", "uV", "meV", "eV"]

DEFAULT_MU_STAR = 0.1

_NAMES: dict[str, tuple[str, str]] = {
    "gap": ("gap function", "Delta"),
    "dos": ("density of states", "dos"),
    "didv": ("conductance", "conductance"),
}
"""For each kind the name of the function, and the field of the file that holds it."""

CONDITIONS = ("T", "broadening", "mu_star", "omega_max", "omega_c", "matsubara_cutoff")
"""Conditions that a file or the command line may state."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """What the command line says about all files.

    Args:
        kind: What is measured.
        unit: Unit of the bias, if it is stated.
        normal: File of the conductance in the normal state, if there is one.
        modulation: rms modulation [meV], if it is stated.
        stated: The conditions that the command line states, `None` for others.
        fitted: Names of the parameters to fit: `broadening`, `mu_star`, `scale`, `offset`.
    """

    kind: Kind
    unit: Unit | None
    normal: pathlib.Path | None
    modulation: float | None
    stated: dict[str, float | None]
    fitted: frozenset[str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Measured:
    """A file with a measured function, ready for the inversion.

    Args:
        file: The content of the file, with the conditions of the command line.
        kind: What is measured.
        values: The measured values.
        errors: Their standard deviations, if the file states them.
        systematic: Errors that all values share, if there are any.
        modulation: rms modulation [meV].
        fitted: Names of the parameters to fit.
    """

    file: Any
    kind: Kind
    values: Any
    errors: Any
    systematic: Any
    modulation: float
    fitted: frozenset[str]

    @property
    def observable(self) -> "AbstractObservable":
        """The observable of the inversion."""
        from ...inverse import ComplexGap, DensityOfStates, DifferentialConductance

        if self.kind == "didv":
            return DifferentialConductance(modulation=self.modulation)
        return ComplexGap() if self.kind == "gap" else DensityOfStates()

    @property
    def options(self) -> dict[str, Any]:
        """The conditions as arguments of `invert_many`."""
        known = {name: getattr(self.file, name) for name in CONDITIONS}
        known["mu_star"] = DEFAULT_MU_STAR if known["mu_star"] is None else known["mu_star"]
        known |= {"scale": 1.0, "offset": 0.0} | dict.fromkeys(self.fitted)
        return known

    @property
    def shared(self) -> tuple[Any, ...]:
        """What the members of a batch must have in common."""
        return self.file.omega.tobytes(), self.modulation, *self.options.items()


def read_measured(file: pathlib.Path, request: Request) -> Measured | DiffeliashError:
    """Read a file, with its parameters replaced by those of the command line; return the error if it is not usable."""
    try:
        if request.kind == "didv":
            given = read_measured_curve(file, unit=request.unit, normal=request.normal)
        else:
            given = read_curve(file, is_dos=request.kind == "dos")
    except (InputError, IntegrityError) as error:
        return error
    what, field = _NAMES[request.kind]
    if too_much := unphysical_magnitude(getattr(given, field), is_dos=request.kind != "gap"):
        return InputError(f"the {what} {too_much}", where=str(file))
    if given.z_sum not in (None, "TruncatedSum"):
        given = _with_notice(
            file, given, f"the file was solved with {given.z_sum!r:.60} for Z but is inverted with TruncatedSum, which "
            "changes a2F.",
        )  # fmt: skip
    given = override_stated(file, given, request.stated)
    return _with_conditions(file, given, request)


def _with_conditions(file: pathlib.Path, given: Any, request: Request) -> Measured | InputError:
    """Add what is fitted, and refuse a file whose conditions are not known."""
    fitted = set(request.fitted)
    if given.T is None:
        return unknown_temperature(file)
    if given.broadening is None and "broadening" not in fitted:
        if request.kind != "didv":
            return InputError(
                "the broadening is not known", where=str(file), why="neither the file nor the command states it.",
                hint="Give it with --broadening, in meV, or fit it with --fit-broadening.",
            )  # fmt: skip
        fitted.add("broadening")
        given = _with_notice(file, given, "the broadening is not stated: it is fitted.")
    if getattr(given, "background_fitted", False) and "scale" not in fitted:
        fitted.add("scale")
        given = _with_notice(file, given, "the normalization is not known: its scale, slope and curvature are fitted.")
    modulation = request.modulation
    if request.kind == "didv" and modulation is None:
        modulation = given.modulation
    return Measured(
        file=given, kind=request.kind, values=getattr(given, _NAMES[request.kind][1]),
        errors=getattr(given, "errors", None), systematic=getattr(given, "systematic_errors", None),
        modulation=modulation or 0.0, fitted=frozenset(fitted),
    )  # fmt: skip


def unknown_temperature(file: pathlib.Path) -> InputError:
    """The error of a file without a temperature."""
    return InputError(
        "the temperature is not known", where=str(file), why="neither the file nor the command states it.",
        hint="Give it with -T, in kelvin.",
    )  # fmt: skip


def _with_notice(file: pathlib.Path, given: Any, notice: str) -> Any:
    """Print a notice about a file, and keep it with its content."""
    tell(f"note: {file}: {notice}")
    return dataclasses.replace(given, notices=(*given.notices, notice))
