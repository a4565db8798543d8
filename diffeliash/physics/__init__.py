"""The theory, for one material at one temperature; no files, no networks."""

from ._allen_dynes import allen_dynes_tc as allen_dynes_tc
from ._batch import batched as batched
from ._batch import map_materials as map_materials
from ._critical_temperature import lowest_temperature as lowest_temperature
from ._critical_temperature import solve_tc as solve_tc
from ._kernel import lambda_kernel as lambda_kernel
from ._matsubara import FullMatsubara as FullMatsubara
from ._matsubara import count_frequencies as count_frequencies
from ._matsubara import default_cutoffs as default_cutoffs
from ._newton import Newton as Newton
from ._pade import Pade as Pade
from ._real_axis import RealAxisGap as RealAxisGap
from ._real_axis import continue_gap as continue_gap
from ._real_axis import default_broadening as default_broadening
from ._real_axis import density_of_states as density_of_states
from ._real_axis import gap_edge as gap_edge
from ._solve import GapSolution as GapSolution
from ._solve import solve_gap as solve_gap
from ._spectrum import Spectrum as Spectrum
