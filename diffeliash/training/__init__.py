"""Losses, one update step, the loop around it, and measures of success."""

from ._config import TrainConfig as TrainConfig
from ._loop import Training as Training
from ._loop import train as train
from ._losses import MatsubaraConsistency as MatsubaraConsistency
from ._losses import mean_square_error as mean_square_error
from ._metrics import Evaluation as Evaluation
from ._metrics import evaluate as evaluate
from ._metrics import pearson as pearson
