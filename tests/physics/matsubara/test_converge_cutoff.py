import numpy as np
import pytest

from diffeliash import CompressedMatsubara, InfiniteSum, InputError, TruncatedSum, converge_cutoff, solve_gap

from ...cases import gaussian_peak


@pytest.mark.slow
@pytest.mark.parametrize("z_sum", [TruncatedSum(), InfiniteSum()])
def test_the_error_left_is_below_the_tolerance(z_sum):
    spectrum = gaussian_peak(1.3)
    study = converge_cutoff(spectrum, 3.0, rtol=3e-4, z_sum=z_sum)
    assert study.converged
    assert study.changes[-1] <= 3e-4 < min(study.changes[:-1], default=1.0)
    np.testing.assert_allclose(np.diff(np.log2(study.matsubara_cutoffs)), 1.0, rtol=1e-12)
    # against a cutoff eight times higher, with the sum in Z taken to infinity
    far = solve_gap(spectrum, 3.0, matsubara_cutoff=8 * study.matsubara_cutoffs[-1], z_sum=InfiniteSum())
    assert study.Delta[-1] == pytest.approx(float(far.Delta[0]), rel=3e-4)
    assert study.Z[-1] == pytest.approx(float(far.Z[0]), rel=3e-4)
    assert float(study.solution.Delta[0]) == study.Delta[-1]


@pytest.mark.slow
def test_the_changes_fall_as_the_square_of_the_cutoff():
    study = converge_cutoff(gaussian_peak(1.3), 3.0, rtol=3e-5)
    ratios = np.array(study.changes[:-1]) / study.changes[1:]
    np.testing.assert_allclose(ratios, 4.0, rtol=0.05)


def test_the_normal_state_and_a_tolerance_out_of_reach(monkeypatch):
    normal = converge_cutoff(gaussian_peak(1.3), 50.0, rtol=1e-3)
    assert normal.converged
    assert set(normal.Delta) == {0.0}
    monkeypatch.setattr(CompressedMatsubara, "largest", 300)
    study = converge_cutoff(gaussian_peak(1.3), 3.0, rtol=1e-8)
    assert not study.converged
    assert len(study.changes) == 1
    with pytest.raises(InputError, match="rtol"):
        converge_cutoff(gaussian_peak(1.3), 3.0, rtol=0.0)
