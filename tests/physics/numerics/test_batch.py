import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import Spectrum
from diffeliash.physics import batched, map_materials
from diffeliash.physics.material._many_spectra import check_sequence, stack_spectra
from diffeliash.physics.numerics import _batch
from diffeliash.physics.numerics._batch import rounded_up_size

from ...cases import gaussian_peak
from ...conftest import with_flag


@pytest.mark.parametrize(("n", "per_call"), [(1, 4), (4, 4), (5, 4), (11, 4), (300, 12)])
def test_chunks_put_together_are_the_whole(n, per_call):
    """A call takes several chunks where there are many: at least two such calls for every core."""
    values = np.arange(n, dtype=float)
    program = batched(lambda x, y: (x + y, jnp.stack([x, y])), chunk_size=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_batch, "_n_cores", lambda: 2)
        parts = list(map_materials(program, values, 10 * values, chunk_size=4, chunks_per_call=3))
    rest = [n % per_call] if n % per_call else []
    assert [part.stop - part.start for part, _ in parts] == [per_call] * (n // per_call) + rest
    np.testing.assert_array_equal(np.concatenate([results[0] for _, results in parts]), 11 * values)
    np.testing.assert_array_equal(np.concatenate([results[1][:, 1] for _, results in parts]), 10 * values)


def test_threads_keep_the_order_the_precision_and_the_memory():
    alive = []

    def count(x):
        alive.append(1)
        return x * 3.0

    parts = map_materials(count, np.arange(40.0), chunk_size=2)
    assert [next(parts)[0] for _ in range(2)] == [slice(0, 2), slice(2, 4)]
    assert len(alive) <= 4 + 2 * (os.cpu_count() or 1)  # no more is computed than will soon be asked for
    rest = [values for _, values in parts]
    assert len(rest) == 18
    np.testing.assert_array_equal(np.concatenate(rest), 3.0 * np.arange(4.0, 40.0))
    assert rest[-1].dtype == np.float64


def test_only_a_chunk_is_computed_together():
    text = batched(lambda x: x @ np.ones((3, 5)), chunk_size=4).lower(np.zeros((12, 3))).as_text()
    assert "tensor<4x5xf64>" in text
    assert "dot_general" in text
    assert "tensor<12x5xf64>" not in text.split("dot_general")[1].split("\n")[0]


def test_threads_compile_once():
    traced = []

    def count(x):
        traced.append(x)
        return jnp.sin(x)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_batch, "_n_cores", lambda: 4)
        parts = list(map_materials(batched(count, chunk_size=2), np.arange(64.0), chunk_size=2, chunks_per_call=1))
    assert len(parts) == 32
    assert len(traced) == 1  # not once for every thread


def test_an_error_in_a_thread_comes_out():
    def fail(x):
        if x[0] > 3:
            raise ZeroDivisionError
        return x

    with pytest.raises(ZeroDivisionError):
        list(map_materials(fail, np.arange(20.0), chunk_size=2))


def test_short_spectra_are_filled_up_without_changing_them():
    spectra = [gaussian_peak(1.3, n=50), gaussian_peak(0.7, n=31)]
    omega, a2f = stack_spectra(spectra)
    assert omega.shape == a2f.shape == (2, 50)
    for row, spectrum in enumerate(spectra):
        filled = Spectrum(omega[row], a2f[row])
        for name in ("lambda_ep", "omega_log", "omega_2", "omega_max"):
            assert float(getattr(filled, name)) == pytest.approx(float(getattr(spectrum, name)), rel=1e-13)


def test_sizes_for_sharing_are_close_and_few():
    sizes = [rounded_up_size(n - 0.5) for n in range(1, 3000)]
    assert all(n <= size <= max(1.25 * n, n + 1) for n, size in zip(range(1, 3000), sizes, strict=True))
    assert len(set(sizes)) < 45


@pytest.mark.parametrize("wrong", [gaussian_peak(1.3), [gaussian_peak(1.3), 3.0]])
def test_one_spectrum_is_not_a_sequence(wrong):
    check_sequence([gaussian_peak(1.3)])
    with pytest.raises(TypeError, match="sequence of `Spectrum`"):
        check_sequence(wrong)


def test_a_program_for_a_core_is_not_cut_for_several():
    text = batched(lambda x: jnp.sin(x) + jnp.cos(x), chunk_size=512).lower(np.zeros((512, 4096))).compile().as_text()
    cut = jax.jit(lambda x: jnp.sin(x) + jnp.cos(x)).lower(np.zeros((512, 4096))).compile().as_text()
    assert "outer_dimension_partitions" not in text
    assert "outer_dimension_partitions" in cut or _batch._n_cores() == 1 or jax.default_backend() != "cpu"


FOUR_DEVICES = """
import jax, numpy as np
from diffeliash.physics import map_materials, run_calls

used = []
double = lambda x: (used.append(x.devices()), 2 * x)[1]
calls = [(np.full(2, k),) for k in range(9)]
assert [result.tolist() for result in run_calls(double, calls)] == [[2 * k, 2 * k] for k in range(9)]
print(len(set.union(*used)), [len(one) for one in used] == [1] * 9)
with jax.default_device(jax.devices()[2]):
    used.clear()
    list(run_calls(double, calls))
print(set.union(*used) == {jax.devices()[2]})
"""


@pytest.mark.slow
def test_all_devices_are_used_or_the_one_chosen():
    environment = with_flag("--xla_force_host_platform_device_count=4") | {"JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", FOUR_DEVICES], env=environment, capture_output=True, text=True)
    assert done.stdout.split() == ["4", "True", "True"], done.stderr
