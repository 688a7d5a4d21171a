"""The announce server: who can be reached through us, and by which path back. Spec: Onion, announce.

    request   83 | nonce 24 | pk 32 | box(ping id 32, searched pk 32, data pk 32, sendback 8) | return 177
    response  84 | sendback 8 | nonce 24 | box(stored 1, ping id or data pk 32, up to 4 packed nodes)
    data      85 | destination real pk 32 | nonce 24 | temporary pk 32 | box | return 177
    data out  86 | nonce 24 | temporary pk 32 | box                        (to the entry's return path)

87 and 88 are the same with a count byte in front of the nodes, and behind everything else what
members of a group chat announce (`group_announce`).
`stored` is 0: not known, here is the ping id; 1: known, here is its data pk; 2: that is you, and you
are stored. Whoever comes back with the ping id for its key and address within 300 s is stored;
of 160 entries the farthest from our DHT key leaves for a closer one.
"""

from __future__ import annotations

from toxpy.crypto.sodium import NONCE_SIZE, decrypt, encrypt
from toxpy.crypto.timed_auth import TimedAuth
from toxpy.onion.group_announce import GroupAnnounces
from toxpy.onion.path import pack_address
from toxpy.wire.address import pack_nodes
from toxpy.wire.packets import (
    ANNOUNCE_QUESTION,
    ANNOUNCE_REQUEST,
    ANNOUNCE_REQUEST_OLD,
    ANNOUNCE_RESPONSE,
    ANNOUNCE_RESPONSE_OLD,
    MAX_SENT_NODES,
    ONION_DATA_REQUEST,
    ONION_DATA_RESPONSE,
    ONION_RECV_3,
    RETURN_3_SIZE,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.dht.dht import DHT
    from toxpy.runtime import Dispatch, Runtime
    from toxpy.wire.address import Address
    from toxpy.wire.packets import Layout

STORED_NO, STORED_OTHER, STORED_SELF = 0, 1, 2

MAX_ENTRIES = 160
ENTRY_LIFETIME_MS = 300_000

#: A data request's nonce and everything behind it go on to whom they are for.
_FORWARDED_AT = ONION_DATA_REQUEST.offset("nonce")


class Entry:
    """Somebody who announced itself to us."""

    __slots__ = ("address", "announced_ms", "data_pk", "return_data")

    def __init__(self, address: Address, data_pk: bytes, return_data: bytes, now_ms: int) -> None:
        self.address = address
        self.data_pk = data_pk
        self.return_data = return_data
        self.announced_ms = now_ms


class AnnounceServer:
    """Answers announce and data requests that come out of the onion."""

    def __init__(
        self, dht: DHT, *, rt: Runtime, send: Callable[[Address, bytes], None], udp: Dispatch
    ) -> None:
        self._dht = dht
        self._rt = rt
        self._send = send
        self._ping_ids = TimedAuth(ENTRY_LIFETIME_MS, rt=rt)
        self.groups = GroupAnnounces(rt=rt)
        self._own = int.from_bytes(dht.public_key, "big")
        self._entries: dict[bytes, Entry] = {}
        self._own_pk = b""
        self._on_own_data: Callable[[Address, bytes], None] | None = None
        udp.claim(ANNOUNCE_REQUEST_OLD.kind, self._on_request_old)
        udp.claim(ANNOUNCE_REQUEST.kind, self._on_request)
        udp.claim(ONION_DATA_REQUEST.kind, self._on_data_request)

    def __len__(self) -> int:
        return len(self._entries)

    def deliver(self, public_key: bytes, on_data: Callable[[Address, bytes], None]) -> None:
        """What others send to `public_key`, announced to our own node, is handed over here as well.

        In a small network its path back may lead over a node that is gone. It is sent along that path all
        the same, or whoever watches us would see whose node this is.
        """
        self._own_pk, self._on_own_data = public_key, on_data

    def _on_request_old(self, address: Address, data: bytes) -> None:
        if not ANNOUNCE_REQUEST_OLD.fits(data):
            return self._rt.counters.drop("announce_size")
        return self._answer(address, data, ANNOUNCE_RESPONSE_OLD)

    def _on_request(self, address: Address, data: bytes) -> None:
        if not ANNOUNCE_REQUEST.fits(data):
            return self._rt.counters.drop("announce_size")
        return self._answer(address, data, ANNOUNCE_RESPONSE)

    def _answer(self, address: Address, data: bytes, response: Layout) -> None:
        """Both kinds of request begin alike; `response` is the kind of the answer."""
        _, nonce, public_key = ANNOUNCE_REQUEST.unpack_from(data)
        box, return_data = data[ANNOUNCE_REQUEST.size : -RETURN_3_SIZE], data[-RETURN_3_SIZE:]
        key = self._dht.nodes.request_key(address, public_key)
        plain = decrypt(key, nonce, box) if key is not None else None
        if key is None or plain is None:
            return self._rt.counters.drop("announce_decrypt")
        ping_id, searched, data_pk, sendback = ANNOUNCE_QUESTION.unpack_from(plain)
        asked_by = public_key + pack_address(address)
        if self._ping_ids.check(ping_id, asked_by):
            self._store(public_key, Entry(address, data_pk, return_data, self._rt.clock.now_ms))
            searched_entry = self._lookup(public_key)
            found = public_key
        else:
            searched_entry, found = self._lookup(searched), searched
        fresh_id = self._ping_ids.create(asked_by)
        if searched_entry is None:
            answer = bytes((STORED_NO,)) + fresh_id
        elif found == public_key:
            stored = STORED_SELF if searched_entry.data_pk == data_pk else STORED_NO
            answer = bytes((stored,)) + fresh_id
        else:
            answer = bytes((STORED_OTHER,)) + searched_entry.data_pk
        nodes = self._dht.nodes.closest_nodes(searched, MAX_SENT_NODES, requester=address)
        count = bytes((len(nodes),)) if response is ANNOUNCE_RESPONSE else b""
        extra = plain[ANNOUNCE_QUESTION.size :]
        members = self.groups.exchange(extra) if extra else b""
        if members is None:
            return None
        nonce = self._rt.rng.bytes(NONCE_SIZE)
        box = encrypt(key, nonce, answer + count + pack_nodes(nodes) + members)
        return self._send(address, ONION_RECV_3.make(return_data) + response.make(sendback, nonce) + box)

    def _lookup(self, public_key: bytes) -> Entry | None:
        entry = self._entries.get(public_key)
        if entry is not None and self._rt.clock.now_ms - entry.announced_ms >= ENTRY_LIFETIME_MS:
            del self._entries[public_key]
            return None
        return entry

    def _store(self, public_key: bytes, entry: Entry) -> None:
        entries = self._entries
        if public_key not in entries and len(entries) >= MAX_ENTRIES:
            expired_before_ms = entry.announced_ms - ENTRY_LIFETIME_MS
            old = [pk for pk, e in entries.items() if e.announced_ms <= expired_before_ms]
            if not old:
                farthest = max(entries, key=self._distance)
                if self._distance(farthest) <= self._distance(public_key):
                    return self._rt.counters.drop("announce_full")
                old = [farthest]
            for pk in old:
                del entries[pk]
        entries[public_key] = entry
        return None

    def _distance(self, public_key: bytes) -> int:
        return int.from_bytes(public_key, "big") ^ self._own

    def _on_data_request(self, address: Address, data: bytes) -> None:
        if not ONION_DATA_REQUEST.fits(data):
            return self._rt.counters.drop("onion_data_size")
        receiver = ONION_DATA_REQUEST.unpack_from(data)[1]
        entry = self._lookup(receiver)
        if entry is None:
            return self._rt.counters.drop("onion_data_unknown")
        forwarded = ONION_DATA_RESPONSE.prefix + data[_FORWARDED_AT:-RETURN_3_SIZE]
        self._send(entry.address, ONION_RECV_3.make(entry.return_data) + forwarded)
        if self._on_own_data is not None and receiver == self._own_pk:
            self._on_own_data(address, forwarded)
        return None
