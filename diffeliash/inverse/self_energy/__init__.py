"""Inversion of a self-energy of the normal state, which is linear in a2F, as photoemission measures it."""

from ._invert_self_energy import invert_self_energy as invert_self_energy
from ._observable import NormalSelfEnergy as NormalSelfEnergy
from ._self_energy_result import SelfEnergyInversion as SelfEnergyInversion
from ._self_energy_result import SelfEnergyPart as SelfEnergyPart
