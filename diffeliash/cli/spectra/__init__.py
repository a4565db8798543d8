"""Commands that start from a2F: `solve` and `tc`."""

from ._solve import solve_command as solve_command
from ._tc import tc_command as tc_command
