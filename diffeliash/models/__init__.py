"""Neural networks, and the files that store them."""

from ._autoencoder import Autoencoder as Autoencoder
from ._autoencoder import AutoencoderConfig as AutoencoderConfig
from ._autoencoder import block_standardization as block_standardization
from ._checkpoint import CHECKPOINT_KIND as CHECKPOINT_KIND
from ._checkpoint import Checkpoint as Checkpoint
from ._checkpoint import read_checkpoint as read_checkpoint
from ._checkpoint import write_checkpoint as write_checkpoint
from ._envelope import EnvelopeHeader as EnvelopeHeader
from ._envelope import check_envelope as check_envelope
from ._envelope import check_finite_weights as check_finite_weights
from ._envelope import fill as fill
from ._envelope import read_envelope as read_envelope
from ._envelope import write_envelope as write_envelope
from ._predictor import HiddenSizes as HiddenSizes
from ._predictor import Network as Network
from ._predictor import Predictor as Predictor
from ._predictor import PredictorConfig as PredictorConfig
from ._predictor import Standardization as Standardization
from ._predictor import fit_standardization as fit_standardization
from ._predictor import glorot_initialized as glorot_initialized
from ._predictor import trainable as trainable
from ._setting import Setting as Setting
from ._setting import Task as Task
from ._setting import predict_spectrum as predict_spectrum
from ._setting import setting_of as setting_of
