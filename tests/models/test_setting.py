import dataclasses

import equinox as eqx
import numpy as np
import pytest

from diffeliash import InputError, IntegrityError
from diffeliash.data import DosFile, GapFile
from diffeliash.models import Setting, predict_spectrum

SETTING = Setting(
    omega_max=10.0, n_points=4, n_energies=8, T=1.16, mu_star=0.1, omega_c=100.0, matsubara_cutoff=220.0, broadening=0.1
)
OMEGA = np.linspace(0, 35, 8)
GAP = GapFile(omega=OMEGA, Delta=np.cos(OMEGA) + 1j * OMEGA, T=1.16, broadening=0.1, mu_star=0.1)


class Echo(eqx.Module):
    """A predictor that answers with its first four features."""

    def __call__(self, features):
        return features[:4]


def test_scaling_law():
    # five times all energies and the temperature: the same a2F on five times the energies
    spectrum, setting = predict_spectrum(Echo(), SETTING, GAP)
    scaled_gap = dataclasses.replace(GAP, omega=5 * OMEGA, Delta=5 * GAP.Delta, T=5.8, broadening=0.5)
    scaled, scaled_setting = predict_spectrum(Echo(), SETTING, scaled_gap)
    np.testing.assert_allclose(spectrum.a2f, np.cos(OMEGA)[:4], rtol=1e-12)
    np.testing.assert_allclose(scaled.a2f, spectrum.a2f, rtol=1e-12)
    np.testing.assert_allclose(scaled.omega, 5 * np.asarray(spectrum.omega), rtol=1e-12)
    assert setting == SETTING
    assert scaled_setting.omega_c == pytest.approx(500.0)


def test_a_density_of_states_has_no_scale_but_its_energies():
    dos = DosFile(omega=OMEGA, dos=1 + np.exp(-OMEGA), T=1.16, broadening=0.1, mu_star=0.1)
    scaled = dataclasses.replace(dos, omega=5 * OMEGA, T=5.8, broadening=0.5)
    for given in (dos, scaled):
        np.testing.assert_allclose(predict_spectrum(Echo(), SETTING, given)[0].a2f, dos.dos[:4], rtol=1e-12)
    with pytest.raises(InputError, match="density of states covers 0 to 17"):
        predict_spectrum(Echo(), SETTING, dataclasses.replace(dos, omega=OMEGA / 2))


def test_what_agrees_is_accepted():
    predict_spectrum(Echo(), SETTING, dataclasses.replace(GAP, z_sum="TruncatedSum"))
    stated = {"omega_max": 10.05, "omega_c": 100.0, "matsubara_cutoff": 221.0, "broadening": 0.0995}
    predict_spectrum(Echo(), SETTING, dataclasses.replace(GAP, **stated))
    scaled = {name: 5 * value for name, value in stated.items()} | {"omega": 5 * OMEGA, "T": 5.8}
    predict_spectrum(Echo(), SETTING, dataclasses.replace(GAP, **scaled))


def test_what_is_not_stated_is_taken_as_trained():
    bare = GapFile(omega=OMEGA, Delta=GAP.Delta)
    np.testing.assert_array_equal(
        predict_spectrum(Echo(), SETTING, bare)[0].a2f, predict_spectrum(Echo(), SETTING, GAP)[0].a2f
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"broadening": 0.2}, "broadening 0.2 meV"),
        ({"T": 2.32}, "needs broadening 0.2 meV at 2.32 K"),
        ({"T": -1.0}, "temperature"),
        ({"mu_star": 0.13}, r"has mu\* = 0.13: the predictor needs mu\* = 0.1 at 1.16 K"),
        ({"omega_max": 20.0}, "has an a2F up to 20 meV: the predictor needs an a2F up to 10 meV"),
        ({"omega_c": 150.0}, "Coulomb cutoff of 150 meV: the predictor needs a Coulomb cutoff of 100 meV"),
        ({"matsubara_cutoff": 150.0}, "Matsubara cutoff of 150 meV: the predictor needs a Matsubara cutoff of 220 meV"),
        (
            {"omega_max": 20.0, "broadening": np.nan},
            "has an a2F up to 20 meV, broadening nan meV|has broadening nan meV, an",
        ),
        ({"T": 5.8, "broadening": 0.5, "omega_max": 10.0}, "needs an a2F up to 50 meV at 5.8 K"),
        ({"omega": np.append(OMEGA, 1e12), "Delta": np.append(GAP.Delta, 0)}, r"goes up to 1e\+12 meV"),
        ({"Delta": GAP.Delta + 1e300}, r"the gap function reaches 1e\+300 meV, more than 100000 meV"),
        ({"z_sum": "InfiniteSum"}, "with the sum 'InfiniteSum' in Z: the predictor needs TruncatedSum"),
        ({"omega": OMEGA / 2}, "covers 0 to 17.5 meV"),
        ({"omega": OMEGA + 20}, "covers 20"),
    ],
)
def test_other_settings_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        predict_spectrum(Echo(), SETTING, dataclasses.replace(GAP, **change))


def test_a_density_of_states_that_no_metal_has_is_refused():
    dos = DosFile(omega=OMEGA, dos=np.append(np.ones(7), 2e6), T=1.16, broadening=0.1)
    with pytest.raises(InputError, match=r"the density of states reaches 2e\+06, more than 1e\+06\.$"):
        predict_spectrum(Echo(), SETTING, dos)


def test_a_network_that_answers_nonsense_is_told_from_bad_input():
    with pytest.raises(IntegrityError, match="output of the network is not finite"):
        predict_spectrum(lambda features: features[:4] * np.inf, SETTING, GAP)
