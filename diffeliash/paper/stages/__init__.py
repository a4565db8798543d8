"""The stages of the reproduction: computations with one result file each, so that an interrupted run can be resumed."""

from ._many_to_one_stages import ACCEPTANCE_LIMIT as ACCEPTANCE_LIMIT
from ._many_to_one_stages import NOISE as NOISE
from ._many_to_one_stages import NOISES as NOISES
from ._many_to_one_stages import ROUNDING_NOISE as ROUNDING_NOISE
from ._many_to_one_stages import Data as Data
from ._network_stages import VERDICTS as VERDICTS
from ._run_stages import Results as Results
from ._run_stages import all_stages as all_stages
from ._run_stages import bases_name as bases_name
from ._run_stages import by_seed as by_seed
from ._run_stages import run_stages as run_stages
from ._stage_files import Arrays as Arrays
