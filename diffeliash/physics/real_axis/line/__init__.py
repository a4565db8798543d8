r"""A line $\omega + i\Gamma$ above the real axis: its points, Fourier transforms along it, and the equations on it."""

from ._boson_transforms import AbstractBosonGrid as AbstractBosonGrid
from ._boson_transforms import BosonTransforms as BosonTransforms
from ._boson_transforms import PiecewiseLinearBosonGrid as PiecewiseLinearBosonGrid
from ._boson_transforms import UniformBosonGrid as UniformBosonGrid
from ._boson_transforms import aliased as aliased
from ._boson_transforms import boson_transforms as boson_transforms
from ._boson_transforms import half_coth as half_coth
from ._boson_transforms import in_fft_order as in_fft_order
from ._boson_transforms import piecewise_linear_points as piecewise_linear_points
from ._boson_transforms import spread_on_grid as spread_on_grid
from ._line import Line as Line
from ._line import interpolate as interpolate
from ._line import on_finer_grid as on_finer_grid
from ._line import with_midpoints as with_midpoints
from ._line_equations import LineEquations as LineEquations
from ._line_equations import fermi_tanh as fermi_tanh
from ._line_equations import gap_and_renormalization as gap_and_renormalization
from ._line_equations import gap_map as gap_map
from ._line_equations import self_energy_coefficients as self_energy_coefficients
from ._line_plan import LARGEST_LINE as LARGEST_LINE
from ._line_plan import choose_line as choose_line
from ._pole_sums import interpolate_from_nodes as interpolate_from_nodes
from ._pole_sums import interpolation_nodes as interpolation_nodes
