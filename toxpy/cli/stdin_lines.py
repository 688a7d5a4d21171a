"""The lines that somebody types or pipes in, for commands that run an event loop."""

from __future__ import annotations

import asyncio
import codecs
import os
import threading
from collections.abc import AsyncIterator, Callable

#: Lines of stdin that wait to be taken, and characters that a line has at most; a longer one becomes several.
MAX_LINES, MAX_LINE_LENGTH = 1000, 1 << 20


class _Lines:
    """Lines from a thread to the loop; the thread waits while many are not taken."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._room = threading.Semaphore(MAX_LINES)

    def tell(self, line: str | None) -> None:
        """For the thread; None is the end."""
        self._room.acquire()
        try:
            self._loop.call_soon_threadsafe(self._queue.put_nowait, line)
        except RuntimeError:
            # the loop is closed: nobody wants more
            pass

    async def take(self) -> str | None:
        """For the loop."""
        line = await self._queue.get()
        self._room.release()
        return line


async def input_lines() -> AsyncIterator[str]:
    """The lines of stdin as they come.

    A thread reads the descriptor itself: one that waits in `sys.stdin` holds a lock which the interpreter
    needs to end.
    """
    lines = _Lines()
    threading.Thread(target=_read_stdin, args=(lines.tell,), name="toxpy-stdin", daemon=True).start()
    while (line := await lines.take()) is not None:
        yield line


def _read_stdin(tell: Callable[[str | None], None]) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest = ""
    try:
        while data := os.read(0, 65536):
            *whole, rest = (rest + decoder.decode(data)).split("\n")
            for line in whole:
                tell(line.removesuffix("\r"))
            if len(rest) > MAX_LINE_LENGTH:
                tell(rest)
                rest = ""
    except OSError:
        # stdin was never open, or its terminal is gone: that is its end
        pass
    if rest:
        tell(rest)
    tell(None)
