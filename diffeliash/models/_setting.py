"""The setting for which a network was trained, and the equivalent settings at other energy scales."""

import dataclasses
import math
from typing import Any, Literal

import numpy as np

from .._errors import InputError
from .._headers import Fraction, Positive
from .._limits import LARGEST_ENERGY, unphysical_magnitude
from ..data import DosFile, GapFile, Points, feature_grid, spectrum_grid
from ..physics import AbstractFrequencies, FullMatsubara, GapSolution, Spectrum, TruncatedSum, solve_gap

Task = Literal["gap-to-a2f", "dos-to-a2f", "a2f-to-gap"]
"""The input and the output of a network: gap function, density of states, or a2F."""

TOLERANCE = 0.01
"""Largest relative deviation of an energy from that of the setting."""

MU_STAR_TOLERANCE = 1e-9
r"""Largest deviation of $\mu^*$ from that of the setting."""

ENERGIES = ("omega_max", "omega_c", "matsubara_cutoff", "broadening")
"""Fields of a setting that scale with the temperature."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setting:
    r"""The temperature, cutoffs and grids of the data on which a predictor was trained.

    The Eliashberg equations have no energy scale of their own: if every energy and $k_BT$ are multiplied by $s$, with
    $\alpha^2F(\omega/s)$ in place of $\alpha^2F(\omega)$, the gap function is multiplied by $s$ too. A predictor
    trained at one temperature can therefore be used at any other, with all energies scaled by the ratio of the two.

    Args:
        omega_max: Last energy of the spectral functions [meV].
        n_points: Number of points of the spectral functions, evenly spaced from omega_max / n_points.
        n_energies: Number of energies of the gap functions.
        T: Temperature [K].
        mu_star: Coulomb pseudopotential at `omega_c`.
        omega_c: Coulomb cutoff [meV].
        matsubara_cutoff: Cutoff of the Matsubara sums [meV].
        broadening: Distance of the line from the real axis [meV].
        task: Input and output of the network.
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
        """The numbers of inputs and of outputs of a network for the task."""
        given = {"gap-to-a2f": 2 * self.n_energies, "dos-to-a2f": self.n_energies}.get(self.task)
        return (self.n_points, 2 * self.n_energies) if given is None else (given, self.n_points)

    @property
    def omega(self) -> np.ndarray:
        """The grid of the spectral functions [meV]."""
        return spectrum_grid(self.omega_max, self.n_points)

    @property
    def omega_real(self) -> np.ndarray:
        """The energies of the gap functions [meV]."""
        return feature_grid(self.omega_max, self.n_energies)

    def solve(self, spectrum: Spectrum, *, frequencies: AbstractFrequencies = FullMatsubara()) -> GapSolution:
        """Solve the equations on the imaginary axis in this setting, under any JAX transformation."""
        return solve_gap(
            spectrum,
            self.T,
            mu_star=self.mu_star,
            omega_c=self.omega_c,
            matsubara_cutoff=self.matsubara_cutoff,
            frequencies=frequencies,
        )

    def scaled(self, scale: float) -> "Setting":
        """The equivalent setting with all energies and the temperature multiplied by `scale`."""
        return dataclasses.replace(self, **{name: scale * getattr(self, name) for name in ("T", *ENERGIES)})


def setting_of(config: dict[str, Any], task: Task = "gap-to-a2f") -> Setting:
    """Make the setting of a data set from its configuration."""
    names = ("n_energies", "T", "mu_star", "omega_c", "matsubara_cutoff", "broadening")
    family = {name: config["family"][name] for name in ("omega_max", "n_points")}
    return Setting(task=task, **family, **{name: config[name] for name in names})


def check_setting(given: GapFile | DosFile, wanted: Setting) -> None:
    """Check that the quantities that a function states are those of the scaled setting."""
    what = "density of states" if isinstance(given, DosFile) else "gap function"
    if given.T is not None and not (math.isfinite(given.T) and given.T > 0):
        raise InputError(f"the temperature must be positive and finite [K], got {given.T:g}.")
    if given.omega.size and given.omega[-1] > LARGEST_ENERGY:
        raise InputError(
            f"the {what} goes up to {given.omega[-1]:g} meV", why=f"at most {LARGEST_ENERGY:g} meV are allowed."
        )
    values = given.dos if isinstance(given, DosFile) else given.Delta
    if too_much := unphysical_magnitude(values, is_dos=isinstance(given, DosFile)):
        raise InputError(f"the {what} {too_much}.")
    if given.z_sum not in (None, TruncatedSum.__name__):
        raise InputError(
            f"the {what} was computed with the sum {given.z_sum!r:.60} in Z",
            why=f"the predictor needs {TruncatedSum.__name__}, which data sets are generated with.",
            hint="Solve it with --z-sum truncated.",
        )
    stated = {
        field.name: getattr(given, field.name) for field in dataclasses.fields(given) if field.name in _DESCRIPTIONS
    }
    others = [name for name, value in stated.items() if value is not None and not _agrees(name, value, wanted)]
    if not others:
        return
    hint = ""
    if "broadening" in others:
        hint = f"Continue it with --broadening {wanted.broadening:g}, or train with this ratio of broadening to T."
    raise InputError(
        f"the {what} has {', '.join(_DESCRIPTIONS[name].format(stated[name]) for name in others)}",
        why=f"the predictor needs {', '.join(_DESCRIPTIONS[name].format(getattr(wanted, name)) for name in others)} "
        f"at {wanted.T:g} K.",
        hint=hint,
    )


def _agrees(name: str, value: float, wanted: Setting) -> bool:
    r"""Whether a stated number agrees with the setting: $\mu^*$ up to rounding, energies within 1 %."""
    known = getattr(wanted, name)
    return abs(value - known) <= (TOLERANCE * known if name in ENERGIES else MU_STAR_TOLERANCE)


_DESCRIPTIONS = {
    "broadening": "broadening {:g} meV",
    "mu_star": "mu* = {:g}",
    "omega_max": "an a2F up to {:g} meV",
    "omega_c": "a Coulomb cutoff of {:g} meV",
    "matsubara_cutoff": "a Matsubara cutoff of {:g} meV",
}
"""The quantities of the setting, besides the temperature, that a function may state, in words for messages."""
