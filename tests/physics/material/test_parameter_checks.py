import numpy as np
import pytest

from diffeliash.physics.material import check_cutoffs, check_mu_star, check_temperature


@pytest.mark.parametrize("T", [0.0, -1.0, np.nan, np.inf, np.ones(2)])
def test_temperatures_that_are_refused(T):
    assert "`T` must be" in check_temperature(T)[0]


@pytest.mark.parametrize(("mu_star", "complaints"), [(-1e-9, 1), (0.0, 0), (1.0, 0), (1.0 + 1e-9, 1), (np.nan, 1)])
def test_the_range_of_mu_star(mu_star, complaints):
    assert len(check_mu_star(mu_star)) == complaints
    assert check_temperature(1e-3) == []


@pytest.mark.parametrize(
    ("omega_c", "matsubara_cutoff", "complaints"),
    [(10.0, 10.0, 0), (9.99, 10.0, 1), (10.0, 9.99, 1), (0.0, -1.0, 2), (np.inf, np.nan, 2)],
)
def test_cutoffs_reach_the_end_of_the_spectrum(omega_c, matsubara_cutoff, complaints):
    assert len(check_cutoffs(omega_c, matsubara_cutoff, 10.0)) == complaints
