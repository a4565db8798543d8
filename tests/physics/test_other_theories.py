"""The one set of equations with materials that are not isotropic: only what a material hands to it is written here."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import FullMatsubara, Newton, Spectrum, continue_gap, leading_eigenvalue, solve_gap
from diffeliash.physics.material import AbstractFermiSurfaceAverage, AbstractMaterial, IsotropicAverage, couplings
from diffeliash.physics.matsubara import FoldedKernels, SharpCutoff, TruncatedSum, bosonic_frequencies
from diffeliash.physics.matsubara._folded_coupling import FullSet, SumLimits
from diffeliash.physics.matsubara._gap_equations import gap_jacobian, gap_residual, renormalization
from diffeliash.units import BOLTZMANN

from ..cases import gaussian_peak
from ..conftest import shared

ANGLES = 256


class DWaveAverage(AbstractFermiSurfaceAverage):
    """Over a round Fermi surface, for a gap that goes as the cosine of twice the angle."""

    def _gaps(self, Delta):
        theta = (np.arange(ANGLES) + 0.5) * np.pi / 2 / ANGLES
        shape = jnp.asarray(np.cos(theta)).reshape(-1, *([1] * jnp.ndim(Delta)))
        return shape, shape * Delta[None]

    def averages(self, omega_m, Delta):
        shape, gaps = self._gaps(Delta)
        R = jnp.sqrt(omega_m[None] ** 2 + gaps**2)
        return jnp.mean(gaps**2 / (R * (R + omega_m[None])), axis=0), jnp.mean(2 * shape * gaps / R, axis=0)

    def slopes(self, omega_m, Delta):
        shape, gaps = self._gaps(Delta)
        R = jnp.sqrt(omega_m[None] ** 2 + gaps**2)
        of_normal = jnp.mean(omega_m[None] * gaps * shape / R**3, axis=0)
        return of_normal, jnp.mean(2 * shape**2 * omega_m[None] ** 2 / R**3, axis=0)

    def divided_by_R(self, x, omega_m, Delta):
        _, gaps = self._gaps(Delta)
        return x * jnp.mean(1 / jnp.sqrt(omega_m[None] ** 2 + gaps**2), axis=0)

    def on_line(self, inverse_z, Delta):
        shape, gaps = self._gaps(Delta)
        G = 1 / jnp.sqrt(1 - (gaps * inverse_z[None]) ** 2)
        return jnp.mean(G, axis=0), jnp.mean(2 * shape * gaps * inverse_z[None] * G, axis=0)

    def density_of_states(self, z, Delta):
        return jnp.real(self.on_line(1 / z, Delta)[0])


class DWave(AbstractMaterial):
    """One spectral function in the equation of Z, another one in that of the gap."""

    omega: jax.Array
    a2f: jax.Array
    a2f_pairing: jax.Array

    @property
    def channels(self):
        return Spectrum(self.omega, self.a2f), Spectrum(self.omega, self.a2f_pairing)

    @property
    def average(self):
        return DWaveAverage()

    @property
    def omega_max(self):
        return self.omega[-1]

    def zeroed_unless(self, usable):
        return DWave(self.omega, jnp.where(usable, self.a2f, 0.0), jnp.where(usable, self.a2f_pairing, 0.0))


@pytest.fixture(scope="module")
def d_wave():
    with np.load(shared("references", "theories", "d_wave_strong.npz")) as file:
        return without_first_triangle(dict(file), "a2f_normal", "a2f_pairing")


def without_first_triangle(case, *names):
    """The references' integrals begin at the first point of the grid, ours at zero: halving a2F there is the same."""
    for name in names:
        case[name] = np.concatenate([case[name][..., :1] / 2, case[name][..., 1:]], axis=-1)
    return case


@pytest.fixture(scope="module")
def solved(d_wave):
    material = DWave(*(jnp.asarray(d_wave[name]) for name in ("omega", "a2f_normal", "a2f_pairing")))
    cutoff = float(d_wave["matsubara_cutoff"])
    options = {"mu_star": 0.0, "omega_c": cutoff, "matsubara_cutoff": cutoff, "frequencies": FullMatsubara()}
    return material, options, solve_gap(material, float(d_wave["T"]), **options)


def test_d_wave_reference(d_wave, solved):
    _, _, sol = solved
    assert sol.converged
    np.testing.assert_allclose(sol.Delta, d_wave["Delta"], rtol=0, atol=1e-8)
    np.testing.assert_allclose(sol.Z, d_wave["Z"], rtol=0, atol=1e-9)
    Delta, Z = sol.at(np.array([0, 5, 50]))
    np.testing.assert_allclose(Delta, d_wave["Delta"][[0, 5, 50]], rtol=0, atol=1e-8)
    np.testing.assert_allclose(Z, d_wave["Z"][[0, 5, 50]], rtol=0, atol=1e-9)


def test_d_wave_jacobian_gives_newtons_method_the_same_root(d_wave, solved):
    material, options, sol = solved
    newton = solve_gap(material, float(d_wave["T"]), solver=Newton(), **options)
    assert newton.converged
    assert int(newton.n_steps) < 8
    np.testing.assert_allclose(newton.Delta, sol.Delta, rtol=0, atol=1e-9)


