import numpy as np
import pytest

from diffeliash import Spectrum, allen_dynes_tc

from ..cases import gaussian_peak
from ..conftest import shared


@pytest.mark.parametrize(
    ("name", "T_c"), [("Al_Elk", 1.96852), ("Nb_IsoME_s15", 10.42400), ("Pb_EPW2016_SOC_fig", 7.35771)]
)
def test_matches_the_table(name, T_c):
    # shared materials/README.md, mu* = 0.1; given to 6 digits
    data = np.loadtxt(shared("materials", "grid", f"{name}.dat"))
    assert float(allen_dynes_tc(Spectrum(data[:, 0], data[:, 1]))) == pytest.approx(T_c, rel=2e-6)


def test_no_tc_where_the_coulomb_repulsion_wins():
    assert float(allen_dynes_tc(gaussian_peak(0.1), 0.2)) == 0
    assert float(allen_dynes_tc(gaussian_peak(0.5), 0.2)) > 0
