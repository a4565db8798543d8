"""From a gap function back to a2F without a network."""

from ._inversion_result import CONSISTENT as CONSISTENT
from ._inversion_result import Inversion as Inversion
from ._invert import invert as invert
from ._invert import invert_many as invert_many
from ._resolution import Resolution as Resolution
from ._resolution import resolution as resolution
from .linear import InverseProblem as InverseProblem
from .linear import LinearEquations as LinearEquations
from .linear import choose_strength as choose_strength
from .linear import invert_linearly as invert_linearly
from .linear import linear_equations as linear_equations
from .linear import matsubara_averages as matsubara_averages
from .linear import pose_inverse_problem as pose_inverse_problem
from .refinement import ComplexGap as ComplexGap
from .refinement import Conditions as Conditions
from .refinement import DensityOfStates as DensityOfStates
from .refinement import GapModulus as GapModulus
from .refinement import RealGap as RealGap
