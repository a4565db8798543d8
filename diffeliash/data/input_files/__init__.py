"""Reading of spectral functions, gap functions, densities of states and measured curves from files."""

from ._read_gap import DosFile as DosFile
from ._read_gap import GapFile as GapFile
from ._read_gap import read_dos as read_dos
from ._read_gap import read_gap as read_gap
from ._read_gap import write_solution as write_solution
from ._read_self_energy import SelfEnergyFile as SelfEnergyFile
from ._read_self_energy import read_self_energy as read_self_energy
from ._read_spectrum import SpectrumFile as SpectrumFile
from ._read_spectrum import read_spectra as read_spectra
from ._read_spectrum import read_spectrum as read_spectrum
from ._read_spectrum import read_spectrum_file as read_spectrum_file
from ._read_spectrum import read_spectrum_files as read_spectrum_files
from ._text_layouts import FORMATS as FORMATS
from .conductance import ConductanceFile as ConductanceFile
from .conductance import read_conductance as read_conductance
