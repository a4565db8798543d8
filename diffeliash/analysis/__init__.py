"""The paper's measures and its flow, on any functions."""

from ._latent import LatentScan as LatentScan
from ._latent import fit_autoencoder as fit_autoencoder
from ._latent import scan_latent_sizes as scan_latent_sizes
from ._latent import unexplained as unexplained
from ._reduce import Reduction as Reduction
from ._reduce import reduce_complexity as reduce_complexity
from ._reduce_config import ReduceConfig as ReduceConfig
