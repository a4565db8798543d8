"""What a predictor was trained for, and how to use it at another scale."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from .._errors import InputError, IntegrityError
from .._headers import Fraction, Positive
from .._limits import LARGEST_ENERGY, unphysical_magnitude
from ..data import DosFile, GapFile, Points, dos_features, feature_grid, gap_features, spectrum_grid
from ..physics import AbstractFrequencies, FullMatsubara, GapSolution, Spectrum, TruncatedSum, is_concrete, solve_gap

Task = Literal["gap-to-a2f", "dos-to-a2f", "a2f-to-gap"]
"""What a network answers what with."""

TOLERANCE = 0.01
"""Relative difference of energies that still counts as the trained ones."""

MU_STAR_TOLERANCE = 1e-9

ENERGIES = ("omega_max", "omega_c", "matsubara_cutoff", "broadening")
"""Fields of a setting that scale with the temperature."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setting:
    r"""Temperature, cutoffs and grids of the data that a predictor was trained on.

    The equations have no energy scale of their own: with every energy and $k_BT$ multiplied by s, the gap function
    is multiplied by s too. A predictor trained at one temperature therefore serves all, each with its own scale.

    Args:
        omega_max: Last energy of the spectral functions [meV].
        n_points: Points of the spectral functions, evenly spaced from omega_max / n_points on.
        n_energies: Energies of the gap function.
        T: Temperature [K].
        mu_star: Coulomb pseudopotential at `omega_c`.
        omega_c: Coulomb cutoff [meV].
        matsubara_cutoff: Cutoff of the Matsubara sums [meV].
        broadening: Distance of the line from the real axis [meV].
        task: What goes into the network and what comes out.
    """

    omega_max: Positive
    n_points: Points
    n_energies: Points
    T: Positive
    mu_star: Fraction
    omega_c: Positive
    matsubara_cutoff: Positive
    broadening: Positive
    task: Task = "gap-to-a2f"

    @property
    def sizes(self) -> tuple[int, int]:
        """Numbers that go into a network for the task, and that come out."""
        given = {"gap-to-a2f": 2 * self.n_energies, "dos-to-a2f": self.n_energies}.get(self.task)
        return (self.n_points, 2 * self.n_energies) if given is None else (given, self.n_points)

    @property
    def omega(self) -> np.ndarray:
        """Grid of the spectral functions [meV]."""
        return spectrum_grid(self.omega_max, self.n_points)

    @property
    def omega_real(self) -> np.ndarray:
        """Energies of the gap functions [meV]."""
        return feature_grid(self.omega_max, self.n_energies)

    def solve(self, spectrum: Spectrum, *, frequencies: AbstractFrequencies = FullMatsubara()) -> GapSolution:
        """The solution on the imaginary axis in this setting; usable under every JAX transformation."""
        return solve_gap(
            spectrum,
            self.T,
            mu_star=self.mu_star,
            omega_c=self.omega_c,
            matsubara_cutoff=self.matsubara_cutoff,
            frequencies=frequencies,
        )

    def scaled(self, scale: float) -> "Setting":
        """The equivalent setting with all energies and the temperature multiplied."""
        return dataclasses.replace(self, **{name: scale * getattr(self, name) for name in ("T", *ENERGIES)})


def setting_of(config: dict[str, Any], task: Task = "gap-to-a2f") -> Setting:
    """The setting of a data set from its configuration."""
    names = ("n_energies", "T", "mu_star", "omega_c", "matsubara_cutoff", "broadening")
    family = {name: config["family"][name] for name in ("omega_max", "n_points")}
    return Setting(task=task, **family, **{name: config[name] for name in names})


def predict_spectrum(model: Callable[..., Any], setting: Setting, given: GapFile | DosFile) -> tuple[Spectrum, Setting]:
    """Spectral function for a gap function or a density of states, at the scale that its temperature fixes.

    Args:
        model: A trained predictor, from the features of one of them to a spectral function.
        setting: What it was trained for.
        given: What it was trained to be given; what that does not state is taken to be as trained.

    Returns:
        The predicted spectrum, and the setting at its scale.

    Raises:
        InputError: It was not obtained in a setting that scaling turns into the trained one, or is too large for any
            metal.
        IntegrityError: The network does not answer with finite numbers.
    """
    scale = 1.0 if given.T is None else given.T / setting.T
    wanted = setting.scaled(1.0 if abs(scale - 1) < 1e-9 else scale)
    _refuse_other_settings(given, wanted)
    if isinstance(given, DosFile):
        features = dos_features(given, wanted.omega_real)
    else:
        features = gap_features(given, wanted.omega_real) / scale
    a2f = model(features)
    if is_concrete(a2f) and not np.all(np.isfinite(a2f)):
        raise IntegrityError(
            "the network does not answer with finite numbers",
            why="what it was given is finite: its weights are damaged, or were never good.",
        )
    return Spectrum(wanted.omega, a2f), wanted


def _refuse_other_settings(given: GapFile | DosFile, wanted: Setting) -> None:
    """Refuse a function that states anything else than the setting at the scale that its temperature fixes."""
    what = "density of states" if isinstance(given, DosFile) else "gap function"
    if given.T is not None and not (math.isfinite(given.T) and given.T > 0):
        raise InputError(f"the temperature must be positive and finite [K], got {given.T:g}.")
    if given.omega.size and given.omega[-1] > LARGEST_ENERGY:
        raise InputError(f"the {what} goes up to {given.omega[-1]:g} meV", why=f"more than {LARGEST_ENERGY:g} meV.")
    values = given.dos if isinstance(given, DosFile) else given.Delta
    if too_much := unphysical_magnitude(values, is_dos=isinstance(given, DosFile)):
        raise InputError(f"the {what} {too_much}.")
    if given.z_sum not in (None, TruncatedSum.__name__):
        raise InputError(
            f"the {what} was solved with the sum {given.z_sum!r:.60} in Z",
            why=f"the predictor needs {TruncatedSum.__name__}, with which data sets are made.",
            hint="Solve it with --z-sum truncated.",
        )
    stated = {field.name: getattr(given, field.name) for field in dataclasses.fields(given) if field.name in _SAID}
    others = [name for name, value in stated.items() if value is not None and not _agrees(name, value, wanted)]
    if not others:
        return
    hint = ""
    if "broadening" in others:
        hint = f"Continue it with --broadening {wanted.broadening:g}, or train at this ratio of broadening to T."
    raise InputError(
        f"the {what} has {', '.join(_SAID[name].format(stated[name]) for name in others)}",
        why=f"the predictor needs {', '.join(_SAID[name].format(getattr(wanted, name)) for name in others)} "
        f"at {wanted.T:g} K.",
        hint=hint,
    )


def _agrees(name: str, value: float, wanted: Setting) -> bool:
    """Whether a stated number is that of the setting: pure numbers exactly, energies as well as they can matter."""
    known = getattr(wanted, name)
    return abs(value - known) <= (TOLERANCE * known if name in ENERGIES else MU_STAR_TOLERANCE)


_SAID = {
    "broadening": "broadening {:g} meV",
    "mu_star": "mu* = {:g}",
    "omega_max": "an a2F up to {:g} meV",
    "omega_c": "a cutoff of mu* of {:g} meV",
    "matsubara_cutoff": "a Matsubara cutoff of {:g} meV",
}
"""How to speak of what a function may state of its setting, besides the temperature."""
