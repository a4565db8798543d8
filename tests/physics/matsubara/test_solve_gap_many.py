import numpy as np
import pytest

from diffeliash import (
    Anderson,
    CompressedMatsubara,
    FullMatsubara,
    InputError,
    Newton,
    Spectrum,
    SplitCutoff,
    solve_gap,
    solve_gap_many,
    solve_tc,
    solve_tc_many,
)

from ...cases import gaussian_peak

SPECTRA = [gaussian_peak(1.3, n=60), gaussian_peak(0.9, n=201), gaussian_peak(2.4, n=77), gaussian_peak(0.1, n=60)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("frequencies", "solver", "rtol"), [(FullMatsubara(), Newton(), 1e-12), (CompressedMatsubara(), Anderson(), 1e-7)]
)
def test_the_same_as_one_at_a_time(frequencies, solver, rtol):
    spectra, T = [*SPECTRA, SPECTRA[0]], [3.0, 3.1, 3.2, 3.0, 1.6]
    together = solve_gap_many(spectra, T, frequencies=frequencies, solver=solver, matsubara_cutoff=80.0)
    assert [float(sol.T) for sol in together] == T
    assert {bool(sol.superconducting) for sol in together} == {True, False}
    for sol, spectrum, temperature in zip(together, spectra, T, strict=True):
        alone = solve_gap(spectrum, temperature, frequencies=frequencies, solver=solver, matsubara_cutoff=80.0)
        assert sol.spectrum is spectrum
        assert bool(sol.converged)
        for found, expected in zip(sol.at(np.arange(20)), alone.at(np.arange(20)), strict=True):
            np.testing.assert_allclose(found, expected, rtol=0, atol=rtol * float(np.max(np.abs(expected))))
        if isinstance(frequencies, FullMatsubara):
            np.testing.assert_array_equal(sol.omega_n, alone.omega_n)


def test_one_number_for_each_material():
    T_c = solve_tc_many(SPECTRA[:2], mu_star=[0.1, 0.14], omega_c=[30.0, None], cutoff=SplitCutoff())
    expected = [solve_tc(SPECTRA[0], mu_star=0.1, omega_c=30.0), solve_tc(SPECTRA[1], mu_star=0.14)]
    np.testing.assert_allclose(T_c, expected, rtol=1e-12)
    solutions = solve_gap_many(SPECTRA[:2], T_c / 2, mu_star=[0.1, 0.14], frequencies=FullMatsubara())
    assert [float(sol.mu_star) for sol in solutions] == [0.1, 0.14]
    with pytest.raises(ValueError, match="`T` must be one number or one for each of the 2"):
        solve_gap_many(SPECTRA[:2], [1.0, 2.0, 3.0])


def test_materials_that_do_not_superconduct_and_none_at_all():
    told = []
    three = [Spectrum([1.0, 2.0], [0.0, 0.0]), SPECTRA[0], gaussian_peak(0.05)]
    T_c = solve_tc_many(three, progress=told.append)
    assert told == sorted(told)
    assert told[0] == 0
    assert told[-1] <= 3
    assert T_c[0] == 0
    assert T_c[2] == 0
    assert T_c[1] == pytest.approx(float(solve_tc(SPECTRA[0])), rel=1e-12)
    assert solve_tc_many([]).shape == (0,)
    assert solve_gap_many([], []) == []


def test_bad_numbers_are_refused():
    with pytest.raises(InputError, match="positive"):
        solve_gap_many(SPECTRA[:2], [1.0, -1.0])
    with pytest.raises(InputError, match="mu_star"):
        solve_tc_many(SPECTRA[:2], mu_star=[0.1, 7.0])


def test_progress_is_told():
    told = []
    solve_gap_many([SPECTRA[0]] * 3, [2.0, 2.5, 3.0], frequencies=FullMatsubara(), progress=told.append)
    assert told == [1, 2, 3]
