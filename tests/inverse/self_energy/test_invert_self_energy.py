"""Self-energies back to their spectral functions, with the noise, its correlation and the verdict on both parts."""

import jax
import numpy as np
import pytest
from scipy.linalg import cholesky, toeplitz

from diffeliash import (
    InputError,
    MaterialsFamily,
    NormalSelfEnergy,
    SelfEnergyInversion,
    Spectrum,
    invert,
    invert_many,
    invert_self_energy,
    normal_self_energy,
)
from diffeliash.inverse._scatter import exceeds_scatter
from diffeliash.inverse.self_energy._linear_model import linear_model
from diffeliash.inverse.self_energy._part_errors import WHITE, Correlation, PartErrors, are_correlated

from ...conftest import shared

T = 6.0
ENERGIES = np.linspace(-95.0, 0.0, 191)
OMEGA = 0.05 * np.arange(1, 801)
A2F = OMEGA**2 / (OMEGA**2 + 100) * (
    0.25 * np.exp(-(((OMEGA - 14) / 4) ** 2)) + 0.4 * np.exp(-(((OMEGA - 31) / 3) ** 2))
)  # fmt: skip
SPECTRUM = Spectrum(OMEGA, A2F)
NOISE = 0.2, 0.4


@pytest.fixture(scope="module")
def sigma():
    """The self-energy with a constant, a slope, and impurities."""
    return np.asarray(normal_self_energy(SPECTRUM, ENERGIES, T)) + 1.5 + 0.03 * ENERGIES - 20j


def with_noise(sigma, seed=0, noise=NOISE):
    rng = np.random.default_rng(seed)
    return sigma + noise[0] * rng.normal(size=sigma.size) + 1j * noise[1] * rng.normal(size=sigma.size)


@pytest.fixture(scope="module")
def found(sigma):
    return invert_self_energy(ENERGIES, with_noise(sigma), T=T)


def test_both_parts_give_one_spectral_function(found):
    assert found.ok
    assert found.probability > 0.01
    assert 0.8 < found.chi2 < 1.2
    value, std = found.lambda_ep
    assert 0 < std < 0.06 * value
    assert abs(value - float(SPECTRUM.lambda_ep)) < 3 * std
    at = np.interp(found.omega, OMEGA, A2F, right=0.0)
    assert np.corrcoef(found.a2f, at)[0, 1] > 0.98
    assert np.min(found.a2f) == 0
    assert 35 < found.omega_max < 55
    assert any("is found to end" in note for note in found.notes)
    np.testing.assert_allclose(found.inversion.a2f_std, np.std(found.inversion.samples, axis=0))


def test_nuisances_with_their_errors(found):
    truth = {"constant": 1.5, "slope": 0.03, "impurity": 20.0}
    assert set(found.nuisances) == set(truth)
    for name, (value, std) in found.nuisances.items():
        assert 0 < std < 0.3 * truth[name]
        assert abs(value - truth[name]) < 4 * std


def test_noise_of_each_part(found):
    for part, exact in zip(found.parts, NOISE, strict=True):
        assert part.noise == pytest.approx(exact, rel=0.15)
        assert part.scatter == pytest.approx(exact, rel=0.3)
        assert not part.noise_known
        assert part.n_correlated == 1
        assert 0.8 < part.chi2 < 1.2
        value, std = part.alone.lambda_ep
        assert abs(value - float(SPECTRUM.lambda_ep)) < 4 * std
        assert std > found.lambda_ep[1] * 0.9


def test_parts_that_contradict_each_other(sigma):
    wrong = sigma.real + 1j * (1.3 * (sigma.imag + 20) - 20)
    found = invert_self_energy(ENERGIES, with_noise(wrong), T=T)
    assert found.probability < 1e-6
    assert not found.ok
    assert found.error_factor > 1.01
    assert any("not compatible" in note and "real part" in note for note in found.notes)


