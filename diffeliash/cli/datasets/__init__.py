"""Commands for data sets and other files of this package: `generate`, `export`, `verify`."""

from ._export import export_command as export_command
from ._generate import generate_command as generate_command
from ._generate import generate_with_progress as generate_with_progress
from ._generate import summary as summary
from ._verify import verify_command as verify_command
