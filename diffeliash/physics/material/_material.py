"""The interface between the equations and a material: spectral functions, and a Fermi-surface average."""

import abc
from typing import TYPE_CHECKING, Any

import equinox as eqx
import numpy as np
from jaxtyping import Array, Bool, Float

from ._averaged_propagators import AbstractFermiSurfaceAverage

if TYPE_CHECKING:
    from ._spectrum import Spectrum


class AbstractMaterial(eqx.Module):
    r"""A material as the equations on both axes see it.

    The equations, their solvers, the pairing eigenvalue and the continuation are written once. A material supplies the
    spectral functions of its bosons (`channels`) and the Fermi-surface averages of $\omega/R$ and $\Delta/R$
    (`average`). A theory beyond one isotropic band is another subclass.

    Args:
        omega: Boson energies [meV], the same for all spectral functions.
    """

    omega: eqx.AbstractVar[Float[Array | np.ndarray, " freq"]]

    @property
    @abc.abstractmethod
    def channels(self) -> "tuple[Spectrum, ...]":
        r"""The spectral function in the equation of $Z$, followed by that in the equation of $\phi$ if it differs.

        A single entry means that both are the same and that the material is isotropic: then the term of zero boson
        frequency drops out of the gap equation (Anderson's theorem), and the equations are solved without it.
        """

    @property
    @abc.abstractmethod
    def average(self) -> AbstractFermiSurfaceAverage:
        r"""The average of $\omega/R$ and $\Delta/R$ at one frequency over the Fermi surface."""

    @property
    @abc.abstractmethod
    def omega_max(self) -> Any:
        """The last point of the grid of boson energies [meV], even where the spectrum vanishes below it."""

    @abc.abstractmethod
    def zeroed_unless(self, usable: Bool[Array, ""]) -> "AbstractMaterial":
        """The material itself if it is usable, else one on a finite grid with spectral functions set to zero."""
