"""Commands that answer questions of the paper: `reduce` and `reproduce`."""

from ._reduce import reduce_command as reduce_command
from ._reproduce import reproduce_command as reproduce_command