def test_one_part_with_known_noise_and_end(sigma):
    data = with_noise(sigma, 1)
    for name, part, noise in (("real", data.real, 0.2), ("imaginary", data.imag, np.full(191, 0.4))):
        found = invert_self_energy(
            ENERGIES, part, T=T, observable=NormalSelfEnergy(part=name), noise=noise, omega_max=40.0, n_points=64
        )
        assert found.inversion.end_known
        assert found.omega_max == pytest.approx(40.0)
        assert found.probability == 1
        assert found.error_factor == 1
        assert 0.7 < found.chi2 < 1.2
        assert abs(found.lambda_ep[0] - float(SPECTRUM.lambda_ep)) < 4 * found.lambda_ep[1]


def test_noise_that_is_larger_than_stated(sigma):
    found = invert_self_energy(ENERGIES, with_noise(sigma), T=T, noise=(0.1, 0.2), omega_max=40.0, n_points=64)
    assert found.chi2 > 3
    assert not found.ok
    assert any("no a2F is consistent" in note for note in found.notes)


def test_a_running_mean_is_recognized_and_the_bars_are_wider(sigma, found):
    rng = np.random.default_rng(3)
    noise = [np.convolve(rng.normal(size=193), np.ones(3) / 3, "valid") * np.sqrt(3) for _ in range(2)]
    smooth = invert_self_energy(ENERGIES, sigma + 0.2 * noise[0] + 0.4j * noise[1], T=T)
    for part, exact in zip(smooth.parts, NOISE, strict=True):
        assert part.n_correlated == 3
        assert part.noise == pytest.approx(exact, rel=0.25)
        assert any("running mean over 3" in note for note in part.notes)
    assert smooth.lambda_ep[1] > 1.2 * found.lambda_ep[1]
    assert abs(smooth.lambda_ep[0] - float(SPECTRUM.lambda_ep)) < 4 * smooth.lambda_ep[1]


def test_electrons_without_bosons(sigma):
    nothing = with_noise(0 * sigma - 20j)
    found = invert_self_energy(ENERGIES, nothing, T=T, omega_max=40.0, n_points=64)
    assert not found.determined
    assert not found.ok
    assert found.lambda_ep[1] > 0.5
    assert "do not determine a2F" in found.notes[0]


def test_model_is_the_self_energy_of_the_spectrum():
    omega = 0.5 * np.arange(1, 81)
    model = linear_model(NormalSelfEnergy(electrons=True), ENERGIES, omega, T=T, size=10.0)
    a2f = np.interp(omega, OMEGA, A2F)
    a2f[-1] = 0.0
    free = np.array([1.5, 0.03, 20.0, 1e-3])
    values, usable = model.values_at(np.append(free + model.offsets, a2f[:-1]))
    exact = np.asarray(normal_self_energy(Spectrum(omega, a2f), ENERGIES, T)) + 1.5 + 0.03 * ENERGIES
    exact -= 1j * (20 + 1e-3 * ENERGIES**2)
    assert usable
    np.testing.assert_allclose(values, np.append(exact.real, exact.imag), rtol=1e-9, atol=1e-9)
    part = model.only("imaginary")
    found = part.values_at(np.append(free[2:] + part.offsets, a2f[:-1]))[0]
    np.testing.assert_allclose(found, exact.imag, rtol=1e-9, atol=1e-9)


def test_whitened_errors_are_independent():
    for correlation in (WHITE, Correlation("mean", 3), Correlation("exponential", 4)):
        errors = PartErrors(np.full(60, 2.0), correlation)
        root = cholesky(toeplitz(correlation.at(60)) + 1e-9 * np.eye(60), lower=True)
        white = errors.whiten(2.0 * root)
        np.testing.assert_allclose(np.mean(np.diag(white @ white.T)), 1.0, atol=0.1)
    noise = np.random.default_rng(0).normal(size=400)
    assert not are_correlated(noise)
    assert are_correlated(noise[1:] + noise[:-1])
    level = float(np.sqrt(np.mean((3 * noise) ** 2)))
    assert not exceeds_scatter(level, 3.0, noise.size)
    assert exceeds_scatter(level, 1.5, noise.size)


