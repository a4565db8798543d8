"""Self-energies as they are published: columns, units and signs that nobody states."""

import numpy as np
import pytest

from diffeliash import InputError, read_self_energy

from ...conftest import shared

W = np.linspace(-90.0, 0.0, 91)
SIGMA = 10 * np.exp(-(((W + 30) / 15) ** 2)) - 1j * (20 + 15 * np.tanh(np.abs(W) / 30))


def save(path, *columns, header=""):
    np.savetxt(path, np.stack(columns, axis=1), header=header)
    return path


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("sign", [1, -1])
def test_two_files_with_the_energy_last_and_the_imaginary_part_in_eV(tmp_path, sign):
    real = save(tmp_path / "re.dat", SIGMA.real, W - 0.004)
    imaginary = save(tmp_path / "im.dat", sign * SIGMA.imag / 1000, W)
    with pytest.warns(UserWarning, match="column 2"):
        found = read_self_energy(real, imaginary)
    np.testing.assert_allclose(found.sigma, SIGMA)
    assert found.part == "both"
    assert sum("sign of the imaginary part" in notice for notice in found.notices) == (sign < 0)
    assert "the imaginary part is taken to be in eV, by its size." in found.notices


@pytest.mark.filterwarnings("default")
def test_one_file_of_binding_energies_in_eV(tmp_path):
    path = save(tmp_path / "both.dat", -W[::-1] / 1000, SIGMA.real[::-1], -SIGMA.imag[::-1])
    found = read_self_energy(path)
    np.testing.assert_allclose(found.omega, W, atol=1e-9)
    np.testing.assert_allclose(found.sigma, SIGMA)
    assert any("binding energies" in notice for notice in found.notices)
    assert any("in eV" in notice for notice in found.notices)


def test_what_is_given_is_not_guessed(tmp_path, recwarn):
    path = save(tmp_path / "im.dat", W, SIGMA.imag / 1e4)
    found = read_self_energy(None, path, energy_unit="meV", imaginary_unit="eV")
    np.testing.assert_allclose(found.sigma, SIGMA.imag / 10)
    assert found.part == "imaginary"
    assert found.notices == ()
    assert not recwarn.list


@pytest.mark.filterwarnings("default")
def test_what_cannot_be_a_self_energy_is_refused(tmp_path):
    good = save(tmp_path / "re.dat", W, SIGMA.real)
    noise = np.random.default_rng(0).normal(size=91)
    for columns, message in (((noise, noise**2), "no column of energies"), ((W, W, W, W), "4 columns")):
        with pytest.raises(InputError, match=message):
            read_self_energy(save(tmp_path / "bad.dat", *columns))
    with pytest.raises(InputError, match="energies of both parts differ"):
        read_self_energy(good, save(tmp_path / "im.dat", W + 0.5, SIGMA.imag))
    with pytest.raises(InputError, match="each must hold one part"):
        read_self_energy(save(tmp_path / "both.dat", W, SIGMA.real, SIGMA.imag), good)
    with pytest.raises(InputError, match="no file"):
        read_self_energy(None)
    with pytest.raises(ValueError, match="`unit` must be one of"):
        read_self_energy(good, unit="parsec")


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("band", ["alpha", "beta"])
def test_measured_files(band):
    folder = shared("measured", "CsV3Sb5")
    found = read_self_energy(folder / f"{band}_real.dat", folder / f"{band}_imaginary.dat")
    assert found.omega.size == 191
    assert found.omega[0] == pytest.approx(-95.0061)
    assert 5 < np.max(found.sigma.real) < 20
    assert np.all((found.sigma.imag < -20) & (found.sigma.imag > -65))
    assert any("exactly zero" in notice for notice in found.notices)
