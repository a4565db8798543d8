"""The command `invert` for self-energies of the normal state, as photoemission measures them."""

from ._invert_self_energies import invert_self_energies as invert_self_energies
from ._self_energy_inputs import DEFAULT_FREE as DEFAULT_FREE
from ._self_energy_inputs import Part as Part
from ._self_energy_inputs import SelfEnergyRequest as SelfEnergyRequest
from ._self_energy_inputs import check_self_energy_options as check_self_energy_options
from ._self_energy_inputs import parse_free as parse_free
