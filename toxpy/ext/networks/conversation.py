"""Conversations in lines with a service on this machine: what tor's control port and I2P's SAM bridge share.

Without IO: `first` is sent as soon as there is a connection, what the service says goes into `feed`, which
returns what to send next, until `done` or `failure` is set. Whatever comes after that is not looked at.
Lines and their number are limited, so that a service which babbles is a failure and no burden.
"""

from __future__ import annotations

#: Longest line of an answer, bytes: tor's names a file, the bridge's has a private destination in base 64.
MAX_LINE_SIZE = 8192
#: Most lines before a conversation is done.
MAX_LINES = 1000
#: Characters of a service's own words that get into a failure.
MAX_WORDS_SIZE = 100
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_OCTAL = frozenset("01234567")


class Conversation:
    """One conversation. `service` is what failures call the other side."""

    __slots__ = ("_lines", "_received", "done", "failure", "first", "patience_ms", "questions", "service")

    def __init__(self, service: str, first: str, patience_ms: int) -> None:
        self.service = service
        #: To be sent first.
        self.first = first.encode("ascii")
        #: It came to its good end.
        self.done = False
        #: Why it never will, in words.
        self.failure: str | None = None
        #: Questions asked so far, and the time that the answer to the last one may take, ms.
        self.questions = 1
        self.patience_ms = patience_ms
        self._received = bytearray()
        self._lines = 0

    def feed(self, data: bytes) -> bytes:
        """Take in what the service said; what to answer, often nothing."""
        answer = b""
        received = self._received
        if not self.done and self.failure is None:
            received += data
        while not self.done and self.failure is None:
            end = received.find(b"\n", 0, MAX_LINE_SIZE)
            if end < 0:
                if len(received) < MAX_LINE_SIZE:
                    return answer
                self.fail(f"{self.service} sent a line of more than {MAX_LINE_SIZE} bytes")
                break
            line = received[:end].decode("latin-1").rstrip("\r")
            del received[: end + 1]
            self._lines += 1
            if self._lines > MAX_LINES:
                self.fail(f"{self.service} sent more than {MAX_LINES} lines")
                break
            asked = self.on_line(line)
            if asked:
                self.questions += 1
                answer += asked.encode("ascii")
        received.clear()
        return answer if self.failure is None else b""

    def on_line(self, line: str) -> str:
        """A line without its end; the next question, if it is time for one."""
        raise NotImplementedError

    def fail(self, failure: str) -> str:
        """It is over; the first failure counts."""
        self.failure = self.failure or failure
        return ""


def printable(text: str) -> str:
    """A service's words, fit for a log: ASCII without control characters, and not many."""
    return "".join(c if " " <= c <= "~" else "?" for c in text[:MAX_WORDS_SIZE])


def read_pairs(text: str) -> dict[str, str]:
    """NAME=value and NAME="quoted value", between spaces; a word without `=` has the value ""."""
    pairs: dict[str, str] = {}
    at, size = 0, len(text)
    while at < size:
        end = text.find(" ", at)
        end = size if end < 0 else end
        name, equals, value = text[at:end].partition("=")
        if equals and value.startswith('"'):
            value, end = _read_quoted(text, at + len(name) + 2)
        if name:
            pairs[name] = value
        at = end + 1
    return pairs


def _read_quoted(text: str, at: int) -> tuple[str, int]:
    """What stands between here and the closing quote, with C's escapes read; the offset behind the quote."""
    found: list[str] = []
    size = len(text)
    while at < size and text[at] != '"':
        character = text[at]
        at += 1
        if character == "\\" and at < size:
            digits = 0
            while digits < 3 and text[at + digits : at + digits + 1] in _OCTAL:
                digits += 1
            character = (
                chr(int(text[at : at + digits], 8) & 0xFF) if digits else _ESCAPES.get(text[at], text[at])
            )
            at += digits or 1
        found.append(character)
    return "".join(found), at + 1
