"""The verdicts: each figure, table and statement of the paper, with our numbers and whether it is reproduced."""

from ._many_to_one_answer import Answer as Answer
from ._many_to_one_answer import Point as Point
from ._many_to_one_answer import answer as answer
from ._verdict import GOOD as GOOD
from ._verdict import PaperItem as PaperItem
from ._verdict import Table as Table
from ._verdict import Verdict as Verdict
from ._verdict import digits as digits
from ._verdict import latent_size_text as latent_size_text
from ._verdict import percent as percent
from ._verdicts_figs_1_to_8 import items as items