def test_d_wave_on_the_real_axis_passes_the_cauchy_test(solved):
    material, _, sol = solved
    real = continue_gap(sol, material, np.linspace(0.0, 200.0, 41), broadening=1.0)
    assert real.converged
    assert float(real.cauchy) < 1e-3
    # V-shaped: next to nothing at zero energy, half of N at about half of the largest gap, a peak there
    gap = float(sol.Delta[0])
    inside = np.interp([0.0, gap / 2], real.omega, real.dos)
    assert inside[0] < 0.2
    assert 0.3 < inside[1] < 0.9
    assert np.max(real.dos) > 1.5


@pytest.mark.slow
def test_equal_channels_are_the_isotropic_material():
    """With nothing left out of the sums, since two channels might differ."""

    class TwoChannels(Spectrum):
        @property
        def channels(self):
            return Spectrum(self.omega, self.a2f), Spectrum(self.omega, self.a2f)

    spectrum = gaussian_peak(1.4)
    for frequencies in (FullMatsubara(), None):
        options = {} if frequencies is None else {"frequencies": frequencies}
        expected = solve_gap(spectrum, 3.0, **options)
        found = solve_gap(TwoChannels(spectrum.omega, spectrum.a2f), 3.0, **options)
        np.testing.assert_allclose(found.Delta, expected.Delta, rtol=1e-9)
        np.testing.assert_allclose(found.Z, expected.Z, rtol=1e-9)


@pytest.mark.parametrize("name", ["two_band_MgB2_like", "two_band_s_plus_minus", "three_band"])
def test_several_bands_are_blocks_of_the_same_kernels(name):
    with np.load(shared("references", "theories", f"{name}.npz")) as file:
        case = without_first_triangle(dict(file), "a2f")
    kernels = block_kernels(case)
    Delta = jnp.asarray(case["Delta"].reshape(-1))
    assert float(jnp.max(jnp.abs(gap_residual(kernels, Delta)))) < 1e-9
    np.testing.assert_allclose(renormalization(kernels, Delta), case["Z"].reshape(-1), rtol=0, atol=1e-9)
    found = 1.05 * Delta
    for _ in range(6):
        found = found - jnp.linalg.solve(gap_jacobian(kernels, found), gap_residual(kernels, found))
    np.testing.assert_allclose(found, Delta, rtol=0, atol=1e-9)


def block_kernels(case) -> FoldedKernels:
    """The kernels of several bands, one block for each pair; the unknowns of the bands stand one after the other."""
    T, n, n_bands = float(case["T"]), int(case["n"]), len(case["a2f"])
    limits = SumLimits(T, float(case["omega_c"]), float(case["matsubara_cutoff"]))
    points = FullSet(np.arange(n) * 1.0, np.arange(2 * n) * 1.0, SharpCutoff(), TruncatedSum())
    pi_kT = np.pi * BOLTZMANN * T
    nu = bosonic_frequencies(jnp.array(T), jnp.arange(2.0 * n))

    def block(i, j):
        material = Spectrum(case["omega"], case["a2f"][i, j])
        lambda_l = couplings(material, nu)
        folded = points.fold(pi_kT * jnp.concatenate([lambda_l, lambda_l]), limits)
        coulomb = 2 * pi_kT * case["mu_star"][i, j] * (np.arange(n) < int(case["n_coulomb"]))
        return folded.odd, folded.even - coulomb[None, :], folded.normal

    blocks = [[block(i, j) for j in range(n_bands)] for i in range(n_bands)]
    odd, even = (jnp.block([[entry[part] for entry in row] for row in blocks]) for part in (0, 1))
    zeros = jnp.zeros(n * n_bands)
    return FoldedKernels(
        omega_n=jnp.tile(jnp.asarray(case["omega_n"]), n_bands),
        odd=odd,
        even=even,
        normal=jnp.concatenate([sum(entry[2] for entry in row) for row in blocks]),
        coulomb=zeros,
        thermal=zeros,
        thermal_in_residual=jnp.array(0.0),
        thermal_in_iteration=jnp.array(0.0),
        average=IsotropicAverage(),
    )


def test_d_wave_leading_eigenvalue_is_that_of_the_matrix(d_wave, solved):
    material, options, _ = solved
    kT, n = BOLTZMANN * float(d_wave["T"]), int(d_wave["n"])
    index = np.arange(n)
    normal, pairing = np.asarray(couplings(material, jnp.asarray(2 * np.pi * kT * np.arange(2 * n))))
    near, far = np.abs(index[:, None] - index[None, :]), index[:, None] + index[None, :] + 1
    D = kT * np.pi * (2 * index + 1 + np.sum(normal[near] - normal[far], axis=1))
    expected = np.max(np.linalg.eigvals(np.pi * kT * (pairing[near] + pairing[far]) / D[:, None]).real)
    found = leading_eigenvalue(material, float(d_wave["T"]), cutoff=SharpCutoff(), **options)
    assert float(found) == pytest.approx(expected, rel=1e-9)
