"""Packets of Noise handshakes, and what they do to connections. Loaded where Noise is asked for.

The machine is that of `setup`. Which of two that begin at once stays the initiator is said by their real
keys: the greater one's message 1 counts, unless the other's came before it was made. What crosses a handshake
that gave keys is told by the stamps of our cookies, and dropped:

    as the initiator with keys   each message 1 with a cookie that we made before message 2 came
    with keys of one version     each handshake of the other version with a cookie made before these keys

The cookie is within the encryption. So a message 1 of anybody costs two X25519 before it is known to be
somebody's, which are paid for from the budget of its source. Nothing is made for it before it opened and the
policy and the owner of the peer agreed.
"""

from __future__ import annotations

from toxpy.crypto.keys import KeyPair
from toxpy.crypto.noise import NoiseIK
from toxpy.net_crypto.handshake import NOISE_IK
from toxpy.net_crypto.noise_setup import HEAD, PROLOGUE, session_of
from toxpy.net_crypto.routes import RELAYED
from toxpy.net_crypto.setup import HANDSHAKE_SENT
from toxpy.wire.packets import COOKIE_SIZE, NOISE_HANDSHAKE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from toxpy.net_crypto.connection import CryptoConnection
    from toxpy.net_crypto.handshake import Cookie
    from toxpy.net_crypto.routes import Routes
    from toxpy.net_crypto.setup import OurKeys
    from toxpy.wire.address import Address

    class Connections(Protocol):
        """What is needed of `NetCrypto`."""

        def connection(self, real_pk: bytes) -> CryptoConnection | None: ...
        def connections(self) -> list[CryptoConnection]: ...
        def is_newer(self, cookie: Cookie) -> bool: ...
        def remember(self, real_pk: bytes, stamp: int) -> None: ...
        def place(
            self, cookie: Cookie, address: Address | None, take: Callable[[CryptoConnection], bool]
        ) -> None: ...


MESSAGE_1_SIZE, MESSAGE_2_SIZE = NOISE_HANDSHAKE.max_size, NOISE_HANDSHAKE.min_size
#: X25519 that opening a message costs.
MESSAGE_COST = 2
#: Peers that are remembered to speak Noise.
MAX_SPEAKERS = 1024


