"""Reproduction of arXiv:2007.07512: every figure and table with our numbers and a verdict."""

from ._paper_config import QUICK as QUICK
from ._paper_config import PaperConfig as PaperConfig
from ._paper_config import read_paper_config as read_paper_config
from .report import QUESTION as QUESTION
from .report import Content as Content
from .report import write_report as write_report
from .stages import all_stages as all_stages
from .stages import run_stages as run_stages
from .verdicts import PaperItem as PaperItem
