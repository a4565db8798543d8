"""Progress on standard error: a bar on a terminal, otherwise a line from time to time."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

import rich.console
import rich.progress

from .._interrupt import stop_if_requested

BAR_WIDTH = 10
"""Width of the bar in characters, which leaves room for the text beside it on a terminal of 80 columns."""

LINE_EVERY = 15.0
"""Time between two lines if there is no terminal [s]."""

SILENCE = 1.8
"""The same where remarks say what the program is doing, also while it does one thing for long [s]."""


@contextlib.contextmanager
def progress_bar(title: str, total: int, *, stages: bool = False) -> Iterator[Callable[[int, str], None]]:
    """Yield a function that shows the number of finished steps and a remark; it also checks for signals.

    Args:
        title: Text before the bar.
        total: Number of steps.
        stages: Whether remarks say what the program is doing; without a terminal, each new one is then a line, repeated
            with the time while it lasts.
    """
    console = rich.console.Console(stderr=True)
    if not console.is_terminal:
        lines = _Lines(console, title, total, stages=stages)
        with lines.repeated() if stages else contextlib.nullcontext():
            yield lines.update
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


@contextlib.contextmanager
def successive_bars() -> Iterator[Callable[[str, int, int, str], None]]:
    """Yield a function of title, total, finished steps and remark that begins a new bar where the title changes."""
    with contextlib.ExitStack() as stack:
        current: list[tuple[str, Callable[[int, str], None]]] = []

        def show(title: str, total: int, done: int, remark: str) -> None:
            if not current or current[0][0] != title:
                stack.close()
                current[:] = [(title, stack.enter_context(progress_bar(title, total)))]
            current[0][1](done, remark)

        yield show


class _Lines:
    """Progress as lines, each at least some time after the last one; the last step and new remarks are always shown."""

    def __init__(self, console: rich.console.Console, title: str, total: int, *, stages: bool) -> None:
        self._console, self._title, self._total, self._stages = console, title, total, stages
        self._every = SILENCE if stages else LINE_EVERY
        self._started = self._last = time.monotonic()
        self._first: int | None = None
        self._done, self._remark = 0, ""
        self._lock = threading.Lock()

    def update(self, done: int, remark: str) -> None:
        """Show the number of finished steps and a remark, if it is time for a line; check for signals."""
        with self._lock:
            self._first = done if self._first is None else self._first
            changed = self._stages and remark not in ("", self._remark)
            self._done, self._remark = done, remark
            if done >= self._total or changed or time.monotonic() - self._last >= self._every:
                self._print()
        stop_if_requested()

    @contextlib.contextmanager
    def repeated(self) -> Iterator[None]:
        """Print a line from time to time while nothing is updated."""
        ended = threading.Event()
        thread = threading.Thread(target=self._repeat, args=(ended,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _repeat(self, ended: threading.Event) -> None:
        while not ended.wait(self._every / 10):
            with self._lock:
                if time.monotonic() - self._last >= self._every and self._done < self._total:
                    self._print()

    def _print(self) -> None:
        self._last = time.monotonic()
        took, steps = self._last - self._started, self._done - (self._first or 0)
        left = (self._total - self._done) / steps * took if steps > 0 else 0.0
        parts = (
            f"{self._title} {self._done}/{self._total}", f"{took:.0f} s", f"{left:.0f} s left" if left else "",
            self._remark,
        )  # fmt: skip
        self._console.print(", ".join(part for part in parts if part), highlight=False, soft_wrap=True)
