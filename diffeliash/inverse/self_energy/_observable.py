r"""The self-energy of the normal state as an observable: which part was measured, and what is unknown besides a2F."""

import equinox as eqx
import numpy as np
from jaxtyping import Float


class NormalSelfEnergy(eqx.Module):
    r"""The self-energy of the normal state [meV], as angle-resolved photoemission measures it.

    The model of a measurement at the energies $\omega$ from the Fermi energy, of either sign, is

    $$ \mathrm{Re}\,\Sigma(\omega) + a + b\,\omega, \qquad \mathrm{Im}\,\Sigma(\omega) - c - d\,\omega^2 $$

    with the retarded $\Sigma$ of `normal_self_energy` ($\mathrm{Im}\,\Sigma < 0$, $\mathrm{Re}\,\Sigma > 0$ below the
    Fermi energy). What is not free is zero.

    Args:
        part: The measured part: `"both"` (measured values are complex), `"real"` or `"imaginary"` (real ones).
        constant: Whether a constant $a$ [meV] of the real part is free, for example because the real part was put to
            zero at the last energy.
        slope: Whether a slope $b$ of the real part is free, for a bare band whose velocity is not known.
        impurity: Whether a constant $c$ [meV] of the imaginary part is free, as scattering from impurities gives it.
        electrons: Whether $d \ge 0$ [1/meV] is free, the scattering of electrons from each other in a Fermi liquid.
    """

    part: str = "both"
    constant: bool = True
    slope: bool = True
    impurity: bool = True
    electrons: bool = False

    def __check_init__(self):
        if self.part not in ("both", "real", "imaginary"):
            raise ValueError(f'`part` must be "both", "real" or "imaginary", got {self.part!r}.')

    @property
    def names(self) -> tuple[str, ...]:
        """The measured parts, in the order of the values."""
        return ("real", "imaginary") if self.part == "both" else (self.part,)

    @property
    def free(self) -> tuple[str, ...]:
        """The free parameters besides a2F that concern a measured part, in the order of the unknowns."""
        real, imaginary = ("constant", "slope"), ("impurity", "electrons")
        possible = {"both": real + imaginary, "real": real, "imaginary": imaginary}[self.part]
        return tuple(name for name in possible if getattr(self, name))

    def as_values(self, measured: np.ndarray) -> Float[np.ndarray, " value"]:
        """The values of measured data: the real parts at all energies, then the imaginary parts at all energies."""
        if self.part == "both":
            return np.concatenate([np.real(measured), np.imag(measured)])
        return np.asarray(measured, dtype=float)

    def only(self, name: str) -> "NormalSelfEnergy":
        """The observable of one of its parts."""
        return NormalSelfEnergy(name, self.constant, self.slope, self.impurity, self.electrons)
