import pytest
import scipy.constants

from diffeliash.units import BOLTZMANN, MEV_PER_BIAS_UNIT, MEV_PER_UNIT, to_meV

CODATA = scipy.constants


@pytest.mark.parametrize(
    ("unit", "meV"),
    [
        ("eV", 1e3),
        ("THz", CODATA.h * 1e12 / CODATA.e * 1e3),
        ("cm-1", CODATA.h * CODATA.c * 100 / CODATA.e * 1e3),
        ("K", CODATA.k / CODATA.e * 1e3),
        ("Ha", CODATA.value("Hartree energy in eV") * 1e3),
        ("Ry", CODATA.value("Rydberg constant times hc in eV") * 1e3),
    ],
)
def test_units_are_those_of_codata(unit, meV):
    assert to_meV(unit) == pytest.approx(meV, rel=1e-9)
    assert set(MEV_PER_UNIT) == {"meV", "eV", "THz", "cm-1", "K", "Ry", "Ha"}


def test_an_electron_has_the_energy_of_its_bias():
    assert MEV_PER_BIAS_UNIT == {"V": 1e3, "mV": 1.0, "uV": 1e-3, "meV": 1.0, "eV": 1e3}


def test_the_boltzmann_constant_is_that_of_the_reference_data():
    assert BOLTZMANN == 0.08617333262


def test_unknown_unit_is_refused():
    with pytest.raises(ValueError, match="meV, eV"):
        to_meV("mev")
