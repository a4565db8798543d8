"""From a gap function back to a2F without a network."""

from ._averages import matsubara_averages as matsubara_averages
from ._forward import Conditions as Conditions
from ._inverse_problem import InverseProblem as InverseProblem
from ._inverse_problem import pose_inverse_problem as pose_inverse_problem
from ._inversion import CONSISTENT as CONSISTENT
from ._inversion import Inversion as Inversion
from ._invert import invert as invert
from ._invert import invert_many as invert_many
from ._linear_equations import LinearEquations as LinearEquations
from ._linear_equations import linear_equations as linear_equations
from ._linear_inversion import choose_strength as choose_strength
from ._linear_inversion import invert_linearly as invert_linearly
from ._observables import ComplexGap as ComplexGap
from ._observables import DensityOfStates as DensityOfStates
from ._observables import GapModulus as GapModulus
from ._observables import RealGap as RealGap
from ._resolution import Resolution as Resolution
from ._resolution import resolution as resolution
