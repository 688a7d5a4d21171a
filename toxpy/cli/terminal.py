"""What the commands say: text for people, one JSON object per line for scripts; and how they fail.

What was asked for goes to stdout (messages, Tox IDs), what happens meanwhile to stderr. With `--json`
everything is an object on stdout, whose `event` says what it is, and stderr stays empty but for
warnings and errors. Text from others is shown without control characters: it must not drive the terminal.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import signal
import sys
import unicodedata
from collections.abc import Callable
from typing import Any

#: How this program is called, for usage and advice.
PROGRAM = "toxpy" if os.path.basename(sys.argv[0]) == "toxpy" else "python -m toxpy"
#: Exit statuses; argparse ends with 2 for a wrong command line, a signal gives 128 + its number.
OK, FAILED, WRONG_USE, TIMED_OUT = 0, 1, 2, 3
EXIT_STATUS_HELP = """\
Exit status: 0 done, 1 failed, 2 wrong command line, 3 nobody was there in time,
129, 130 and 143 ended by SIGHUP, Ctrl-C or SIGTERM before it was done,
141 nobody reads the output any more.
"""
#: Invisible characters that control nothing but how letters and emoji join.
_JOINERS = "\u200c\u200d"
#: Categories: controls, formats, surrogates, private and unassigned ones, separators of lines and paragraphs.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


class Failure(Exception):
    """The command cannot go on; the text says why and what to do."""

    def __init__(self, message: str, status: int = FAILED) -> None:
        self.status = status
        super().__init__(message)


class HungUp(BrokenPipeError):
    """The terminal is gone: its window was closed."""


class OutputLost(OSError):
    """What was asked for cannot be written: stdout is closed, or its disk is full."""


def say(text: str) -> None:
    """Write what was asked for to stdout, at once."""
    if sys.stdout is None:
        raise OutputLost(errno.EBADF, os.strerror(errno.EBADF))
    try:
        print(text, file=sys.stdout, flush=True)
    except OSError as error:
        raise _lost(error) from error


def tell(text: str) -> None:
    """`say` what nobody waits for: when it cannot be written it is lost, and so is all that comes later."""
    try:
        say(text)
    except OutputLost:
        if sys.stdout is not None:
            _silence(sys.stdout)


def mention(text: str) -> None:
    """Write to stderr, at once; that its disk is full is no reason to end."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError as error:
        if error.errno in (errno.EPIPE, errno.EIO):
            raise _lost(error) from error
        _silence(sys.stderr)


def _lost(error: OSError) -> OSError:
    """The same as the error that `guard_pipes` looks for."""
    if error.errno == errno.EIO:
        return HungUp(errno.EIO, "the terminal is gone")
    return error if error.errno == errno.EPIPE else OutputLost(error.errno, error.strerror)


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
        self._say(event, text, fields, say)

    def status(self, event: str, text: str, /, **fields: Any) -> None:
        """Something that happened meanwhile; without a text it is for scripts only."""
        if not self.quiet:
            self._say(event, text, fields, mention)

    def _say(self, event: str, text: str, fields: dict[str, Any], write: Callable[[str], None]) -> None:
        if self.json:
            say(json.dumps({"event": event, **fields}))
        elif text:
            write(shown(text))

    def warning(self, message: str) -> None:
        """Something that people should know."""
        mention(f"Warning: {visible(message)}")
        if self.json:
            say(json.dumps({"event": "warning", "message": message}))

    def error(self, message: str, status: int) -> None:
        """Why the command ends."""
        mention(f"Error: {visible(message)}")
        if self.json:
            say(json.dumps({"event": "error", "message": message, "status": status}))


def visible(text: str) -> str:
    """Text on one line, with what drives a terminal or turns the order of letters written as an escape."""
    return "".join(ascii(c)[1:-1] if _is_unseen(c) else c for c in text)


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN and character not in _JOINERS


def shown(text: str) -> str:
    """Text as a terminal may show it: control characters escaped, further lines indented."""
    return "\n    ".join(visible(line) for line in text.splitlines())


def _silence(stream: Any) -> None:
    """What is written there, also what waits in its buffer, goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


class HelpParser(argparse.ArgumentParser):
    """Writes help and errors as everything else is written."""

    def _print_message(self, message: str, file: Any = None) -> None:
        (mention if file is sys.stderr else say)(message.rstrip("\n"))


def open_missing() -> None:
    """Put /dev/null where a standard stream is closed: a file that is opened later must not get its number.

    Only `sys.stdout` stays None then: what was asked for cannot be written, see `say`.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            # the lowest number that is free
            os.open(os.devnull, os.O_RDWR)
    if sys.stdin is None:
        sys.stdin = open(0)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w")  # noqa: SIM115


def guard_pipes(work: Callable[[], int]) -> int:
    """The exit status of a command, also when its output cannot be written: who reads it went away
    (`| head`, a closed window), or the disk is full."""
    status: int | None = None
    try:
        try:
            status = work()
        except SystemExit as ended:
            # argparse, after --help or an error
            status = ended.code if isinstance(ended.code, int) else FAILED
        # here rather than at exit, which would complain; a daemon has closed it
        if sys.stdout is not None and not sys.stdout.closed:
            try:
                sys.stdout.flush()
            except OSError as error:
                raise _lost(error) from error
        return status
    except OSError as error:
        if isinstance(error, OutputLost):
            mention(f"Error: cannot write to stdout: {error.strerror}")
        elif error.errno not in (errno.EPIPE, errno.EIO):
            raise
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                _silence(stream)
        if isinstance(error, OutputLost):
            return FAILED
        if error.errno == errno.EPIPE:
            return 128 + signal.SIGPIPE
        return 128 + signal.SIGHUP if status is None else status
