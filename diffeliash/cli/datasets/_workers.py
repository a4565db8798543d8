"""The number of this worker process among several that generate a data set."""

import os
from collections.abc import Callable

from ..._errors import InputError

_NAMES = ("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT")


def choose_worker(
    shard_index: int | None, num_shards: int | None, *, say: Callable[[str], None] = lambda text: None
) -> tuple[int, int]:
    """Return the number of this worker, from 0, and the number of workers.

    They are those of the options or, if these are not given, of the tasks of a SLURM array; otherwise 0 and 1.

    Args:
        shard_index: Option `--shard-index`, if given.
        num_shards: Option `--num-shards`, if given.
        say: Function that prints a message if the numbers come from a SLURM array.

    Raises:
        InputError: Only one of the options is given, the numbers do not fit each other, or the variables of the SLURM
            array are inconsistent.
    """
    if (shard_index is None) != (num_shards is None) and num_shards != 1:
        raise InputError("--shard-index and --num-shards must be given together.")
    if num_shards is not None:
        if not 0 <= (shard_index or 0) < num_shards:
            raise InputError(
                f"--shard-index must lie below --num-shards, got {shard_index or 0} and {num_shards}.",
                hint="Workers are numbered from 0.",
            )
        return shard_index or 0, num_shards
    if not all(name in os.environ for name in _NAMES):
        return 0, 1
    try:
        task, count = (int(os.environ[name]) for name in _NAMES)
        first = int(os.environ.get("SLURM_ARRAY_TASK_MIN", "0"))
        step = int(os.environ.get("SLURM_ARRAY_TASK_STEP", "1"))
    except ValueError as error:
        raise InputError("the variables SLURM_ARRAY_TASK_* are not numbers.", hint=_HINT) from error
    if step < 1 or (task - first) % step or not 0 <= (task - first) // step < count:
        raise InputError(
            f"the SLURM array is inconsistent: task {task} of {count} tasks from {first} in steps of {step}.",
            hint=_HINT,
        )
    index = (task - first) // step
    if count > 1:
        say(
            f"task {task} of a SLURM array: worker {index} of {count} "
            "(with --num-shards 1 this process makes the whole data set)"
        )
    return index, count


_HINT = "Give --shard-index and --num-shards."
