"""I2P's SAM bridge: a destination for as long as a connection lasts, and streams to it brought to a port.

    us      HELLO VERSION MIN=3.0 MAX=3.1
    bridge  HELLO REPLY RESULT=OK VERSION=3.1
    us      SESSION CREATE STYLE=STREAM ID=id DESTINATION=key ...       TRANSIENT when there is no key yet
    bridge  SESSION STATUS RESULT=OK DESTINATION=key

and on a second connection, which stays open as long as the first:

    us      STREAM FORWARD ID=id PORT=port HOST=127.0.0.1 SILENT=true
    bridge  STREAM STATUS RESULT=OK

A key is a private destination: the public one stands at its beginning, public keys 384 and a certificate
type 1, length 2, and the address is the SHA-256 of that. Its base 64 ends with `-~` instead of `+/`.
Spec: SAM version 3. After a restart of ours friends' routers may still use the old tunnels until these
expire, which takes up to ten minutes.
"""

from __future__ import annotations

from base64 import b32encode
from binascii import Error as NotBase64
from binascii import a2b_base64, b2a_base64
from hashlib import sha256

from toxpy.ext.networks.conversation import Conversation, printable, read_pairs
from toxpy.network.network_address import AddressType, NetworkAddress

SERVICE = "the SAM bridge"
#: Time for an answer, ms; and for that to a session, whose tunnels are built first: i2pd looks every 20 s.
ANSWER_MS = 10_000
SESSION_MS = 180_000
#: A destination's length is that of its public keys and what its certificate says.
PUBLIC_KEYS_SIZE = 384
CERTIFICATE_HEADER_SIZE = 3
#: Longest private destination that is kept, bytes; one of Ed25519 has 679 at most.
MAX_DESTINATION_SIZE = 2048
#: Ed25519, as in all routers; tunnels in and out. With few ways in a destination may never be found.
_SESSION = "SIGNATURE_TYPE=7 inbound.quantity=5 outbound.quantity=3 i2cp.leaseSetEncType=4"

_TO_BASE64 = str.maketrans("-~", "+/")
_FROM_BASE64 = str.maketrans("+/", "-~")
_REASONS = {
    "NOVERSION": "does not speak version 3.1",
    "DUPLICATED_ID": "has a session of that name already",
    "DUPLICATED_DEST": "has this destination already: is another program using the same profile?",
    "INVALID_KEY": "cannot read the key that the profile keeps",
    "INVALID_ID": "has forgotten our session",
}


class _SamConversation(Conversation):
    """HELLO, and a question after it unless it is empty. The last answer begins with two words."""

    __slots__ = ("_answer", "_question")

    def __init__(self, question: str, answer: str) -> None:
        super().__init__(SERVICE, "HELLO VERSION MIN=3.0 MAX=3.1\n", ANSWER_MS)
        self._question = question
        self._answer = answer

    def on_line(self, line: str) -> str:
        question, expected = self._question, "HELLO REPLY" if self._question else self._answer
        pairs = read_pairs(line.removeprefix(expected))
        if not line.startswith(expected + " ") or "RESULT" not in pairs:
            return self.fail(f"what listens at {SERVICE} does not answer as a SAM bridge does")
        result = pairs["RESULT"]
        if result != "OK":
            words = printable(f"{result} {pairs.get('MESSAGE', '')}").strip()
            return self.fail(f"{SERVICE} {_REASONS.get(result, f'refuses: {words}')}")
        self._question = ""
        if not question:
            self.on_answer(pairs)
        return question

    def on_answer(self, pairs: dict[str, str]) -> None:
        """It said OK."""
        self.done = True


class SamHello(_SamConversation):
    """Is there a bridge that speaks our version."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("", "HELLO REPLY")


class SamSession(_SamConversation):
    """A session with the kept destination, or a new one, whose `key` and `host` are there when it is done.

    `id`: a name that no other program at the bridge has. `hops`: routers in each tunnel, None for I2P's
    choice.
    """

    __slots__ = ("host", "key")

    def __init__(self, id: str, key: bytes = b"", hops: int | None = None) -> None:
        kept = b2a_base64(key, newline=False).decode("ascii").translate(_FROM_BASE64) or "TRANSIENT"
        length = "" if hops is None else f" inbound.length={hops} outbound.length={hops}"
        super().__init__(
            f"SESSION CREATE STYLE=STREAM ID={id} DESTINATION={kept} {_SESSION}{length}\n", "SESSION STATUS"
        )
        self.key = b""
        self.host = ""

    def on_line(self, line: str) -> str:
        asked = super().on_line(line)
        if asked:
            self.patience_ms = SESSION_MS
        return asked

    def on_answer(self, pairs: dict[str, str]) -> None:
        text = pairs.get("DESTINATION", "")
        try:
            key = a2b_base64(text.translate(_TO_BASE64).encode("ascii"))
            self.host = host_of(key)
        except (ValueError, NotBase64):
            self.fail(f"{SERVICE} answers with something that is no private destination")
            return
        self.key = key
        self.done = True

    def address(self, port: int) -> NetworkAddress:
        """Where others reach it. The port means nothing in I2P."""
        return NetworkAddress(AddressType.I2P, self.host.encode("ascii"), port)


class SamForward(_SamConversation):
    """Every stream to the session's destination comes to that port of 127.0.0.1 from now on."""

    __slots__ = ()

    def __init__(self, id: str, port: int) -> None:
        super().__init__(f"STREAM FORWARD ID={id} PORT={port} HOST=127.0.0.1 SILENT=true\n", "STREAM STATUS")


def host_of(key: bytes) -> str:
    """The name, ending in .b32.i2p, of a private destination; ValueError when it cannot be one."""
    end = PUBLIC_KEYS_SIZE + CERTIFICATE_HEADER_SIZE
    end += int.from_bytes(key[end - 2 : end], "big")
    if not PUBLIC_KEYS_SIZE < end < len(key) <= MAX_DESTINATION_SIZE:
        raise ValueError("no private destination")
    return b32encode(sha256(key[:end]).digest()).decode("ascii").lower().rstrip("=") + ".b32.i2p"
