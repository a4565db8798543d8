"""A network with the linear inversion of the Eliashberg equations inside."""

from ._fit_front_end import N_STAGES as N_STAGES
from ._fit_front_end import Inverted as Inverted
from ._fit_front_end import fit_front_end as fit_front_end
from ._fit_front_end import invert_all as invert_all
from ._fit_front_end import n_inversions_of_fit as n_inversions_of_fit
from ._fit_head import fit_head_constants as fit_head_constants
from ._fit_head import sample_weights as sample_weights
from ._flow import Flow as Flow
from ._flow import fit_context_scaling as fit_context_scaling
from ._flow import identity_flow as identity_flow
from ._front_end import FrontEnd as FrontEnd
from ._head import Head as Head
from ._head import HeadConstants as HeadConstants
from ._head import head_features as head_features
from ._inversion_network import InversionNetwork as InversionNetwork
from ._inversion_network import InversionNetworkConfig as InversionNetworkConfig
from ._inversion_network import split_features as split_features
from ._inversion_network import untrained_inversion_network as untrained_inversion_network
from ._posterior import PosteriorExamples as PosteriorExamples
