"""What was said lately, for those who answer or change it."""

from __future__ import annotations

from toxpy.aio import Friend

#: Texts that are remembered, and characters of a quotation.
MAX_TEXTS, MAX_QUOTED = 200, 30


def in_hex(message_id: bytes | None) -> str | None:
    """The id of a message for scripts."""
    return message_id.hex() if message_id else None


class Said:
    """The newest messages by their ids, those of friends and ours."""

    def __init__(self) -> None:
        self._texts: dict[bytes, str] = {}
        #: id of the last message that came, by the friend's number; None when it has none
        self._heard: dict[int, bytes | None] = {}

    def note(self, message_id: bytes | None, text: str, friend: Friend | None = None) -> None:
        """A message of a friend, or of ours; or what it says now."""
        if friend is not None:
            self._heard[friend.number] = message_id
        if message_id:
            self._texts.pop(message_id, None)
            self._texts[message_id] = text
            if len(self._texts) > MAX_TEXTS:
                del self._texts[next(iter(self._texts))]

    def quote(self, message_id: bytes) -> str:
        """Its beginning, on one line."""
        text = self._texts.get(message_id)
        if text is None:
            return "an earlier message"
        line = " ".join(text.split())
        return repr(line if len(line) <= MAX_QUOTED else line[:MAX_QUOTED] + "…")

    def last_of(self, friend: Friend) -> bytes | None:
        """Id of the last message that came from that friend."""
        return self._heard.get(friend.number)
