"""Commands for the studies of arXiv:2007.07512: `reduce` and `reproduce`."""

from ._reduce import reduce_command as reduce_command
from ._reproduce import reproduce_command as reproduce_command
