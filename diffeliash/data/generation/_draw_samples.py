"""Samples that are drawn and solved in memory, for training without a data set on disk."""

from collections.abc import Callable

import jax
import numpy as np

from ..._errors import InputError
from ...physics import require_x64, run_calls
from ..dataset import Dataset, GenerateConfig, axes_of
from ..storage import STATUS_NAMES
from ._sample_record import record_function, sample_keys, samples_per_call

FIRST_BLOCK = 2**31
"""Number of the first block of fresh samples; no data set has a shard of this number, and so none of their keys."""

SMALLEST_PART = 0.02
"""Least part of the samples that must be kept, below which the drawing ends with an error."""


def draw_samples(
    config: GenerateConfig,
    block: int,
    n: int,
    *,
    progress: Callable[[int], None] = lambda kept: None,
) -> Dataset:
    """Draw and solve samples as `generate` does, until `n` of them are kept, without writing them.

    A sample depends only on the configuration (with the seed), the number of the block, and its own number. The random
    keys are those of no data set, so that samples of a data set are never drawn.

    Args:
        config: Configuration of a data set; its number of samples is not used.
        block: Number of the block, from 0.
        n: Number of samples.
        progress: Called with the number of samples kept so far.

    Returns:
        The samples, as `read_dataset` returns them.

    Raises:
        InputError: Hardly any of the samples superconducts.
        RuntimeError: JAX is not in 64-bit mode.
    """
    require_x64()
    size = samples_per_call(jax.default_backend(), n)
    kept, drawn, parts = 0, 0, []
    while kept < n:
        keys = sample_keys(config.seed, FIRST_BLOCK + block, drawn + size)[drawn:]
        (records,) = run_calls(record_function(config), iter([(keys,)]))
        good = records["status"] == STATUS_NAMES.index("kept")
        parts.append(
            {name: values[good] for name, values in records.items()} | {"number": drawn + np.flatnonzero(good)}
        )
        kept, drawn = kept + int(np.sum(good)), drawn + size
        progress(min(kept, n))
        if drawn > n and kept < SMALLEST_PART * drawn:
            raise InputError(
                f"only {kept} of {drawn} samples superconduct and are accurate enough.",
                hint="Choose a stronger coupling or a lower temperature.",
            )
    omega, omega_real = axes_of(config.as_dict()).values()
    fields = {name: np.concatenate([part[name] for part in parts])[:n] for name in parts[0]}
    return Dataset(config=config.as_dict(), digest="", omega=omega, omega_real=omega_real, fields=fields)
