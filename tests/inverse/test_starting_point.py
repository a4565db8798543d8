"""Where inversions begin, with a peak in place of what the solver finds."""

import numpy as np
import pytest

from diffeliash.inverse import _starting_point
from diffeliash.inverse._starting_point import choose_starting_point
from diffeliash.inverse.nonlinear._forward_model import ForwardModel, choose_conditions, forward_model
from diffeliash.inverse.nonlinear._gauss_newton import Measurement
from diffeliash.inverse.nonlinear._observables import RealGap

ENERGIES = np.linspace(0, 35, 1000)
N = 64


class Peak(ForwardModel):
    """A peak as wide as the broadening, at 2 meV and more the stronger the coupling."""

    def place(self, a2f):
        coupling = 2 * np.sum(a2f / self.omega[:-1]) * self.omega[0]
        return 2.0 + 2.5 * np.log(coupling)

    def values_at(self, unknowns):
        return 1 / (1 + ((ENERGIES - self.place(unknowns)) / self.conditions.broadening) ** 2), True


def peak(broadening):
    conditions = choose_conditions(
        T=3.0, broadening=broadening, omega_max=10.0, omega_c=100.0, matsubara_cutoff=220.0, mu_star=0.1
    )
    model = forward_model(conditions, N, ENERGIES, RealGap(), 1e-4, mu_star=0.1)
    return Peak(model.program, model.conditions, model.fitted)


@pytest.mark.parametrize("broadening", [0.02, 0.1, 0.5])
def test_a_peak_is_where_it_was_measured_from_the_start(monkeypatch, broadening):
    """Within the broadening: else its derivatives lead nowhere."""
    monkeypatch.setattr(_starting_point, "ForwardModel", Peak)
    forward = peak(broadening)
    for coupling in np.geomspace(0.6, 9.0, 12):
        true = np.exp(-(((forward.omega[:-1] - 7.0) / 0.8) ** 2))
        true *= coupling / (2 * np.sum(true / forward.omega[:-1]) * forward.omega[0])
        values = forward.values_at(true)[0]
        measurement = Measurement(values=values, errors=np.full(values.size, 1e-3), known=True)
        start = choose_starting_point(forward, measurement, values, ())
        assert abs(forward.place(start) - forward.place(true)) < 0.5 * broadening
