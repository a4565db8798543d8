"""What came out: each figure, table and statement of the paper with its numbers and a verdict."""

from ._figure_verdicts import items as items
from ._many_to_one_answer import Answer as Answer
from ._many_to_one_answer import Point as Point
from ._many_to_one_answer import answer as answer
from ._verdict import WELL as WELL
from ._verdict import Item as Item
from ._verdict import Table as Table
from ._verdict import Verdict as Verdict
from ._verdict import digits as digits
from ._verdict import needed as needed
from ._verdict import percent as percent
