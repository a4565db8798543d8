import dataclasses

import jax
import numpy as np
import pytest

from diffeliash import BrownianFamily, ComplexFamily, MaterialsFamily, SimpleFamily
from diffeliash.data import FAMILIES, Family, family_grid, make_family

KINDS = (SimpleFamily, ComplexFamily, BrownianFamily, MaterialsFamily)
N = 256


def draw(family, n=N):
    keys = jax.random.split(jax.random.key(0), n)
    many = jax.jit(jax.vmap(lambda key: (family.sample_spectrum(key).a2f, family.sample_spectrum(key).lambda_ep)))
    return tuple(np.asarray(values) for values in many(keys))


def n_peaks(a2f):
    """Local maxima above a hundredth of the largest value."""
    inner = a2f[:, 1:-1]
    top = (inner > a2f[:, :-2]) & (inner >= a2f[:, 2:]) & (inner > 0.01 * a2f.max(axis=1, keepdims=True))
    return top.sum(axis=1)


@pytest.mark.parametrize("kind", KINDS)
def test_what_all_families_promise(kind):
    family = kind()
    assert isinstance(family, Family)
    assert family_grid(family)[[0, -1]].tolist() == [0.01, 10.0]
    a2f, lambda_ep = draw(family)
    assert a2f.shape == (N, 1000)
    assert np.all(a2f >= 0)
    assert np.all(a2f[:, -1] <= 1e-12 * a2f.max(axis=1))
    assert np.all(a2f[:, 0] < 2e-3 * a2f.max(axis=1))
    # about w^2 at low energy (w: 2, w^3: 8), or nothing to speak of
    some = a2f[:, 0] > 1e-8 * a2f.max(axis=1)
    assert np.any(some) != (kind is BrownianFamily)
    ratio = a2f[some, 1] / a2f[some, 0]
    assert kind is BrownianFamily or 3.5 < np.median(ratio) < 4.5
    assert np.all((lambda_ep > 0.4) & (lambda_ep < 2.0))
    # uniform: mean and variance within four standard deviations
    assert abs(lambda_ep.mean() - 1.2) < 4 * 1.6 / np.sqrt(12 * N)
    assert abs(lambda_ep.var() - 1.6**2 / 12) < 4 * 1.6**2 / np.sqrt(180 * N)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_depends_on_its_key_alone(kind):
    family = kind(n_points=100)
    one, same, other = (family.sample_spectrum(jax.random.key(k)).a2f for k in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other)


@pytest.mark.parametrize("kind", KINDS)
def test_the_shape_does_not_depend_on_the_scale(kind):
    small, large = (kind(omega_max=w).sample_spectrum(jax.random.key(3)).a2f for w in (10.0, 50.0))
    np.testing.assert_allclose(small, large, rtol=1e-12)


def test_simple_spectra_have_one_to_three_peaks():
    peaks = n_peaks(draw(SimpleFamily())[0])
    assert set(peaks) == {1, 2, 3}  # all numbers of them occur
    assert set(n_peaks(draw(SimpleFamily(n_peaks=1))[0])) == {1}


def test_complex_spectra_are_smooth_over_their_window():
    a2f, _ = draw(ComplexFamily())
    inner = a2f[:, 150:850] - a2f[:, 150:850].mean(axis=1, keepdims=True)
    inner /= inner.std(axis=1, keepdims=True)
    # smoothed over 0.4 meV: neighbors agree, energies 1 meV apart do not
    correlation = [np.mean(inner[:, s:] * inner[:, : 700 - s]) / np.mean(inner**2) for s in (1, 100)]
    assert correlation[0] > 0.99
    assert abs(correlation[1]) < 0.3
    assert np.median(n_peaks(a2f)) > 8


def test_brownian_spectra_are_a_geometric_motion():
    """Increments of S grow in proportion to S, by the volatility; so do those of S - c, whatever c and the scale."""
    family = BrownianFamily(n_points=4000, window=1e-4, ramp=0.001)
    a2f, _ = draw(family, 64)
    parts = a2f[:, 40:3940].reshape(64, 39, 100)
    size, spread = parts.mean(axis=2), np.diff(parts, axis=2).std(axis=2)
    slopes = [np.polyfit(x, y, 1)[0] for x, y in zip(size, spread, strict=True)]
    assert abs(np.mean(slopes) / (family.volatility / np.sqrt(4000)) - 1) < 0.05


def test_materials_have_a_transverse_and_a_longitudinal_peak():
    family = MaterialsFamily(n_extra=1)
    a2f, _ = draw(family)
    x = family_grid(family) / family.omega_max
    for low, high in ((0.3, 0.65), (0.72, 0.93)):
        part = (x > low) & (x < high)
        assert np.all(a2f[:, part].max(axis=1) > 0.03 * a2f.max(axis=1))
    assert np.all((n_peaks(a2f) >= 1) & (n_peaks(a2f) <= 4))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (ComplexFamily, {"n_points": 1}), (ComplexFamily, {"omega_max": 0.0}), (ComplexFamily, {"window": 0.9}),
        (ComplexFamily, {"lambda_min": 3.0}), (SimpleFamily, {"n_peaks": 0}), (SimpleFamily, {"width_min": 0.5}),
        (BrownianFamily, {"volatility": -1.0}), (MaterialsFamily, {"onset": 0.0}), (MaterialsFamily, {"n_extra": 0}),
        (SimpleFamily, {"ramp": float("nan")}),
    ],
)  # fmt: skip
def test_bad_parameters_are_refused(kind, options):
    with pytest.raises(ValueError, match=next(iter(options))):
        kind(**options)


def test_families_by_name():
    assert set(FAMILIES) == {"simple", "complex", "gbm", "materials"}
    assert make_family("gbm", volatility=1) == BrownianFamily(volatility=1.0)
    for name, kind in FAMILIES.items():
        assert dataclasses.is_dataclass(kind)
        assert make_family(name) == kind()
    with pytest.raises(ValueError, match="complex"):
        make_family("other")
    with pytest.raises(ValueError, match=r"no parameter wdth.*window"):
        make_family("complex", wdth=0.1)
    with pytest.raises(ValueError, match="n_points"):
        make_family("complex", n_points=10.5)
    with pytest.raises(ValueError, match="window"):
        make_family("complex", window=True)
