"""What a set-up with Noise needs besides: our message 1, and how long it has stayed unanswered.

    message 1   1c | version 1 | NoiseIK(responder's cookie 112, initiator's cookie 112)    322 bytes
    message 2   1c | version 1 | NoiseIK(initiator's cookie 112)                            162 bytes

The version is the prologue of the handshake. Data packets then have a key for each direction, counters from 0
as nonces, and boxes of XChaCha20-Poly1305 (`toxpy.system.datapath`). Cookies are those of `handshake`.
c-toxcore: net_crypto.c of its pull request 3028.

No clock, no sockets here.
"""

from __future__ import annotations

from toxpy.crypto.noise import NoiseIK
from toxpy.crypto.sodium import NONCE_SIZE
from toxpy.net_crypto.handshake import NOISE_IK
from toxpy.system.datapath import Session
from toxpy.wire.packets import NOISE_HANDSHAKE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.crypto.keys import KeyPair
    from toxpy.wire.address import Address

PROLOGUE = bytes((NOISE_IK,))
#: What stands before the messages of the handshake.
HEAD = NOISE_HANDSHAKE.prefix + PROLOGUE
#: Time without an answer after which the old handshake may be tried, in ms, and messages sent meanwhile.
FALL_BACK_MS, FALL_BACK_TRIES = 5000, 4
#: How much sooner it may be, in ms: there is a try each second.
_EARLY_MS = 500


class NoiseSetup:
    """The initiator's side, until message 2 comes."""

    __slots__ = ("_began_ms", "_ik", "_sent", "packet", "peer_cookie", "way")

    def __init__(
        self, identity: KeyPair, real_pk: bytes, peer_cookie: bytes, way: Address | None, *, now_ms: int
    ) -> None:
        self._ik = NoiseIK(identity, PROLOGUE, real_pk)
        self.peer_cookie = peer_cookie
        #: where the peer's cookie came from, None for a relay
        self.way = way
        self._began_ms = now_ms
        #: messages sent on that way
        self._sent = 0
        #: message 1, made once
        self.packet = b""

    def write(self, cookie: bytes, ephemeral: KeyPair) -> bool:
        """Make message 1, with a cookie for the answer to bring back; False for a real key of low order."""
        message = self._ik.write(self.peer_cookie + cookie, ephemeral)
        if message is None:
            return False
        self.packet = HEAD + message
        return True

    def read(self, packet: bytes) -> bytes | None:
        """Our cookie in message 2; None for one that the peer did not make, which changes nothing."""
        return self._ik.read(packet[len(HEAD) :])

    def session(self) -> Session:
        """The session, once message 2 opened."""
        return session_of(self._ik)

    def is_unanswered(self, reached: bool, now_ms: int) -> bool:
        """Before each try: True if the peer seems to know no Noise.

        `reached`: the try goes the way on which the peer's cookie came.
        """
        unanswered = self._sent >= FALL_BACK_TRIES and now_ms - self._began_ms >= FALL_BACK_MS - _EARLY_MS
        self._sent += reached
        return unanswered


def session_of(ik: NoiseIK) -> Session:
    """The session that a finished handshake gives."""
    return Session(ik.receive_key, bytes(NONCE_SIZE), bytes(NONCE_SIZE), ik.send_key)
