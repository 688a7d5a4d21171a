"""The thief of a user's secret key, who poses to that user as a friend. The friend's secret is not known.

In the old handshake the key of a session is made of session keys, and these are protected by the shared key
of both real keys. Either secret gives that one.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from noise.connection import Keypair, NoiseConnection

from tests.support.universe import SeededRng
from toxpy.crypto.keys import KeyPair
from toxpy.crypto.sodium import decrypt, shared_key
from toxpy.net_crypto import handshake
from toxpy.net_crypto.handshake import NOISE_IK
from toxpy.system.datapath_twin import Session
from toxpy.wire.packets import COOKIE_RESPONSE, COOKIE_SIZE, HANDSHAKE, NOISE_HANDSHAKE

ONLINE, MESSAGE = b"\x18", b"\x40"
TEXT = b"I am your friend, honestly"
NOISE_VERSION = bytes((NOISE_IK,))


class Impostor:
    """Feed it what comes from the victim; it sends with `send(packet)`. `stolen` is the victim's secret key.

    `victim_dht_pk` is known to everybody near the victim, `friend_pk` to who has seen the friend's Tox ID.
    """

    def __init__(self, stolen, victim_dht_pk, friend_pk, send, *, noise=False, seed=1):
        self.rng = SeededRng(f"impostor {seed}")
        self.friend_pk, self.send, self.noise = friend_pk, send, noise
        self.stolen = stolen
        self.dht = KeyPair.generate(self.rng)
        self.session_keys = KeyPair.generate(self.rng)
        self.base_nonce = self.rng.bytes(24)
        self.dht_key = shared_key(victim_dht_pk, self.dht.secret)
        self.real_key = shared_key(friend_pk, stolen)
        self.session = None
        self.answered = False

    def begin(self):
        """Ask for a cookie in the friend's name: whoever has a DHT key may."""
        nonce, echo = self.rng.bytes(24), self.rng.bytes(8)
        self.send(handshake.create_cookie_request(self.dht_key, nonce, self.dht.public, self.friend_pk, echo))

    def opens(self, response):
        """True if that is a cookie for this attempt."""
        return handshake.open_cookie_response(self.dht_key, response) is not None

    def feed(self, packet):
        """A packet of the victim's."""
        if packet[0] == COOKIE_RESPONSE.kind:
            cookie, _ = handshake.open_cookie_response(self.dht_key, packet)
            self.send(self._noise_message(cookie) if self.noise else self._old_handshake(cookie))
        elif packet[0] == HANDSHAKE.kind and self.session is None:
            self._take(packet)
        elif packet[0] == NOISE_HANDSHAKE.kind and len(packet) == 162:
            self.answered = True

    def _old_handshake(self, cookie):
        nonce, own_cookie = self.rng.bytes(24), self.rng.bytes(COOKIE_SIZE)
        keys = self.base_nonce, self.session_keys.public
        return handshake.create_handshake(self.real_key, nonce, cookie, *keys, own_cookie)

    def _take(self, packet):
        """The victim answered: come online, and say something."""
        _, _, nonce = HANDSHAKE.unpack_from(packet)
        plain = decrypt(self.real_key, nonce, packet[HANDSHAKE.size :])
        if plain is None:
            # it is for somebody else
            return
        receive_nonce, session_pk = plain[:24], plain[24:56]
        self.session = Session(
            shared_key(session_pk, self.session_keys.secret), receive_nonce, self.base_nonce
        )
        self.send(self.session.seal(0, 0, ONLINE))
        self.send(self.session.seal(0, 1, MESSAGE + TEXT))

    def _noise_message(self, cookie):
        """Message 1 of Noise: the victim's secret is enough for that one, and for no more."""
        connection = NoiseConnection.from_name(b"Noise_IK_25519_ChaChaPoly_BLAKE2b")
        connection.set_as_initiator()
        connection.set_prologue(NOISE_VERSION)
        victim_pk = KeyPair(self.stolen).public
        connection.set_keypair_from_private_bytes(Keypair.STATIC, self.stolen)
        connection.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, victim_pk)
        connection.start_handshake()
        state = connection.noise_protocol.handshake_state
        state.s = Claimed(self.friend_pk)
        connection.noise_protocol.dh_fn = Curve(self.stolen, self.friend_pk)
        message = connection.write_message(cookie + self.rng.bytes(COOKIE_SIZE))
        return NOISE_HANDSHAKE.prefix + NOISE_VERSION + bytes(message)


class Claimed:
    """A key pair without its secret half."""

    private = None

    def __init__(self, public):
        self.public_bytes = public


class Curve:
    """X25519 where the product of both real keys is known though one secret is not."""

    def __init__(self, stolen, friend_pk):
        secret = X25519PrivateKey.from_private_bytes(stolen)
        self.real = secret.exchange(X25519PublicKey.from_public_bytes(friend_pk))

    def generate_keypair(self):
        from noise.backends.default.diffie_hellmans import ED25519

        return ED25519().generate_keypair()

    def dh(self, private, public):
        return self.real if private is None else private.exchange(public)
