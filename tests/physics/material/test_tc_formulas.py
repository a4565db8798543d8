import numpy as np
import pytest

from diffeliash import Spectrum, allen_dynes_tc, mcmillan_tc, rescale_mu_star, solve_tc
from diffeliash.units import BOLTZMANN

from ...cases import gaussian_peak
from ...conftest import shared


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


def test_mcmillan_is_allen_dynes_without_its_corrections():
    spectrum = gaussian_peak(0.6)
    exponent = -1.04 * 1.6 / (0.6 - 0.1 * (1 + 0.62 * 0.6))
    expected = float(spectrum.omega_log) / (1.2 * BOLTZMANN) * np.exp(exponent)
    assert float(mcmillan_tc(spectrum, 0.1)) == pytest.approx(expected, rel=1e-12)
    assert 1 < float(allen_dynes_tc(spectrum, 0.1)) / expected < 1.1


def test_mu_star_moves_with_its_cutoff():
    # 1/mu* + ln(cutoff) is what does not depend on the cutoff
    moved = float(rescale_mu_star(0.1, old_cutoff=30.0, new_cutoff=300.0))
    assert 1 / moved + np.log(300.0) == pytest.approx(1 / 0.1 + np.log(30.0), rel=1e-13)
    assert moved > 0.1
    assert float(rescale_mu_star(moved, old_cutoff=300.0, new_cutoff=30.0)) == pytest.approx(0.1, rel=1e-13)
    assert float(rescale_mu_star(0.0, old_cutoff=30.0, new_cutoff=300.0)) == 0


@pytest.mark.slow
def test_a_rescaled_mu_star_leaves_tc_where_it_is():
    # the reason for the formula: T_c of the equations hardly depends on the Coulomb cutoff then
    spectrum = gaussian_peak(1.0)
    found = [
        float(solve_tc(spectrum, mu_star=mu, omega_c=c, matsubara_cutoff=220.0))
        for mu, c in ((0.15, 60.0), (float(rescale_mu_star(0.15, old_cutoff=60.0, new_cutoff=150.0)), 150.0))
    ]
    assert found[1] == pytest.approx(found[0], rel=3e-3)
    assert float(solve_tc(spectrum, mu_star=0.15, omega_c=150.0, matsubara_cutoff=220.0)) > 1.01 * found[0]
