"""How far files are: bars on a terminal (rich), the foot of a chat, objects for scripts."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

from toxpy.cli.terminal import Output, visible
from toxpy.files.whole_file import Transfer

#: How often people see progress, and scripts hear of it; a transfer tells it for each chunk.
SHOW_INTERVAL_S, REPORT_INTERVAL_S = 0.1, 0.5
MAX_NAME_WIDTH = 30


class FileProgress:
    """The `on_progress` of one file; `close` when it is over, after which it does nothing.

    This one never shows anything.
    """

    interval_s = REPORT_INTERVAL_S

    def __init__(self) -> None:
        self._next_s = 0.0
        self._closed = False

    def __call__(self, transfer: Transfer) -> None:
        """Show it, unless that was just done."""
        if self._closed:
            # a transfer tells its end after it is over
            return
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._next_s or transfer.done:
            self._next_s = now_s + self.interval_s
            self.show(transfer)

    def show(self, transfer: Transfer) -> None:
        """Show it."""

    def close(self) -> None:
        """The file is over."""
        if not self._closed:
            self._closed = True
            self.hide()

    def hide(self) -> None:
        """Show it no more."""


class _Report(FileProgress):
    def __init__(self, out: Output, fields: dict[str, Any]) -> None:
        super().__init__()
        self._out, self._fields = out, fields

    def show(self, transfer: Transfer) -> None:
        self._out.status("file_progress", "", **self._fields, position=transfer.position)


class _Bar(FileProgress):
    interval_s = SHOW_INTERVAL_S

    def __init__(self, progress: Progress, name: str) -> None:
        super().__init__()
        self._progress, self._bars = progress, progress.bars
        self._task = self._bars.add_task(visible(name), total=None)
        self._started = False

    def show(self, transfer: Transfer) -> None:
        if not self._started and (transfer.position or transfer.done):
            # what was there before says nothing about the speed
            self._started = True
            self._bars.reset(self._task, completed=transfer.start, total=transfer.size)
        self._bars.update(self._task, completed=transfer.position, total=transfer.size)

    def hide(self) -> None:
        self._bars.remove_task(self._task)
        self._progress.closed_one()


class Progress:
    """Of all files of a command; used with `with`. There are bars while there are files."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._count = 0
        self.bars: Any = None
        if sys.stderr.isatty() and not (out.json or out.quiet):
            self.bars = _make_bars()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_error: object) -> None:
        if self.bars is not None:
            self.bars.stop()

    def follow(self, name: str, fields: dict[str, Any]) -> FileProgress:
        """An `on_progress` for one file; `fields` are what scripts hear of it."""
        if self._out.json:
            return _Report(self._out, fields)
        if self.bars is None:
            return FileProgress()
        self._count += 1
        if self._count == 1:
            self.bars.start()
        return _Bar(self, name)

    def closed_one(self) -> None:
        """A bar is gone."""
        self._count -= 1
        if self._count == 0:
            self.bars.stop()


def _make_bars() -> Any:
    """Bars on stderr; None without rich."""
    try:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )
        from rich.table import Column
    except ModuleNotFoundError:
        return None
    # no markup: names come from others
    short = Column(no_wrap=True, overflow="ellipsis", max_width=MAX_NAME_WIDTH)
    name = TextColumn("{task.description}", markup=False, table_column=short)
    columns = name, BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()
    # what is printed meanwhile goes above the bars; what goes to a file or pipe must not go there
    return Progress(
        *columns, console=Console(stderr=True), transient=True, redirect_stdout=sys.stdout.isatty()
    )


@contextlib.contextmanager
def terminal_line(out: Output) -> Iterator[Callable[[str], object]]:
    """What shows a text on a line below what is printed meanwhile; not without a terminal or rich."""
    try:
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text
    except ModuleNotFoundError:
        yield lambda text: None
        return
    if out.json or out.quiet or not sys.stderr.isatty():
        yield lambda text: None
        return
    # what goes to a file or pipe must not go there
    with Live(console=Console(stderr=True), transient=True, redirect_stdout=sys.stdout.isatty()) as line:
        # no markup
        yield lambda text: line.update(Text(text))


class _Foot(FileProgress):
    interval_s = SHOW_INTERVAL_S

    def __init__(self, foot: FootProgress, name: str) -> None:
        super().__init__()
        self._foot, self._name = foot, visible(name)
        self._foot.change(self, f"{self._name} …")

    def show(self, transfer: Transfer) -> None:
        if transfer.size:
            how_far = f"{100 * transfer.position // transfer.size} %"
        else:
            how_far = size_text(transfer.position)
        self._foot.change(self, f"{self._name} {how_far}")

    def hide(self) -> None:
        self._foot.change(self, "")


class FootProgress(Progress):
    """For a chat with an edited line, which owns the terminal's foot."""

    def __init__(self, out: Output) -> None:
        super().__init__(out)
        self.bars = None
        # kept in the order in which they moved last
        self._texts: dict[object, str] = {}
        #: called with what belongs to the foot, empty when no file is under way
        self.on_change: Callable[[str], object] = lambda text: None

    def follow(self, name: str, fields: dict[str, Any]) -> FileProgress:
        """As that of any Progress."""
        return _Foot(self, name)

    def change(self, file: object, text: str) -> None:
        """What is to be shown of a file, empty when it is over."""
        self._texts.pop(file, None)
        if text:
            self._texts[file] = text
        self.on_change(" · ".join(self._texts.values()))


def size_text(size: int | None) -> str:
    """A size for people."""
    if size is None:
        return "size unknown"
    if size < 1000:
        return f"{size} bytes"
    value, units = size / 1000, ["kB", "MB", "GB", "TB"]
    while value >= 999.95 and len(units) > 1:
        value /= 1000
        del units[0]
    return f"{value:.1f} {units[0]}"
