"""What is computed: parts of the work, each kept in a file, so that an interrupted run goes on."""

from ._many_to_one_stages import ACCEPTED as ACCEPTED
from ._many_to_one_stages import NOISE as NOISE
from ._many_to_one_stages import NOISES as NOISES
from ._many_to_one_stages import ROUNDED as ROUNDED
from ._many_to_one_stages import Data as Data
from ._network_stages import VERDICTS as VERDICTS
from ._run_stages import Results as Results
from ._run_stages import bases_name as bases_name
from ._run_stages import by_seed as by_seed
from ._run_stages import run_stages as run_stages
from ._run_stages import stages as stages
from ._stage_files import Arrays as Arrays
