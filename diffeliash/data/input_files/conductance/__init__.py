"""Reading of measured tunneling curves: units, sweeps, errors, and normalization to the normal state."""

from ._read_conductance import ConductanceFile as ConductanceFile
from ._read_conductance import read_conductance as read_conductance
