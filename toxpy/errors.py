"""The two kinds of failure.

`ToxError` is our caller's fault (or the state of the instance): it carries the
value of the C API's error enum, so nothing has to be translated at the C edge.
`PacketError` is the remote's fault: raised by codecs only, counted, never shown.
"""

from __future__ import annotations

from toxpy.generated import enums


class ToxError(Exception):
    """A call that failed as documented.

    `code` is the enumerator's value from `include/toxcore.h`, `name` its C name
    when known (for example ``TOX_ERR_FRIEND_ADD_TOO_LONG``). `retryable` says
    whether the same call may succeed later without changing its arguments. `str()`
    is the message, or what the header says of that error.
    """

    def __init__(self, code: int, name: str = "", message: str = "", *, retryable: bool = False) -> None:
        self.code = code
        self.name = name
        self.retryable = retryable
        super().__init__(message or name or f"Tox error {code}")

    def __str__(self) -> str:
        message = str(self.args[0])
        if message != self.name:
            return message
        # only here: programs that show no errors need not have it
        from toxpy.generated.error_words import WORDS

        words = WORDS.get(message)
        return message if words is None else f"{words} ({message})"


class PacketError(Exception):
    """Bytes from the network or a file that do not decode."""


def api_error(name: str, message: str = "", *, retryable: bool = False) -> ToxError:
    """The ToxError of that enumerator."""
    return ToxError(getattr(enums, name), name, message, retryable=retryable)
