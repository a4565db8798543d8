"""Linear inversion: with the gap function given, the Eliashberg equations are linear in a2F and are solved for it."""

from ._averages_from_gap import matsubara_averages as matsubara_averages
from ._equations_at_solution import EquationsAtSolution as EquationsAtSolution
from ._equations_at_solution import gap_gradient as gap_gradient
from ._equations_at_solution import linear_equations_at_solution as linear_equations_at_solution
from ._gap_from_dos import gap_from_dos as gap_from_dos
from ._inverse_problem import LINE_POINTS_PER_BROADENING as LINE_POINTS_PER_BROADENING
from ._inverse_problem import InverseProblem as InverseProblem
from ._inverse_problem import is_uniform_grid as is_uniform_grid
from ._inverse_problem import pose_inverse_problem as pose_inverse_problem
from ._linear_equations import LinearEquations as LinearEquations
from ._linear_equations import linear_equations as linear_equations
from ._linear_equations import linear_equations_on_line as linear_equations_on_line
from ._linear_inversion import choose_strength as choose_strength
from ._linear_inversion import invert_linearly as invert_linearly
from ._linear_inversion import invert_one_linearly as invert_one_linearly
from ._second_differences import second_differences as second_differences
