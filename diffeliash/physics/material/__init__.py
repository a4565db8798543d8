"""The materials that the equations are solved for: spectral functions, their moments, and formulas for T_c."""

from ._averaged_propagators import AbstractFermiSurfaceAverage as AbstractFermiSurfaceAverage
from ._averaged_propagators import Averages as Averages
from ._averaged_propagators import IsotropicAverage as IsotropicAverage
from ._averaged_propagators import density_of_states as density_of_states
from ._averaged_propagators import propagators as propagators
from ._coulomb_pseudopotential import rescale_mu_star as rescale_mu_star
from ._coupling import couplings as couplings
from ._coupling import lambda_kernel as lambda_kernel
from ._coupling import strong_coupling_energy as strong_coupling_energy
from ._many_spectra import check_sequence as check_sequence
from ._many_spectra import per_material as per_material
from ._many_spectra import stack_spectra as stack_spectra
from ._material import AbstractMaterial as AbstractMaterial
from ._parameter_checks import check_cutoffs as check_cutoffs
from ._parameter_checks import check_mu_star as check_mu_star
from ._parameter_checks import check_temperature as check_temperature
from ._spectrum import Spectrum as Spectrum
from ._spectrum import as_float64 as as_float64
from ._spectrum import coupling_constant as coupling_constant
from ._tc_formulas import allen_dynes_tc as allen_dynes_tc
from ._tc_formulas import mcmillan_tc as mcmillan_tc
from ._unusable_inputs import check_coupling as check_coupling
from ._unusable_inputs import coupling_in_range as coupling_in_range
from ._unusable_inputs import parameters_in_range as parameters_in_range
from ._unusable_inputs import replace_unusable as replace_unusable
