"""Families of random spectral functions: the distributions from which data sets are drawn."""

from ._brownian_family import BrownianFamily as BrownianFamily
from ._complex_family import ComplexFamily as ComplexFamily
from ._family import MOST_POINTS as MOST_POINTS
from ._family import Family as Family
from ._family import GridEnd as GridEnd
from ._family import Points as Points
from ._family import check_grid as check_grid
from ._family import family_grid as family_grid
from ._family import wrong_types as wrong_types
from ._family_names import FAMILIES as FAMILIES
from ._family_names import family_as_dict as family_as_dict
from ._family_names import make_family as make_family
from ._materials_family import MaterialsFamily as MaterialsFamily
from ._simple_family import SimpleFamily as SimpleFamily
