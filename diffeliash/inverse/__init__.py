"""Inversion: the spectral function a2F from a gap function or a density of states, without a neural network."""

from ._inversion_result import Inversion as Inversion
from ._invert import invert as invert
from ._invert import invert_many as invert_many
from ._model_tests import LARGEST_CONSISTENT_CHI2 as LARGEST_CONSISTENT_CHI2
from ._model_tests import ModelTests as ModelTests
from ._resolution import Resolution as Resolution
from ._resolution import resolution as resolution
from .linear import InverseProblem as InverseProblem
from .linear import LinearEquations as LinearEquations
from .linear import choose_strength as choose_strength
from .linear import invert_linearly as invert_linearly
from .linear import linear_equations as linear_equations
from .linear import matsubara_averages as matsubara_averages
from .linear import pose_inverse_problem as pose_inverse_problem
from .nonlinear import AbstractObservable as AbstractObservable
from .nonlinear import ComplexGap as ComplexGap
from .nonlinear import Conditions as Conditions
from .nonlinear import DensityOfStates as DensityOfStates
from .nonlinear import DifferentialConductance as DifferentialConductance
from .nonlinear import GapModulus as GapModulus
from .nonlinear import RealGap as RealGap
from .self_energy import NormalSelfEnergy as NormalSelfEnergy
from .self_energy import SelfEnergyInversion as SelfEnergyInversion
from .self_energy import SelfEnergyPart as SelfEnergyPart
from .self_energy import invert_self_energy as invert_self_energy
