"""The DHT announcements server: stores a few bytes under keys near ours, for a while. c-toxcore: announce.c.

    DHT packet        kind 1 | sender's DHT key 32 | nonce 24 | box(payload | sendback 8)
      93 search       data pk 32 [| SHA-256 of the last answer's payload 32]
      94 found        data pk 32 | 0 or 1, SHA-256 of what is stored 32 | tag 32 | would store 1
                        | count 1 | packed nodes          only the data pk if that is the last answer still
      95 retrieve     data pk 32 | 0 | tag 32
      96 retrieved    data pk 32 | 1 | what is stored
      97 store        data pk 32 | nonce 24 | box(tag 32 | seconds 4 | 0, data 0..512  or  1, SHA-256 32)
      98 stored       data pk 32 | seconds 4 | our Unix time 8

The inner box of a store request is between data key and our DHT key: only the owner of a data key can store
under it. Kind 1 prolongs what is stored and has that hash; with another hash it ends it. The tag comes from
a search less than two minutes before, and is good only from where that came: key, address, and sendback if
it was forwarded. So nothing is stored or handed out on behalf of a forged address.

All of it may come through `forwarding`; the answer then goes back the same way.
"""

from __future__ import annotations

from toxpy.crypto.sodium import KEY_SIZE, NONCE_SIZE, SHA256_SIZE, decrypt, equal, sha256
from toxpy.crypto.timed_auth import TIMED_AUTH_SIZE, TimedAuth
from toxpy.dht.announcement_store import AnnouncementStore
from toxpy.dht.packets import open_packet, seal_packet, sender_of
from toxpy.wire.address import pack_ip_port, pack_nodes
from toxpy.wire.packets import (
    MAX_SENT_NODES,
    RETRIEVE_REQUEST,
    RETRIEVE_RESPONSE,
    SEARCH_REQUEST,
    SEARCH_RESPONSE,
    SENDBACK_SIZE,
    STORE_REQUEST,
    STORE_RESPONSE,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.dht.dht import DHT
    from toxpy.dht.forwarding import Forwarding
    from toxpy.runtime import Dispatch, Runtime
    from toxpy.wire.address import Address

#: In front of what is to be stored, bytes: tag, seconds, kind.
STORE_HEADER_SIZE = TIMED_AUTH_SIZE + 4 + 1
#: Requests, and what answers them.
ANSWERS = {
    SEARCH_REQUEST.kind: (SEARCH_REQUEST, SEARCH_RESPONSE),
    RETRIEVE_REQUEST.kind: (RETRIEVE_REQUEST, RETRIEVE_RESPONSE),
    STORE_REQUEST.kind: (STORE_REQUEST, STORE_RESPONSE),
}
#: A search has one of two sizes, none between.
SEARCH_SIZES = (SEARCH_REQUEST.min_size, SEARCH_REQUEST.max_size)
STORE_DATA, STORE_PROLONG = 0, 1
#: Data key and nonce of a store request's inner box.
_BOX_AT = KEY_SIZE + NONCE_SIZE

TAG_LIFETIME_MS = 60_000
#: Shortest and longest time that something is stored, ms: within them a quarter of our own uptime.
MIN_TIMEOUT_MS, MAX_TIMEOUT_MS = 10_000, 900_000
UPTIME_RATIO = 4


class Announcements:
    """Answers 0x93, 0x95 and 0x97, which it claims of `udp`, also when they were forwarded."""

    __slots__ = ("_dht", "_forwarding", "_rt", "_send", "_started_ms", "_tags", "store")

    def __init__(
        self,
        dht: DHT,
        forwarding: Forwarding,
        *,
        rt: Runtime,
        send: Callable[[Address, bytes], None],
        udp: Dispatch,
    ) -> None:
        self._dht = dht
        self._forwarding = forwarding
        self._rt = rt
        self._send = send
        self._started_ms = rt.clock.now_ms
        self._tags = TimedAuth(TAG_LIFETIME_MS, rt=rt)
        self.store = AnnouncementStore(dht.public_key, rt=rt)
        for kind in ANSWERS:
            udp.claim(kind, self._on_request)
        forwarding.on_request = self._on_forwarded

    def _on_request(self, address: Address, data: bytes) -> None:
        """Over UDP."""
        answer = self._answer(address, data, b"")
        if answer is not None:
            self._send(address, answer)

    def _on_forwarded(self, forwarder: Address, sendback: bytes, data: bytes) -> None:
        """Through another node."""
        answer = self._answer(forwarder, data, sendback)
        if answer is not None:
            self._forwarding.send_reply(forwarder, sendback, answer)

    def _answer(self, address: Address, packet: bytes, forwarded: bytes) -> bytes | None:
        """The packet to answer with, or None, counted."""
        drop = self._drop
        layouts = ANSWERS.get(packet[0]) if packet else None
        if layouts is None:
            return drop("announcement_kind")
        request, response = layouts
        if not request.fits(packet) or (request is SEARCH_REQUEST and len(packet) not in SEARCH_SIZES):
            return drop("announcement_size")
        sender = sender_of(packet)
        key = self._dht.nodes.request_key(address, sender)
        if key is None:
            return None
        plain = open_packet(key, packet)
        if plain is None:
            return drop("announcement_decrypt")
        payload, sendback = plain[:-SENDBACK_SIZE], plain[-SENDBACK_SIZE:]
        asked_by = payload[:KEY_SIZE] + sender + pack_ip_port(address) + forwarded
        if request is SEARCH_REQUEST:
            answer: bytes | None = self._search(address, payload, asked_by)
        elif request is RETRIEVE_REQUEST:
            answer = self._retrieve(payload, asked_by)
        else:
            answer = self._store(address, payload, asked_by)
        if answer is None:
            return None
        nonce = self._rt.rng.bytes(NONCE_SIZE)
        return seal_packet(response, self._dht.public_key, key, nonce, answer + sendback)

    def _search(self, address: Address, payload: bytes, asked_by: bytes) -> bytes:
        data_pk, known = payload[:KEY_SIZE], payload[KEY_SIZE:]
        stored = self.store.get(data_pk)
        found = b"\x00" if stored is None else b"\x01" + sha256(stored.data)
        accept = bytes((self.store.would_accept(data_pk),))
        nodes = self._dht.nodes.closest_nodes(data_pk, MAX_SENT_NODES, address, announce_only=True)
        count = bytes((len(nodes),))
        answer = data_pk + found + self._tags.create(asked_by) + accept + count + pack_nodes(nodes)
        return data_pk if known and equal(known, sha256(answer)) else answer

    def _retrieve(self, payload: bytes, asked_by: bytes) -> bytes | None:
        data_pk, kind, tag = payload[:KEY_SIZE], payload[KEY_SIZE], payload[KEY_SIZE + 1 :]
        if kind != 0:
            return self._drop("announcement_retrieve_kind")
        if not self._tags.check(tag, asked_by):
            return self._drop("announcement_tag")
        stored = self.store.get(data_pk)
        if stored is None:
            return self._drop("announcement_unknown")
        return data_pk + b"\x01" + stored.data

    def _store(self, address: Address, payload: bytes, asked_by: bytes) -> bytes | None:
        drop = self._drop
        data_pk, nonce, box = payload[:KEY_SIZE], payload[KEY_SIZE:_BOX_AT], payload[_BOX_AT:]
        key = self._dht.budget.shared_key(self._dht.shared_keys, data_pk, address)
        if key is None:
            return None
        plain = decrypt(key, nonce, box)
        if plain is None:
            return drop("announcement_decrypt")
        if not self._tags.check(plain[:TIMED_AUTH_SIZE], asked_by):
            return drop("announcement_tag")
        kind, data = plain[STORE_HEADER_SIZE - 1], plain[STORE_HEADER_SIZE:]
        asked_s = int.from_bytes(plain[TIMED_AUTH_SIZE : TIMED_AUTH_SIZE + 4], "big")
        timeout_s = min(asked_s, self._longest_ms() // 1000)
        if kind == STORE_DATA:
            if not self.store.store(data_pk, data, timeout_s * 1000):
                return drop("announcement_full")
        elif kind != STORE_PROLONG or not self._prolong(data_pk, data, timeout_s * 1000):
            return drop("announcement_prolong")
        unix_s = self._rt.clock.unix_s() & (2**64 - 1)
        return data_pk + timeout_s.to_bytes(4, "big") + unix_s.to_bytes(8, "big")

    def _prolong(self, data_pk: bytes, digest: bytes, timeout_ms: int) -> bool:
        """Store as long again what has that hash; something else under that key is out of date."""
        stored = self.store.get(data_pk)
        if stored is None or len(digest) != SHA256_SIZE:
            return False
        if not equal(digest, sha256(stored.data)):
            self.store.remove(data_pk)
            return False
        return self.store.store(data_pk, stored.data, timeout_ms)

    def _drop(self, reason: str) -> bytes | None:
        """No answer, and why."""
        self._rt.counters.drop(reason)
        return None

    def _longest_ms(self) -> int:
        uptime_ms = self._rt.clock.now_ms - self._started_ms
        return max(MIN_TIMEOUT_MS, min(uptime_ms // UPTIME_RATIO, MAX_TIMEOUT_MS))
