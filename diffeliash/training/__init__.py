"""Losses, one update step, the loop around it, and measures of success."""

from ._config import TrainConfig as TrainConfig
from ._fit import Fit as Fit
from ._fit import Phase as Phase
from ._fit import fit as fit
from ._losses import EquationResidual as EquationResidual
from ._losses import SolverConsistency as SolverConsistency
from ._losses import mean_square_error as mean_square_error
from ._metrics import Evaluation as Evaluation
from ._metrics import apply_network as apply_network
from ._metrics import evaluate as evaluate
from ._metrics import pearson as pearson
from ._rows import Rows as Rows
from ._rows import as_rows as as_rows
from ._rows import fields_for as fields_for
from ._rows import make_examples as make_examples
from ._run_config import RunConfig as RunConfig
from ._run_config import preset_names as preset_names
from ._run_config import read_preset as read_preset
from ._run_config import read_run_config as read_run_config
from ._state import EpochRecord as EpochRecord
from ._state import StateFiles as StateFiles
from ._step import Objective as Objective
from ._step import make_epoch as make_epoch
from ._train import Training as Training
from ._train import train as train
