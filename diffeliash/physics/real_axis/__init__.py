"""The real axis: analytic continuation, its tests and error estimates, the gap edge, and the self-energy above T_c."""

from ._cauchy_test import cauchy_integral as cauchy_integral
from ._continue_gap import CAUCHY_TOLERANCE as CAUCHY_TOLERANCE
from ._continue_gap import RealAxisGap as RealAxisGap
from ._continue_gap import continue_gap as continue_gap
from ._continue_gap import default_broadening as default_broadening
from ._differential_conductance import KernelDerivatives as KernelDerivatives
from ._differential_conductance import differential_conductance as differential_conductance
from ._differential_conductance import kernel_derivatives as kernel_derivatives
from ._gap_edge import gap_edge as gap_edge
from ._gap_edge import gap_ratio as gap_ratio
from ._gap_on_line import LinePlan as LinePlan
from ._gap_on_line import continue_on_line as continue_on_line
from ._gap_on_line import plan_line as plan_line
from ._matsubara_sums import sum_averages as sum_averages
from ._msc import MSC as MSC
from ._normal_self_energy import normal_self_energy as normal_self_energy
from ._normal_self_energy import self_energy_kernel as self_energy_kernel
from ._pade import Pade as Pade
