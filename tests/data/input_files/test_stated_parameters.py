import numpy as np
import pytest

from diffeliash import read_gap
from diffeliash.data.input_files._stated_parameters import stated_parameters
from diffeliash.units import BOLTZMANN


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("T = 1.16 K, broadening = 0.1 meV", {"T": 1.16, "broadening": 0.1}),
        ("T: 300 mK", {"T": 0.3}),
        ("temperature = 4.2", {"T": 4.2}),
        ("T = 0.5 meV", {"T": 0.5 / BOLTZMANN}),
        ("Gamma = 50 ueV", {"broadening": 0.05}),
        ("\u0393 = 50 \u00b5V", {"broadening": 0.05}),
        ("Gamma=5e-5 eV", {"broadening": 0.05}),
        ("mu* = 0.12, omega_c = 101 meV", {"mu_star": 0.12, "omega_c": 101.0}),
        ("\u03bc* = 0.12", {"mu_star": 0.12}),
        ("omega_max = 0.0101 eV, matsubara_cutoff = 220", {"omega_max": 10.1, "matsubara_cutoff": 220.0}),
        ("T = 4.2 Kelvin", {"T": 4.2}),
        ("T = 4.2 K and again T = 4200 mK", {"T": 4.2}),
        (
            "T = 1,2 K, mu* = .12,omega_c=101.,omega_max=1e1",
            {"T": 1.2, "mu_star": 0.12, "omega_c": 101.0, "omega_max": 10.0},
        ),
        ("the normal state at 9 K, Tc = 7.2 K", {}),
    ],
)
def test_parameters_and_their_units(text, expected):
    found, notices = stated_parameters([f"# {text}"])
    assert found == pytest.approx(expected, rel=1e-12)
    assert notices == []


def test_several_values_of_a_parameter(tmp_path):
    path = tmp_path / "gap.txt"
    rows = np.stack([np.arange(1.0, 9.0), np.ones(8), np.zeros(8)], axis=1)
    np.savetxt(path, rows, header="T = 4.2 K, mu* = 0.1\nthe junction at T = 9 K")
    with pytest.warns(UserWarning, match="several values of T, 4.2 and 9; none of them is used"):
        found = read_gap(path)
    assert (found.T, found.mu_star) == (None, 0.1)
