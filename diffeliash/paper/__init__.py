"""The paper that the program goes back to, reproduced: every figure and table, beside our numbers and a verdict."""

from ._config import QUICK as QUICK
from ._config import PaperConfig as PaperConfig
from ._config import read_paper_config as read_paper_config
from ._document import QUESTION as QUESTION
from ._document import Content as Content
from ._item import Item as Item
from ._report import write_report as write_report
from ._run import run_stages as run_stages
from ._run import stages as stages
