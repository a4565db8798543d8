"""Progress on standard error: a bar on a terminal, otherwise a line from time to time."""

import contextlib
import time
from collections.abc import Callable, Iterator

import rich.console
import rich.progress

from .._interrupt import stop_if_requested

BAR_WIDTH = 10
"""Width of the bar in characters, which leaves room for the text beside it on a terminal of 80 columns."""

LINE_EVERY = 15.0
"""Time between two lines if there is no terminal [s]."""


@contextlib.contextmanager
def progress_bar(title: str, total: int, *, stages: bool = False) -> Iterator[Callable[[int, str], None]]:
    """Yield a function that shows the number of finished steps and a remark; it also checks for signals.

    Args:
        title: Text before the bar.
        total: Number of steps.
        stages: Whether remarks say what the program is doing; without a terminal, each new one is then a line.
    """
    console = rich.console.Console(stderr=True)
    if not console.is_terminal:
        yield _lines(console, title, total, stages=stages)
        return
    columns = (
        rich.progress.SpinnerColumn(),
        "[progress.description]{task.description}",
        rich.progress.BarColumn(BAR_WIDTH),
        rich.progress.MofNCompleteColumn(),
        rich.progress.TimeRemainingColumn(),
        "{task.fields[remark]}",
    )
    with rich.progress.Progress(*columns, console=console) as bar:
        task = bar.add_task(title, total=total, remark="")

        def update(done: int, remark: str) -> None:
            bar.update(task, completed=done, remark=remark)
            stop_if_requested()

        yield update


def _lines(console: rich.console.Console, title: str, total: int, *, stages: bool) -> Callable[[int, str], None]:
    started = last = time.monotonic()
    first, stage = None, ""

    def update(done: int, remark: str) -> None:
        nonlocal last, first, stage
        now = time.monotonic()
        first = done if first is None else first
        if done >= total or now - last >= LINE_EVERY or (stages and remark not in ("", stage)):
            last, stage = now, remark
            left = (total - done) / (done - first) * (now - started) if done > first else 0.0
            parts = (f"{title} {done}/{total}", f"{now - started:.0f} s", f"{left:.0f} s left" if left else "", remark)
            console.print(", ".join(part for part in parts if part), highlight=False, soft_wrap=True)
        stop_if_requested()

    return update
