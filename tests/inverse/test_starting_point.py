"""Where inversions begin, with a peak in place of what the solver finds."""

import numpy as np
import pytest

from diffeliash.inverse._starting_point import choose_starting_point
from diffeliash.inverse.nonlinear._forward_model import ForwardModel, choose_conditions
from diffeliash.inverse.nonlinear._gauss_newton import Measurement
from diffeliash.inverse.nonlinear._observables import RealGap

ENERGIES = np.linspace(0, 35, 1000)
N = 64


class Peak(ForwardModel):
    """A peak as wide as the broadening, at 2 meV and more the stronger the coupling."""

    def __init__(self, broadening):
        conditions = choose_conditions(
            T=3.0, broadening=broadening, omega_max=10.0, omega_c=100.0, matsubara_cutoff=220.0, mu_star=0.1
        )
        super().__init__(conditions, N, ENERGIES, RealGap(), rtol=1e-4)

    def place(self, a2f):
        coupling = 2 * np.sum(a2f / self.omega[:-1]) * self.omega[0]
        return 2.0 + 2.5 * np.log(coupling)

    def values_at(self, mu_star, a2f):
        del mu_star
        return 1 / (1 + ((ENERGIES - self.place(a2f)) / self.conditions.broadening) ** 2), True


@pytest.mark.parametrize("broadening", [0.02, 0.1, 0.5])
def test_a_peak_is_where_it_was_measured_from_the_start(broadening):
    """Within the broadening: else its derivatives lead nowhere."""
    forward = Peak(broadening)
    for coupling in np.geomspace(0.6, 9.0, 12):
        true = np.exp(-(((forward.omega[:-1] - 7.0) / 0.8) ** 2))
        true *= coupling / (2 * np.sum(true / forward.omega[:-1]) * forward.omega[0])
        values = forward.values_at(0.1, true)[0]
        measurement = Measurement(values=values, errors=np.full(values.size, 1e-3), known=True, mu_star=0.1)
        start = choose_starting_point(forward, measurement, values, ())
        assert abs(forward.place(start) - forward.place(true)) < 0.5 * broadening
