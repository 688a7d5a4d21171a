"""What the commands say: text for people, one JSON object per line for scripts; and how they fail.

What was asked for goes to stdout (messages, Tox IDs), what happens meanwhile to stderr. With `--json`
everything is an object on stdout, whose `event` says what it is, and stderr stays empty but for
warnings and errors. Text from others is shown without control characters: it must not drive the terminal.
"""

from __future__ import annotations

import asyncio
import codecs
import json
import os
import sys
import threading
from collections.abc import AsyncIterator
from typing import Any

from toxpy.cli.logs import printable

#: Exit statuses; argparse ends with 2 for a wrong command line, a signal gives 128 + its number.
OK, FAILED, WRONG_USE, TIMED_OUT = 0, 1, 2, 3
EXIT_STATUS_HELP = """\
Exit status: 0 done, 1 failed, 2 wrong command line, 3 nobody was there in time,
130 and 143 ended by Ctrl-C or SIGTERM before it was done.
"""


class Failure(Exception):
    """The command cannot go on; the text says why and what to do."""

    def __init__(self, message: str, status: int = FAILED) -> None:
        self.status = status
        super().__init__(message)


class Output:
    """Where a command's words go."""

    __slots__ = ("json", "quiet")

    def __init__(self, *, json: bool, quiet: bool = False) -> None:
        self.json = json
        self.quiet = quiet
        if hasattr(sys.stdout, "reconfigure"):
            # a terminal that cannot show a character shows its number
            sys.stdout.reconfigure(errors="backslashreplace", line_buffering=True)

    def result(self, event: str, text: str, /, **fields: Any) -> None:
        """Something that was asked for."""
        self._say(event, text, fields, sys.stdout)

    def status(self, event: str, text: str, /, **fields: Any) -> None:
        """Something that happened meanwhile."""
        if self.json or not self.quiet:
            self._say(event, text, fields, sys.stderr)

    def _say(self, event: str, text: str, fields: dict[str, Any], stream: Any) -> None:
        if self.json:
            print(json.dumps({"event": event, **fields}), flush=True)
        else:
            print(shown(text), file=stream, flush=True)

    def warning(self, message: str) -> None:
        """Something that people should know."""
        if self.json:
            print(json.dumps({"event": "warning", "message": message}), flush=True)
        print(f"Warning: {printable(message)}", file=sys.stderr)

    def error(self, message: str, status: int) -> None:
        """Why the command ends."""
        if self.json:
            print(json.dumps({"event": "error", "message": message, "status": status}), flush=True)
        print(f"Error: {printable(message)}", file=sys.stderr)


def shown(text: str) -> str:
    """Text as a terminal may show it: control characters escaped, further lines indented."""
    return "\n    ".join(printable(line) for line in text.splitlines())


async def input_lines() -> AsyncIterator[str]:
    """The lines of stdin as they come.

    A thread reads the descriptor itself: one that waits in `sys.stdin` holds a lock which the interpreter
    needs to end.
    """
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str | None] = asyncio.Queue()

    def tell(line: str | None) -> None:
        try:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        except RuntimeError:
            # the loop is closed: nobody wants more
            pass

    threading.Thread(target=_read_stdin, args=(tell,), name="toxpy-stdin", daemon=True).start()
    while (line := await lines.get()) is not None:
        yield line


def _read_stdin(tell: Any) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest = ""
    try:
        while data := os.read(0, 65536):
            *whole, rest = (rest + decoder.decode(data)).split("\n")
            for line in whole:
                tell(line.removesuffix("\r"))
    except OSError:
        # stdin was never open, or its terminal is gone: that is its end
        pass
    if rest:
        tell(rest)
    tell(None)
