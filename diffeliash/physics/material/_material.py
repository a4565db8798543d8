"""What the equations ask of a material, whatever its theory: spectral functions, and an average over electrons."""

import abc
from typing import TYPE_CHECKING, Any

import equinox as eqx
import numpy as np
from jaxtyping import Array, Bool, Float

from ._local_average import AbstractLocalAverage

if TYPE_CHECKING:
    from ._spectrum import Spectrum


class AbstractMaterial(eqx.Module):
    r"""What the equations on both axes ask of a material.

    The equations, their solvers, the critical eigenvalue and the continuation are written once, for a material that
    says with which spectral functions its bosons act (`channels`) and how $\omega/R$ and $\Delta/R$ are averaged over
    its electrons (`average`). A theory beyond one isotropic band is another subclass.

    Args:
        omega: Boson energies [meV], the same for all channels.
    """

    omega: eqx.AbstractVar[Float[Array | np.ndarray, " freq"]]

    @property
    @abc.abstractmethod
    def channels(self) -> "tuple[Spectrum, ...]":
        r"""The spectral function in the equation of $Z$, and, if it is another one, that in the equation of $\phi$.

        One entry says that both are the same and that the material is isotropic: then the term of zero boson frequency
        drops out of the gap equation (Anderson's theorem), and the equations are solved without it.
        """

    @property
    @abc.abstractmethod
    def average(self) -> AbstractLocalAverage:
        r"""How $\omega/R$ and $\Delta/R$ at one frequency are averaged over the electrons at the Fermi level."""

    @property
    @abc.abstractmethod
    def omega_max(self) -> Any:
        """The last boson energy of the grid [meV], whether or not the spectrum vanishes before it."""

    @abc.abstractmethod
    def without_bosons_unless(self, usable: Bool[Array, ""]) -> "AbstractMaterial":
        """The material itself, or one on a finite grid whose spectral functions vanish where it is not usable."""
