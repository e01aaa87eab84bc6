"""The report of a build: stages as lines or, on a terminal, as a bar; and the packages that took the most time."""

from __future__ import annotations

from collections import defaultdict
from typing import IO, TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from portal.work.build_event import Advanced, Begun, Stage

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from rich.progress import Task

    from portal.work.build_event import Event

STAGES = {
    "load": "đọc mô tả / load",
    "check": "kiểm tra / check",
    "database": "cơ sở dữ liệu / database",
    "distributions": "tệp tải về / distributions",
    "agreement": "so tệp và bảng / compare files",
    "metadata": "siêu dữ liệu / metadata",
    "site": "trang web / site",
    "standards": "chuẩn mô tả / standards",
    "pages": "so trang / compare pages",
    "wholes": "tìm kiếm, đồ thị / search and graph",
    "compress": "nén / compress",
    "answers": "trả lời của API / answers",
    "publish": "công bố / publish",
}
# Packages that took less are not worth a word.
LEAST_SECONDS = 0.1
_SLOWEST = 5


class Slowest:
    """Adds up the seconds of work on every package."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = defaultdict(float)

    def note(self, event: Event) -> None:
        """Take the seconds of an event."""
        if isinstance(event, Advanced):
            self._seconds[event.package] += event.seconds

    def say(self) -> str:
        """Return the packages that took the most time, the slowest first, as a line; empty where none took long."""
        slow = [(-seconds, name) for name, seconds in self._seconds.items() if seconds >= LEAST_SECONDS]
        words = ", ".join(f"{name} {-seconds:.1f} s" for seconds, name in sorted(slow)[:_SLOWEST])
        return f"  lâu nhất / slowest: {words}" if words else ""


def say_stage(one: Stage) -> str:
    """Return a finished stage as a line."""
    return f"  {STAGES[one.name]:<32} {one.seconds:6.2f} s  {one.peak_mb:5d} MB"


class Lines:
    """Writes a line for every finished stage."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def __call__(self, event: Event) -> None:
        """Tell of an event."""
        if isinstance(event, Stage):
            self._write(say_stage(event))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left to be done."""


class _Rate(TextColumn):
    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> object:  # type: ignore[override]  # rich takes any renderable
        """Return packages a second; nothing until it is known."""
        return f"{task.speed:.0f}/s" if task.speed else ""


class Bar:
    """Shows the stage that runs as a bar: packages done of all, rate, time left; finished stages stand above it."""

    def __init__(self, file: IO[str]) -> None:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(),
                   TimeRemainingColumn())  # fmt: skip
        self.progress = Progress(*columns, console=Console(file=file, highlight=False), transient=True)
        self._task = self.progress.add_task("", total=None, visible=False)

    def __call__(self, event: Event) -> None:
        """Tell of an event."""
        if isinstance(event, Begun):
            self.progress.reset(self._task, description=STAGES[event.stage], total=None, visible=True)
        elif isinstance(event, Advanced):
            self.progress.update(self._task, completed=event.done, total=event.count)
        else:
            self.progress.print(say_stage(event))

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.stop()
