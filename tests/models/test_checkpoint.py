import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash import InputError, IntegrityError, read_checkpoint
from diffeliash.models import Checkpoint, Setting, write_checkpoint

from .test_predictor import CONFIG, make

SETTING = Setting(
    omega_max=10.0, n_points=3, n_energies=3, T=1.16, mu_star=0.1, omega_c=100.0, matsubara_cutoff=220.0, broadening=0.1
)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.ckpt"
    write_checkpoint(path, Checkpoint(model=make(3), config=CONFIG, setting=SETTING, origin={"seed": 3}))
    return path


def test_round_trip_is_exact(path):
    found = read_checkpoint(path)
    assert (found.config, found.setting, found.origin) == (CONFIG, SETTING, {"seed": 3})
    for a, b in zip(jax.tree.leaves(found.model), jax.tree.leaves(make(3)), strict=True):
        np.testing.assert_array_equal(a, b)
    x = jnp.linspace(0, 1, 6)
    np.testing.assert_array_equal(found.model(x), make(3)(x))


@pytest.mark.parametrize("part", [0.05, 0.3, 0.7, 0.999])
def test_every_flipped_bit_is_found(path, part):
    content = bytearray(path.read_bytes())
    content[int(part * len(content))] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises((IntegrityError, InputError)):
        read_checkpoint(path)


def test_cut_foreign_and_missing_files(path, tmp_path):
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(IntegrityError, match="checksum"):
        read_checkpoint(path)
    path.write_bytes(b"something else")
    with pytest.raises(InputError, match="not a diffeliash checkpoint"):
        read_checkpoint(path)
    with pytest.raises(InputError, match="no such file"):
        read_checkpoint(tmp_path / "none")
