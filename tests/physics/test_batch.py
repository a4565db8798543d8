import jax.numpy as jnp
import numpy as np
import pytest

from diffeliash.physics import batched, map_materials


@pytest.mark.parametrize("n", [1, 4, 5, 11])
def test_chunks_put_together_are_the_whole(n):
    values = np.arange(n, dtype=float)
    parts = list(map_materials(batched(lambda x, y: (x + y, jnp.stack([x, y]))), values, 10 * values, chunk_size=4))
    assert [part.stop - part.start for part, _ in parts] == [4] * (n // 4) + ([n % 4] if n % 4 else [])
    np.testing.assert_array_equal(np.concatenate([results[0] for _, results in parts]), 11 * values)
    np.testing.assert_array_equal(np.concatenate([results[1][:, 1] for _, results in parts]), 10 * values)