def test_invert_knows_self_energies(sigma):
    """The same result, which answers what is asked of those of other measurements."""
    known = {"T": T, "omega_max": 40.0, "n_points": 64, "n_samples": 20}
    data = with_noise(sigma)
    found = invert(ENERGIES, data, observable=NormalSelfEnergy(), noise=NOISE, **known)
    expected = invert_self_energy(ENERGIES, data, noise=NOISE, **known)
    assert isinstance(found, SelfEnergyInversion)
    np.testing.assert_array_equal(found.samples, expected.samples)
    np.testing.assert_array_equal(found.a2f_std, np.std(found.samples, axis=0))
    assert found.lambda_ep == expected.lambda_ep
    assert (found.broadening, found.scale, found.offset) == (None, None, None)
    assert (found.mu_star, found.mu_star_std, found.converged, found.noise_known) == (0.1, 0.0, True, True)
    assert found.noise == pytest.approx(np.sqrt(np.mean(np.square(NOISE))))
    assert found.values.shape == (2 * ENERGIES.size,)
    assert found.n_resolved > 3
    assert (found.conditions.T, found.conditions.omega_max) == (T, 40.0)
    assert 10 < found.omega_log[0] < found.omega_2[0] < 40


def test_what_means_nothing_for_a_self_energy_is_refused(sigma):
    for options, message in (
        ({"broadening": 0.1, "scale": None}, "no `broadening`, `scale`"),
        ({"offset": None, "omega_c": 100.0}, "no `offset`, `omega_c`"),
        ({"matsubara_cutoff": 100.0, "starts": [SPECTRUM]}, "no `matsubara_cutoff`, `starts`"),
        ({"mu_star": None}, "`mu_star`"),
    ):
        with pytest.raises(InputError, match=message):
            invert(ENERGIES, sigma, T=T, observable=NormalSelfEnergy(), **options)
    with pytest.raises(InputError, match="one at a time"):
        invert_many(ENERGIES, sigma[None, :], T=T, observable=NormalSelfEnergy())
    with pytest.raises(InputError, match="not a tuple"):
        invert(ENERGIES, sigma, T=T, noise=NOISE)


def test_what_is_wrong_is_said_at_once(sigma):
    for energies, measured, options, message in (
        (ENERGIES[::-1], sigma, {}, "ascending"),
        (ENERGIES, sigma[1:], {}, "one number for each energy"),
        (ENERGIES, sigma.real, {}, "complex"),
        (ENERGIES, sigma + np.nan, {}, "finite"),
        (ENERGIES, sigma, {"noise": -1.0, "n_points": 2, "n_samples": 0}, "`noise`.*`n_points`.*`n_samples`"),
        (ENERGIES, sigma, {"noise": (1.0, 1.0, 1.0)}, "one for each measured part"),
        (ENERGIES, sigma, {"omega_max": -1.0}, "`omega_max`"),
        (ENERGIES, sigma, {"T": -1.0}, "`T`"),
    ):
        with pytest.raises(InputError, match=message):
            invert_self_energy(energies, measured, **{"T": T} | options)
    with pytest.raises(ValueError, match="`part`"):
        NormalSelfEnergy(part="modulus")


@pytest.mark.parametrize("band", ["alpha", "beta"])
def test_measured_bands(band):
    real, imaginary = (
        np.loadtxt(shared("measured", "CsV3Sb5", f"{band}_{part}.dat")) for part in ("real", "imaginary")
    )
    found = invert_self_energy(real[:, 1], real[:, 0] - 1e3j * np.abs(imaginary[:, 0]), T=T)
    assert 0.8 < found.chi2 < 1.2
    value, std = found.lambda_ep
    assert value + std > 0.45  # published are 0.45 to 0.6
    assert value - std < 0.6
    assert std < 0.1
    assert not found.compatible
    assert all(part.n_correlated == 3 for part in found.parts)


@pytest.mark.slow
def test_bars_of_the_coupling_constant_hold_the_truth():
    inside, alarms = [], []
    for seed in range(60):
        spectrum = MaterialsFamily(omega_max=40.0).sample_spectrum(jax.random.key(seed))
        data = with_noise(np.asarray(normal_self_energy(spectrum, ENERGIES, T)) - 20j, seed, (0.6, 1.0))
        found = invert_self_energy(ENERGIES, data, T=T)
        inside.append(abs(found.lambda_ep[0] - float(spectrum.lambda_ep)) < found.lambda_ep[1])
        alarms.append(not found.compatible)
    assert 0.5 < np.mean(inside) < 0.85
    assert np.mean(alarms) <= 0.05
