"""Numerical methods without physics: root finders, linear systems, derivatives of roots, batches, checks of inputs."""

from ._bad_members import all_finite as all_finite
from ._bad_members import positive_or_one as positive_or_one
from ._batch import batched as batched
from ._batch import default_chunk_size as default_chunk_size
from ._batch import in_chunks as in_chunks
from ._batch import map_materials as map_materials
from ._batch import rounded_up_size as rounded_up_size
from ._batch import run_calls as run_calls
from ._digamma import digamma as digamma
from ._implicit_derivatives import attach_fixed_point as attach_fixed_point
from ._implicit_derivatives import attach_root as attach_root
from ._input_checks import is_concrete as is_concrete
from ._input_checks import not_a_number as not_a_number
from ._input_checks import numpy_if_concrete as numpy_if_concrete
from ._input_checks import refuse as refuse
from ._input_checks import require_x64 as require_x64
from ._inverse_root import inverse_root as inverse_root
from ._positive_definite import solve_positive_definite as solve_positive_definite
from ._root_finders import Anderson as Anderson
from ._root_finders import Broyden as Broyden
from ._root_finders import Newton as Newton
from ._root_finders import Solver as Solver