class NoiseHandshakes:
    """Takes packets of kind 0x1c, from addresses and through relays."""

    __slots__ = ("_connections", "_keys", "_routes")

    def __init__(self, connections: Connections, keys: OurKeys, routes: Routes) -> None:
        self._connections = connections
        self._keys = keys
        self._routes = routes

    def on_udp(self, address: Address, data: bytes) -> None:
        """From an address."""
        if not self._is_ours(data):
            return
        known = self._routes.by_address.get(address)
        if known is not None and known.last_handshake == data:
            known.on_repeated_handshake()
        elif len(data) == MESSAGE_1_SIZE:
            self._on_message_1(data, address)
        else:
            self._find_initiator(data, address, lambda c: address in c.transport.addresses)

    def on_relayed(self, connection: CryptoConnection, data: bytes) -> None:
        """From a connection's peer, through a relay that both use."""
        if not self._is_ours(data):
            return
        if connection.last_handshake == data:
            connection.on_repeated_handshake()
        elif len(data) == MESSAGE_1_SIZE:
            self._on_message_1(data, None)
        elif not self._on_message_2(connection, data, None):
            self._keys.rt.counters.drop("noise_answer")

    def on_oob(self, dht_pk: bytes, relay_pk: bytes, data: bytes) -> None:
        """From a peer that has no connection over that relay yet."""
        if not self._is_ours(data):
            return
        if len(data) == MESSAGE_1_SIZE:
            self._on_message_1(data, None, relay_pk)
        else:
            self._find_initiator(data, None, lambda c: c.dht_pk == dht_pk, relay_pk)

    def _is_ours(self, data: bytes) -> bool:
        """True if it has a size and version that we know."""
        if len(data) in (MESSAGE_1_SIZE, MESSAGE_2_SIZE) and data.startswith(HEAD):
            return True
        self._keys.rt.counters.drop("noise_size_or_version")
        return False

    def _pays(self, address: Address | None) -> bool:
        """True if opening a message from there is within the budget."""
        keys = self._keys
        if not keys.dht.budget.pays(address or RELAYED, MESSAGE_COST):
            return False
        keys.rt.counters.count("x25519", MESSAGE_COST)
        return True

    def _accepts(self, real_pk: bytes) -> bool:
        """True if the policy lets that peer have Noise."""
        keys = self._keys
        if keys.policy is None or keys.policy.accepts_noise(real_pk):
            return True
        keys.rt.counters.drop("noise_refused")
        keys.policy.on_refused(real_pk, NOISE_IK)
        return False

    # The responder

    def _on_message_1(self, data: bytes, address: Address | None, relay_pk: bytes = b"") -> None:
        keys, connections = self._keys, self._connections
        drop = keys.rt.counters.drop
        if not self._pays(address):
            return
        ik = NoiseIK(keys.identity, PROLOGUE)
        payload = ik.read(data[len(HEAD) :])
        cookie = keys.cookies.open(payload[:COOKIE_SIZE]) if payload is not None else None
        if payload is None or cookie is None or cookie.real_pk != ik.their_pk:
            drop("noise_message_1")
            return
        known = connections.connection(cookie.real_pk)
        if known is not None and known.last_handshake == data:
            known.on_repeated_handshake()
        elif not connections.is_newer(cookie):
            drop("handshake_replayed")
        elif self._accepts(cookie.real_pk) and (
            known is None or not self._crosses(known, cookie, data, address, relay_pk)
        ):
            peer_cookie = payload[COOKIE_SIZE:]
            connections.place(
                cookie, address, lambda each: self._respond(each, ik, peer_cookie, data, address, relay_pk)
            )

    def _crosses(
        self, known: CryptoConnection, cookie: Cookie, data: bytes, address: Address | None, relay_pk: bytes
    ) -> bool:
        """True if that message 1 crossed a handshake of ours that counts instead."""
        setup = known.setup
        if setup is None or cookie.dht_pk != known.dht_pk:
            return False
        self._speaks(known.real_pk)
        if setup.crosses(NOISE_IK, cookie):
            self._keys.rt.counters.drop("handshake_replayed")
            return True
        noise = setup.noise
        if known.state != HANDSHAKE_SENT or noise is None or self._keys.identity.public < known.real_pk:
            return False
        self._keys.rt.counters.count("noise_simultaneous")
        # its repetition needs no cryptography
        known.last_handshake = data
        known.transport.prove(address, relay_pk)
        if setup.packet is not noise.packet:
            # we had fallen back
            setup.packet, setup.tries = noise.packet, 0
        known.transport.send_everywhere(setup.packet)
        return True

    def _respond(
        self,
        connection: CryptoConnection,
        ik: NoiseIK,
        peer_cookie: bytes,
        data: bytes,
        address: Address | None,
        relay_pk: bytes,
    ) -> bool:
        """Make message 2; False for a key of low order."""
        keys, setup = self._keys, connection.setup
        keys.rt.counters.count("x25519", MESSAGE_COST)
        message = ik.write(peer_cookie, KeyPair.generate(keys.rt.rng))
        if setup is None or message is None:
            return False
        self._speaks(connection.real_pk)
        setup.answer(HEAD + message)
        connection.take(session_of(ik), NOISE_IK, data, address, relay_pk)
        return True

    def _speaks(self, real_pk: bytes) -> None:
        """That peer knows Noise: we never fall back by ourselves."""
        speakers = self._keys.speakers
        if real_pk not in speakers and len(speakers) >= MAX_SPEAKERS:
            del speakers[next(iter(speakers))]
        speakers[real_pk] = None

    # The initiator

    def _find_initiator(
        self,
        data: bytes,
        address: Address | None,
        is_meant: Callable[[CryptoConnection], bool],
        relay_pk: bytes = b"",
    ) -> None:
        """The connection that a message 2 answers."""
        for connection in self._connections.connections():
            if is_meant(connection) and self._on_message_2(connection, data, address, relay_pk):
                return
        self._keys.rt.counters.drop("noise_answer")

    def _on_message_2(
        self, connection: CryptoConnection, data: bytes, address: Address | None, relay_pk: bytes = b""
    ) -> bool:
        """False for one that does not answer our message 1."""
        keys, setup = self._keys, connection.setup
        noise = setup.noise if setup is not None else None
        if setup is None or noise is None or not self._accepts(connection.real_pk) or not self._pays(address):
            return False
        payload = noise.read(data)
        cookie = keys.cookies.open(payload) if payload is not None else None
        if cookie is None or cookie.real_pk != connection.real_pk or cookie.dht_pk != connection.dht_pk:
            return False
        self._speaks(connection.real_pk)
        # whatever asked for a cookie before this had not seen our message 1
        self._connections.remember(connection.real_pk, keys.cookies.last_stamp)
        setup.answer(b"")
        connection.take(noise.session(), NOISE_IK, data, address, relay_pk)
        connection.confirm()
        return True
