"""What sending a message with an id gives, and the error when something cannot be done to one."""

from __future__ import annotations

from toxpy.errors import ToxError

#: Bytes of a message's id.
MESSAGE_ID_SIZE = 16


class MessageError(ToxError):
    """What was asked for cannot be done to that message: `name` and the text say why."""

    def __init__(self, code: int, name: str, message: str) -> None:
        super().__init__(code, name, message)


class Sent:
    """A message that was handed over."""

    __slots__ = ("id", "message_id", "state")

    def __init__(self, message_id: int, id: bytes, state: int = 1) -> None:
        #: the number that its FriendReadReceipt will have
        self.message_id = message_id
        #: its 16-byte id, by which it can be edited, deleted and answered; empty without extended messages
        self.id = id
        #: of `toxpy.ext.offline.states`: 0 if the message waits for the friend, 1 if it was written to it
        self.state = state

    def __repr__(self) -> str:
        return f"<Sent {self.message_id} {self.id.hex()}>"
