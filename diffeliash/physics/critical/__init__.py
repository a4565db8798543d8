"""The critical temperature: where the leading pairing eigenvalue is one."""

from ._solve_tc import leading_eigenvalue as leading_eigenvalue
from ._solve_tc import solve_tc as solve_tc
from ._solve_tc import solve_tc_many as solve_tc_many
from ._tc_search import lowest_temperature as lowest_temperature
