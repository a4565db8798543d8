"""Nonlinear inversion: a2F fitted to data through the solver by Gauss-Newton steps, and samples of the posterior."""

from ._forward_model import LARGEST_RTOL as LARGEST_RTOL
from ._forward_model import RANGE_RATIO as RANGE_RATIO
from ._forward_model import SMALLEST_RTOL as SMALLEST_RTOL
from ._forward_model import Conditions as Conditions
from ._forward_model import ForwardModel as ForwardModel
from ._forward_model import choose_conditions as choose_conditions
from ._forward_model import choose_n_points as choose_n_points
from ._forward_model import forward_model as forward_model
from ._gauss_newton import GaussNewtonFit as GaussNewtonFit
from ._gauss_newton import Measurement as Measurement
from ._gauss_newton import gauss_newton as gauss_newton
from ._observables import AbstractObservable as AbstractObservable
from ._observables import ComplexGap as ComplexGap
from ._observables import DensityOfStates as DensityOfStates
from ._observables import GapModulus as GapModulus
from ._observables import RealGap as RealGap
from ._posterior_samples import sample_posterior as sample_posterior
from ._posterior_samples import sample_prior as sample_prior
from ._smoothness_prior import LinearProblem as LinearProblem
from ._smoothness_prior import Prior as Prior
from ._smoothness_prior import TruncatedNormal as TruncatedNormal
from ._smoothness_prior import linear_problem as linear_problem
from ._smoothness_prior import most_likely_prior as most_likely_prior
