r"""A line $\omega + i\Gamma$ above the real axis: its points, transforms along it, and the equations on it."""

from ._boson_transforms import AbstractComb as AbstractComb
from ._boson_transforms import EvenComb as EvenComb
from ._boson_transforms import LinearComb as LinearComb
from ._boson_transforms import Waves as Waves
from ._boson_transforms import boson_waves as boson_waves
from ._boson_transforms import folded as folded
from ._boson_transforms import half_coth as half_coth
from ._boson_transforms import in_order_of_fft as in_order_of_fft
from ._boson_transforms import scattered as scattered
from ._boson_transforms import straight_points as straight_points
from ._line import Line as Line
from ._line import double as double
from ._line import interpolate as interpolate
from ._line import on_finer_grid as on_finer_grid
from ._line_equations import LineEquations as LineEquations
from ._line_equations import fermi_tanh as fermi_tanh
from ._line_equations import gap_and_renormalization as gap_and_renormalization
from ._line_equations import gap_map as gap_map
from ._line_equations import self_energy_waves as self_energy_waves
from ._line_plan import LARGEST_LINE as LARGEST_LINE
from ._line_plan import choose_line as choose_line
from ._pole_sums import from_nodes as from_nodes
from ._pole_sums import smooth_nodes as smooth_nodes
