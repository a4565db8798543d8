"""Differentiable Migdal-Eliashberg theory in JAX: from the spectral function a2F to the gap function, and back.

Importing this package does not import JAX: each public name is imported when it is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

from ._version import __version__ as __version__

if TYPE_CHECKING:
    from ._errors import ConvergenceError as ConvergenceError
    from ._errors import InputError as InputError
    from ._errors import IntegrityError as IntegrityError
    from ._errors import StorageError as StorageError
    from .analysis import ReduceConfig as ReduceConfig
    from .analysis import reduce_complexity as reduce_complexity
    from .data import BrownianFamily as BrownianFamily
    from .data import ComplexFamily as ComplexFamily
    from .data import ConductanceFile as ConductanceFile
    from .data import DataSource as DataSource
    from .data import GenerateConfig as GenerateConfig
    from .data import MaterialsFamily as MaterialsFamily
    from .data import SimpleFamily as SimpleFamily
    from .data import dos_features as dos_features
    from .data import export_dataset as export_dataset
    from .data import feature_grid as feature_grid
    from .data import gap_features as gap_features
    from .data import generate as generate
    from .data import read_conductance as read_conductance
    from .data import read_dataset as read_dataset
    from .data import read_dos as read_dos
    from .data import read_gap as read_gap
    from .data import read_self_energy as read_self_energy
    from .data import read_spectra as read_spectra
    from .data import read_spectrum as read_spectrum
    from .data import repair_dataset as repair_dataset
    from .data import verify_dataset as verify_dataset
    from .inverse import ComplexGap as ComplexGap
    from .inverse import DensityOfStates as DensityOfStates
    from .inverse import DifferentialConductance as DifferentialConductance
    from .inverse import GapModulus as GapModulus
    from .inverse import Inversion as Inversion
    from .inverse import NormalSelfEnergy as NormalSelfEnergy
    from .inverse import RealGap as RealGap
    from .inverse import Resolution as Resolution
    from .inverse import SelfEnergyInversion as SelfEnergyInversion
    from .inverse import invert as invert
    from .inverse import invert_many as invert_many
    from .inverse import invert_self_energy as invert_self_energy
    from .inverse import resolution as resolution
    from .models import InversionNetwork as InversionNetwork
    from .models import Prediction as Prediction
    from .models import Predictor as Predictor
    from .models import predict as predict
    from .models import read_checkpoint as read_checkpoint
    from .physics import MSC as MSC
    from .physics import Anderson as Anderson
    from .physics import Broyden as Broyden
    from .physics import CompressedMatsubara as CompressedMatsubara
    from .physics import CutoffConvergence as CutoffConvergence
    from .physics import FullMatsubara as FullMatsubara
    from .physics import GapSolution as GapSolution
    from .physics import InfiniteSum as InfiniteSum
    from .physics import Newton as Newton
    from .physics import Pade as Pade
    from .physics import RealAxisGap as RealAxisGap
    from .physics import SharpCutoff as SharpCutoff
    from .physics import Spectrum as Spectrum
    from .physics import SplitCutoff as SplitCutoff
    from .physics import TruncatedSum as TruncatedSum
    from .physics import allen_dynes_tc as allen_dynes_tc
    from .physics import continue_gap as continue_gap
    from .physics import converge_cutoff as converge_cutoff
    from .physics import differential_conductance as differential_conductance
    from .physics import gap_edge as gap_edge
    from .physics import gap_ratio as gap_ratio
    from .physics import lambda_kernel as lambda_kernel
    from .physics import leading_eigenvalue as leading_eigenvalue
    from .physics import mcmillan_tc as mcmillan_tc
    from .physics import normal_self_energy as normal_self_energy
    from .physics import rescale_mu_star as rescale_mu_star
    from .physics import solve_gap as solve_gap
    from .physics import solve_gap_many as solve_gap_many
    from .physics import solve_tc as solve_tc
    from .physics import solve_tc_many as solve_tc_many
    from .training import EquationResidual as EquationResidual
    from .training import SolverConsistency as SolverConsistency
    from .training import TrainConfig as TrainConfig
    from .training import train as train


_LAYERS = {
    "_errors": ("ConvergenceError", "InputError", "IntegrityError", "StorageError"),
    "analysis": ("ReduceConfig", "reduce_complexity"),
    "data": (
        "BrownianFamily", "ComplexFamily", "ConductanceFile", "DataSource", "GenerateConfig", "MaterialsFamily",
        "SimpleFamily", "dos_features", "export_dataset", "feature_grid", "gap_features", "generate",
        "read_conductance", "read_dataset", "read_dos", "read_gap", "read_self_energy", "read_spectra",
        "read_spectrum", "repair_dataset", "verify_dataset",
    ),
    "inverse": (
        "ComplexGap", "DensityOfStates", "DifferentialConductance", "GapModulus", "Inversion", "NormalSelfEnergy",
        "RealGap", "Resolution", "SelfEnergyInversion", "invert", "invert_many", "invert_self_energy", "resolution",
    ),
    "models": ("InversionNetwork", "Prediction", "Predictor", "predict", "read_checkpoint"),
    "physics": (
        "Anderson", "Broyden", "CompressedMatsubara", "CutoffConvergence", "FullMatsubara", "GapSolution",
        "InfiniteSum", "MSC", "Newton", "Pade", "RealAxisGap", "SharpCutoff", "Spectrum", "SplitCutoff", "TruncatedSum",
        "allen_dynes_tc", "continue_gap", "converge_cutoff", "differential_conductance", "gap_edge", "gap_ratio",
        "lambda_kernel", "leading_eigenvalue", "mcmillan_tc", "normal_self_energy", "rescale_mu_star", "solve_gap",
        "solve_gap_many", "solve_tc", "solve_tc_many",
    ),
    "training": ("EquationResidual", "SolverConsistency", "TrainConfig", "train"),
}  # fmt: skip
_LAYER_OF = {name: layer for layer, names in _LAYERS.items() for name in names}

__all__ = ["__version__", *sorted(_LAYER_OF)]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _LAYER_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_LAYER_OF[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
