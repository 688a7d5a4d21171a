"""What is said first at a friend's endpoint: who comes, and by which DHT key.

    86 | nonce 24 | once 32 | box     once: a key pair for this packet; box: from it to the hearer's key
    box    real key 32 | inner        inner: a box from the speaker's real key to the hearer's
    inner  9c | no_replay 8 | DHT key 32

That is an onion data packet with a DHT-key packet in it (`toxpy.onion.client`), for the endpoint's key in
place of a data key. Nobody but the hearer learns who says it. The speaker's connection to the endpoint proves
that it has the DHT key, so a recorded packet is of no use to others.
"""

from __future__ import annotations

from toxpy.crypto.keys import KeyPair
from toxpy.crypto.sodium import KEY_SIZE, NONCE_SIZE, decrypt, encrypt, shared_key
from toxpy.onion.client import DATA_DHT_PK
from toxpy.wire.packets import ONION_DATA_RESPONSE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.crypto.keys import SharedKeys
    from toxpy.runtime import Runtime

_NO_REPLAY_SIZE = 8
DATA_SIZE = 1 + _NO_REPLAY_SIZE + KEY_SIZE


class Hellos:
    """Makes and reads them for one identity."""

    __slots__ = ("_dht_pk", "_identity", "_rt", "_shared")

    def __init__(self, identity: KeyPair, shared: SharedKeys, dht_pk: bytes, *, rt: Runtime) -> None:
        """`shared` are the identity's keys with friends."""
        self._identity = identity
        self._shared = shared
        self._dht_pk = dht_pk
        self._rt = rt

    def make(self, friend_pk: bytes, hearer_pk: bytes) -> bytes:
        """One for a friend who hears it by that key; b"" for a key that nobody can have."""
        rt = self._rt
        once, nonce = KeyPair.generate(rt.rng), rt.rng.bytes(NONCE_SIZE)
        rt.counters.count("x25519")
        outer, inner = shared_key(hearer_pk, once.secret), self._shared.get(friend_pk)
        if outer is None or inner is None:
            return b""
        no_replay = rt.clock.unix_s().to_bytes(_NO_REPLAY_SIZE, "big")
        data = bytes((DATA_DHT_PK,)) + no_replay + self._dht_pk
        box = encrypt(outer, nonce, self._identity.public + encrypt(inner, nonce, data))
        return ONION_DATA_RESPONSE.make(nonce, once.public) + box

    def speaker(self, packet: bytes, outer: bytes | None) -> tuple[bytes, bytes]:
        """Who says this, if it can be believed after `dht_pk`; and the inner box with its nonce.

        b"" twice for what does not open.
        """
        nonce = ONION_DATA_RESPONSE.unpack_from(packet)[1]
        plain = decrypt(outer, nonce, packet[ONION_DATA_RESPONSE.size :]) if outer is not None else None
        return (plain[:KEY_SIZE], nonce + plain[KEY_SIZE:]) if plain else (b"", b"")

    def dht_pk(self, speaker: bytes, box: bytes) -> bytes:
        """The DHT key that a friend tells of; b"" if it is not the friend who does."""
        key = self._shared.get(speaker)
        plain = decrypt(key, box[:NONCE_SIZE], box[NONCE_SIZE:]) if key is not None else None
        if not plain or len(plain) < DATA_SIZE or plain[0] != DATA_DHT_PK:
            return b""
        return plain[DATA_SIZE - KEY_SIZE : DATA_SIZE]


def once_key(packet: bytes) -> bytes:
    """The throw-away key that a packet was made with; b"" when it is none of these."""
    return bytes(ONION_DATA_RESPONSE.unpack_from(packet)[2]) if ONION_DATA_RESPONSE.fits(packet) else b""
