"""From a gap function back to a2F without a network."""

from ._averages import matsubara_averages as matsubara_averages
from ._inverse_problem import InverseProblem as InverseProblem
from ._inverse_problem import pose_inverse_problem as pose_inverse_problem
from ._linear_equations import LinearEquations as LinearEquations
from ._linear_equations import linear_equations as linear_equations
from ._linear_inversion import choose_strength as choose_strength
from ._linear_inversion import invert_linearly as invert_linearly
