"""Through the solver: a2F that gives back what was measured, and what else is possible."""

from ._forward_model import LOOSEST as LOOSEST
from ._forward_model import RANGE as RANGE
from ._forward_model import TIGHTEST as TIGHTEST
from ._forward_model import Conditions as Conditions
from ._forward_model import Forward as Forward
from ._forward_model import choose_conditions as choose_conditions
from ._forward_model import choose_n_points as choose_n_points
from ._forward_model import forward_model as forward_model
from ._gauss_newton import Measurement as Measurement
from ._gauss_newton import Refined as Refined
from ._gauss_newton import refine as refine
from ._observables import AbstractObservable as AbstractObservable
from ._observables import ComplexGap as ComplexGap
from ._observables import DensityOfStates as DensityOfStates
from ._observables import GapModulus as GapModulus
from ._observables import RealGap as RealGap
from ._posterior_samples import draw as draw
from ._posterior_samples import draw_without_data as draw_without_data
from ._smoothness_prior import likeliest_prior as likeliest_prior
from ._smoothness_prior import linear_problem as linear_problem
