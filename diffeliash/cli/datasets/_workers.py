"""Which of several workers this process is."""

import os
from collections.abc import Callable

from ..._errors import InputError

_NAMES = ("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT")


def choose_worker(
    shard_index: int | None, num_shards: int | None, *, say: Callable[[str], None] = lambda text: None
) -> tuple[int, int]:
    """Number of this worker, from 0, and of all: as asked for, or as the tasks of a SLURM array are counted.

    Args:
        shard_index: As asked for.
        num_shards: As asked for.
        say: Told what was found out.

    Raises:
        InputError: Only one of the two is given, there is no such worker, or the array's tasks are not counted evenly.
    """
    if (shard_index is None) != (num_shards is None) and num_shards != 1:
        raise InputError("--shard-index and --num-shards belong together.")
    if num_shards is not None:
        if not 0 <= (shard_index or 0) < num_shards:
            raise InputError(
                f"--shard-index must lie below --num-shards, got {shard_index or 0} and {num_shards}.",
                hint="Workers are counted from 0.",
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
        raise InputError(f"task {task} of a SLURM array of {count}, from {first} in steps of {step}.", hint=_HINT)
    index = (task - first) // step
    if count > 1:
        say(f"task {task} of a SLURM array: worker {index} of {count} (--num-shards 1 makes everything here)")
    return index, count


_HINT = "Give --shard-index and --num-shards."
