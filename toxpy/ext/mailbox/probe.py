"""Is this node a mailbox? A question to a node of the DHT, and the answer; nodes that are none drop it.

    f8 probe, f9 answer    sender's DHT key 32 | nonce 24 | box of 72 bytes, under both DHT keys
    in the probe           echo 8 | zeros 64
    in the answer          echo 8 | version 1 | flags 1 | free KiB u32 | seconds kept u32 | zeros 22
                           | real key 32

Flags: 1 anybody may use it, 2 only who has a token. Both packets have the same size, so nobody gets more sent
to somebody else than was paid for; and a probe is opened within the budget of its source, as all of the DHT
is.
"""

from __future__ import annotations

from struct import Struct

from toxpy.crypto.sodium import NONCE_SIZE
from toxpy.dht.packets import open_packet, seal_packet, sender_of
from toxpy.errors import PacketError
from toxpy.ext.mailbox.keeping import KEPT_S
from toxpy.wire.packets import ECHO_SIZE, MAILBOX_ANSWER, MAILBOX_PROBE, MAILBOX_PROBE_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.dht.dht import DHT
    from toxpy.ext.mailbox.keeping import StoreStats
    from toxpy.runtime import Dispatch, Runtime
    from toxpy.wire.address import Address

VERSION = 1
FOR_ALL, WITH_TOKEN = 1, 2
_ANSWER = Struct(">8sBBII22x32s")
_MAX_U32 = 0xFFFFFFFF
_KIB = 1024


class ProbeAnswer:
    """What a mailbox says of itself to who looks for one."""

    __slots__ = ("flags", "free_kib", "kept_s", "real_pk")

    def __init__(self, flags: int, free_kib: int, kept_s: int, real_pk: bytes) -> None:
        self.flags = flags
        self.free_kib = free_kib
        self.kept_s = kept_s
        self.real_pk = real_pk

    @property
    def is_open(self) -> bool:
        """True if anybody may use it."""
        return bool(self.flags & FOR_ALL)


def pack_probe(echo: bytes) -> bytes:
    """The content of a probe with 8 bytes of echo."""
    return echo + bytes(MAILBOX_PROBE_SIZE - ECHO_SIZE)


def pack_answer(echo: bytes, answer: ProbeAnswer) -> bytes:
    """The content of an answer."""
    free_kib = min(answer.free_kib, _MAX_U32)
    return _ANSWER.pack(echo, VERSION, answer.flags, free_kib, answer.kept_s, answer.real_pk)


def unpack_answer(payload: bytes) -> tuple[bytes, ProbeAnswer]:
    """The echo and what is said; PacketError for another version."""
    echo, version, flags, free_kib, kept_s, real_pk = _ANSWER.unpack(payload)
    if version != VERSION:
        raise PacketError("mailbox: an answer of another version")
    return echo, ProbeAnswer(flags, free_kib, kept_s, real_pk)


class ProbeAnswers:
    """The mailbox's side. Claims 0xf8 of `udp`."""

    __slots__ = ("_dht", "_flags", "_real_pk", "_rt", "_send", "_stats", "_udp")

    def __init__(
        self,
        dht: DHT,
        real_pk: bytes,
        stats: StoreStats,
        *,
        rt: Runtime,
        send: Callable[[Address, bytes], None],
        udp: Dispatch,
        is_open: bool,
    ) -> None:
        self._dht = dht
        self._real_pk = real_pk
        self._stats = stats
        self._rt = rt
        self._send = send
        self._udp = udp
        self._flags = FOR_ALL if is_open else WITH_TOKEN
        udp.claim(MAILBOX_PROBE.kind, self._on_probe)

    def close(self) -> None:
        """Answer no more."""
        self._udp.release(MAILBOX_PROBE.kind)

    def _on_probe(self, address: Address, data: bytes) -> None:
        rt, dht = self._rt, self._dht
        if not MAILBOX_PROBE.fits(data):
            return rt.counters.drop("mailbox_probe_size")
        key = dht.budget.shared_key(dht.shared_keys, sender_of(data), address)
        payload = open_packet(key, data) if key is not None else None
        if key is None or payload is None:
            return rt.counters.drop("mailbox_probe_box")
        rt.counters.count("mailbox_probes")
        stats = self._stats
        free_kib = max(stats.capacity_bytes - stats.bytes, 0) // _KIB
        answer = pack_answer(payload[:ECHO_SIZE], ProbeAnswer(self._flags, free_kib, KEPT_S, self._real_pk))
        sealed = seal_packet(MAILBOX_ANSWER, dht.public_key, key, rt.rng.bytes(NONCE_SIZE), answer)
        return self._send(address, sealed)
