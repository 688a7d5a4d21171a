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

from toxpy.crypto.sodium import KEY_SIZE, MAC_SIZE, NONCE_SIZE, decrypt, encrypt
from toxpy.crypto.timed_auth import TimedAuth
from toxpy.onion.group_announce import GroupAnnounces
from toxpy.onion.path import (
    KIND_ANNOUNCE_REQUEST,
    KIND_ANNOUNCE_REQUEST_OLD,
    KIND_ANNOUNCE_RESPONSE,
    KIND_ANNOUNCE_RESPONSE_OLD,
    KIND_DATA_REQUEST,
    KIND_DATA_RESPONSE,
    KIND_RECV_3,
    MAX_PACKET_SIZE,
    RETURN_3_SIZE,
    pack_address,
)
from toxpy.wire.address import pack_nodes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.dht.dht import DHT
    from toxpy.runtime import Dispatch, Runtime
    from toxpy.wire.address import Address

PING_ID_SIZE, SENDBACK_SIZE = 32, 8
#: Payload of a request's box without what group members add, bytes.
PLAIN_SIZE = PING_ID_SIZE + 2 * KEY_SIZE + SENDBACK_SIZE
REQUEST_SIZE = 1 + NONCE_SIZE + KEY_SIZE + PLAIN_SIZE + MAC_SIZE
MAX_EXTRA_SIZE = 136
MIN_DATA_REQUEST_SIZE = 1 + KEY_SIZE + NONCE_SIZE + KEY_SIZE + MAC_SIZE
STORED_NO, STORED_OTHER, STORED_SELF = 0, 1, 2

MAX_ENTRIES = 160
ENTRY_LIFETIME_MS = 300_000
MAX_SENT_NODES = 4


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
        self.groups = GroupAnnounces(dht.public_key, rt=rt)
        self._own = int.from_bytes(dht.public_key, "big")
        self._entries: dict[bytes, Entry] = {}
        self._own_pk = b""
        self._on_own_data: Callable[[Address, bytes], None] | None = None
        udp.claim(KIND_ANNOUNCE_REQUEST_OLD, self._on_request_old)
        udp.claim(KIND_ANNOUNCE_REQUEST, self._on_request)
        udp.claim(KIND_DATA_REQUEST, self._on_data_request)

    def __len__(self) -> int:
        return len(self._entries)

    def deliver(self, public_key: bytes, on_data: Callable[[Address, bytes], None]) -> None:
        """What others send to `public_key`, announced to our own node, is handed over here as well.

        In a small network its path back may lead over a node that is gone. It is sent along that path all
        the same, or whoever watches us would see whose node this is.
        """
        self._own_pk, self._on_own_data = public_key, on_data

    def _on_request_old(self, address: Address, data: bytes) -> None:
        if len(data) != REQUEST_SIZE + RETURN_3_SIZE:
            return self._rt.counters.drop("announce_size")
        return self._answer(address, data, KIND_ANNOUNCE_RESPONSE_OLD, with_count=False)

    def _on_request(self, address: Address, data: bytes) -> None:
        extra = len(data) - REQUEST_SIZE - RETURN_3_SIZE
        if not 0 <= extra <= MAX_EXTRA_SIZE:
            return self._rt.counters.drop("announce_size")
        return self._answer(address, data, KIND_ANNOUNCE_RESPONSE, with_count=True)

    def _answer(self, address: Address, data: bytes, kind: int, *, with_count: bool) -> None:
        body, return_data = data[:-RETURN_3_SIZE], data[-RETURN_3_SIZE:]
        public_key = body[25:57]
        key = self._dht.nodes.request_key(address, public_key)
        plain = decrypt(key, body[1:25], body[57:]) if key is not None else None
        if key is None or plain is None:
            return self._rt.counters.drop("announce_decrypt")
        ping_id, searched, data_pk = plain[:32], plain[32:64], plain[64:96]
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
        count = bytes((len(nodes),)) if with_count else b""
        members = self.groups.exchange(plain[PLAIN_SIZE:]) if len(plain) > PLAIN_SIZE else b""
        if members is None:
            return None
        nonce = self._rt.rng.bytes(NONCE_SIZE)
        box = encrypt(key, nonce, answer + count + pack_nodes(nodes) + members)
        sendback = plain[96:PLAIN_SIZE]
        packet = bytes((KIND_RECV_3,)) + return_data + bytes((kind,)) + sendback + nonce + box
        return self._send(address, packet)

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
        if not MIN_DATA_REQUEST_SIZE + RETURN_3_SIZE < len(data) <= MAX_PACKET_SIZE:
            return self._rt.counters.drop("onion_data_size")
        entry = self._lookup(data[1:33])
        if entry is None:
            return self._rt.counters.drop("onion_data_unknown")
        forwarded = bytes((KIND_DATA_RESPONSE,)) + data[33:-RETURN_3_SIZE]
        self._send(entry.address, bytes((KIND_RECV_3,)) + entry.return_data + forwarded)
        if self._on_own_data is not None and data[1:33] == self._own_pk:
            self._on_own_data(address, forwarded)
        return None
