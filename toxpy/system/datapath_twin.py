"""The batch datapath in Python, for where the compiled one is missing; see `toxpy.system.datapath`."""

from __future__ import annotations

import _socket
import errno
from struct import Struct

from toxpy.crypto.sodium import (
    KEY_SIZE,
    MAC_SIZE,
    NONCE_MASK,
    NONCE_SIZE,
    decrypt,
    decrypt_xchacha,
    encrypt,
    encrypt_xchacha,
)
from toxpy.errors import PacketError
from toxpy.runtime import FORKS
from toxpy.wire.address import normalise_ip
from toxpy.wire.data_packets import KIND_DATA, MAX_DATA_SIZE, MAX_PACKET_SIZE, MIN_PACKET_SIZE
from toxpy.wire.group_packets import BOX_AT, MAX_GROUP_DATA_SIZE, NONCE_AT, pad, unpad
from toxpy.wire.packets import GROUP_LOSSLESS, GROUP_LOSSY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.system.traffic import Traffic
    from toxpy.wire.address import Address
    from toxpy.wire.data_packets import Raw, Receiver, Record, Run

    Seal = Callable[[bytes, bytes, bytes], bytes]
    Open = Callable[[bytes, bytes, bytes], bytes | None]

#: When a packet's low 16 bits are this far ahead of the base nonce's, the base moves by a third of the range.
NONCE_THRESHOLD = 21845
#: Nothing in Tox is bigger; one byte more is asked for, so that bigger ones are seen and dropped.
MAX_DATAGRAM_SIZE = 2048
#: Errors of one `receive`; a socket that has more is broken, and trying on would only cost time.
MAX_FAILURES = 16
#: Text forms of addresses remembered per direction; emptied when full.
MAX_CACHED_ADDRESSES = 4096
#: Packets queued while somebody holds.
MAX_QUEUED = 64

_HEAD = Struct(">II")
_PADDING = tuple(bytes(size) for size in range(8))
#: What "nothing to read" or "no room to send" looks like.
_AGAIN = (errno.EAGAIN, errno.EWOULDBLOCK)


class Session:
    """The keys and the nonces of one crypto connection.

    With one key, both directions have it, and boxes are XSalsa20-Poly1305. With a `send_key` the first key is
    for what comes, and boxes are XChaCha20-Poly1305 without associated data: as after a Noise handshake.
    In the child of a fork it opens nothing, and its packets are empty: see `toxpy.runtime.Forks`.
    """

    __slots__ = (
        "_base",
        "_decrypt",
        "_encrypt",
        "_forks",
        "_key",
        "_low",
        "_next_prefix",
        "_prefix",
        "_send",
        "_send_key",
    )

    def __init__(
        self, key: bytes, receive_nonce: bytes, send_nonce: bytes, send_key: bytes | None = None
    ) -> None:
        two = send_key is not None
        self._key, self._send_key = key, key if send_key is None else send_key
        if {len(self._key), len(self._send_key)} != {KEY_SIZE} or (
            {len(receive_nonce), len(send_nonce)} != {NONCE_SIZE}
        ):
            raise ValueError("a key has 32 bytes, a nonce 24")
        self._encrypt: Seal = encrypt_xchacha if two else encrypt
        self._decrypt: Open = decrypt_xchacha if two else decrypt
        self._forks = FORKS.count
        self._send = int.from_bytes(send_nonce, "big")
        self._set_base(int.from_bytes(receive_nonce, "big"))

    def _set_base(self, base: int) -> None:
        self._base = base
        self._low = base & 0xFFFF
        self._prefix = base.to_bytes(NONCE_SIZE, "big")[:-2]
        self._next_prefix = ((base + 0x10000) & NONCE_MASK).to_bytes(NONCE_SIZE, "big")[:-2]

    @property
    def send_nonce(self) -> bytes:
        """The nonce of the next packet."""
        return self._send.to_bytes(NONCE_SIZE, "big")

    @send_nonce.setter
    def send_nonce(self, nonce: bytes) -> None:
        if len(nonce) != NONCE_SIZE:
            raise ValueError("a nonce has 24 bytes")
        self._send = int.from_bytes(nonce, "big")

    def set_receive_nonce(self, nonce: bytes) -> None:
        """The peer's first packet will have that nonce."""
        if len(nonce) != NONCE_SIZE:
            raise ValueError("a nonce has 24 bytes")
        self._set_base(int.from_bytes(nonce, "big"))

    def open(self, packet: bytes) -> Record | None:
        """The record of a data packet, or None for one that the peer did not make with these keys."""
        if not MIN_PACKET_SIZE <= len(packet) <= MAX_PACKET_SIZE or packet[0] != KIND_DATA:
            return None
        if self._forks != FORKS.count:
            return None
        counter = (packet[1] << 8) | packet[2]
        low = self._low
        prefix = self._prefix if counter >= low else self._next_prefix
        plain = self._decrypt(self._key, prefix + packet[1:3], packet[3:])
        if plain is None:
            return None
        if (counter - low) & 0xFFFF > 2 * NONCE_THRESHOLD:
            self._set_base((self._base + NONCE_THRESHOLD) & NONCE_MASK)
        start, number = _HEAD.unpack_from(plain)
        return start, number, plain[8:].lstrip(b"\0")

    def seal(self, start: int, number: int, data: bytes) -> bytes:
        """The packet for 1 to 1373 bytes of data; uses up a nonce."""
        if not 0 < len(data) <= MAX_DATA_SIZE:
            raise ValueError("data has 1 to 1373 bytes")
        nonce = self.send_nonce
        self._send = (self._send + 1) & NONCE_MASK
        plain = _HEAD.pack(start, number) + _PADDING[(MAX_DATA_SIZE - len(data)) & 7] + data
        if self._forks != FORKS.count:
            return b"\x1b" + nonce[-2:] + bytes(len(plain) + MAC_SIZE)
        return b"\x1b" + nonce[-2:] + self._encrypt(self._send_key, nonce, plain)


class Datapath:
    """Datagrams in and out of one non-blocking socket. Errors are counted in `errors`, never raised."""

    __slots__ = (
        "_errors",
        "_held",
        "_ipv6",
        "_members",
        "_names",
        "_peers",
        "_profile",
        "_queue",
        "_routes",
        "_scopes",
        "_socket",
        "oversized",
    )

    def __init__(
        self,
        sock: _socket.socket,
        ipv6: bool,
        traffic: Traffic,
        errors: dict[int, int],
        scopes: dict[bytes, int],
    ) -> None:
        """`scopes` tells the interface behind which a link-local IP was last heard."""
        self._socket: _socket.socket | None = sock
        self._ipv6 = ipv6
        self._profile = traffic
        self._errors = errors
        self._scopes = scopes
        #: Datagrams over MAX_DATAGRAM_SIZE.
        self.oversized = 0
        self._routes: dict[Address, tuple[Session, Receiver]] = {}
        self._members: dict[bytes, tuple[bytes, Receiver]] = {}
        self._names: dict[Address, tuple[str, int] | tuple[str, int, int, int]] = {}
        self._peers: dict[object, Address] = {}
        self._held = 0
        self._queue: list[tuple[bytes, tuple[str, int] | tuple[str, int, int, int]]] = []

    def route(self, address: Address, session: Session | None, receiver: Receiver | None) -> None:
        """Data packets from there belong to that session and are for that receiver; None ends it."""
        if session is None or receiver is None:
            self._routes.pop(address, None)
        else:
            self._routes[address] = (session, receiver)

    def member(self, peer_pk: bytes, key: bytes | None, receiver: Receiver | None) -> None:
        """Packets of that member of a group open with that key and are for that receiver; None ends it."""
        if len(peer_pk) != KEY_SIZE or (key is not None and len(key) != KEY_SIZE):
            raise ValueError("a key has 32 bytes")
        if key is None or receiver is None:
            self._members.pop(peer_pk, None)
        else:
            self._members[peer_pk] = (key, receiver)

    # receiving

    def receive(self, limit: int) -> tuple[list[Run], list[Raw], bool]:
        """What has arrived, at most `limit` datagrams, and whether there may be more.

        The compiled twin counts a row that the kernel joined as one.
        """
        runs: list[Run] = []
        raw: list[Raw] = []
        sock, traffic, failures, left = self._socket, self._profile, 0, limit
        packets, sizes = traffic.packets_received, traffic.bytes_received
        while left > 0 and sock is not None:
            try:
                data, name = sock.recvfrom(MAX_DATAGRAM_SIZE + 1)
            except OSError as error:
                if error.errno in _AGAIN:
                    return runs, raw, False
                # an answer from the network to something we sent; there may be more behind it
                self._count(error)
                failures += 1
                if failures >= MAX_FAILURES:
                    return runs, raw, False
                continue
            left -= 1
            address = self._peers.get(name) or self._peer(name)
            if address is None:
                # the descriptor is not our socket any more, and this was for somebody else
                self._count(OSError(errno.EAFNOSUPPORT, "from no address"))
                continue
            if len(data) > MAX_DATAGRAM_SIZE:
                self.oversized += 1
                continue
            if data:
                packets[data[0]] += 1
                sizes[data[0]] += len(data)
            if not (data and self._open(runs, address, data)):
                raw.append((data, address))
        return runs, raw, left <= 0 < limit

    def _open(self, runs: list[Run], address: Address, data: bytes) -> bool:
        """Add a data packet of a routed address, or a member's packet, to the runs, if it opens."""
        record, receiver = None, None
        if data[0] == KIND_DATA:
            session, receiver = self._routes.get(address, (None, None))
            record = session.open(data) if session is not None else None
        elif data[0] in (GROUP_LOSSLESS.kind, GROUP_LOSSY.kind):
            key, receiver = self._members.get(data[1:NONCE_AT], (None, None))
            record = _open_group(key, data) if key is not None else None
        if receiver is None or record is None:
            return False
        if runs and runs[-1][0] is receiver and runs[-1][1] == address:
            runs[-1][2].append(record)
        else:
            runs.append((receiver, address, [record]))
        return True

    def _peer(self, name: tuple[str, int] | tuple[str, int, int, int] | None) -> Address | None:
        """The address of what recvfrom calls its source, remembered; None for that of another family."""
        if not isinstance(name, tuple) or len(name) != (4 if self._ipv6 else 2):
            return None
        host, port = name[0], name[1]
        family = _socket.AF_INET6 if self._ipv6 else _socket.AF_INET
        # a link-local source comes as fe80::1%eth0
        ip = _socket.inet_pton(family, host.partition("%")[0])
        if len(name) == 4 and name[3]:
            # not remembered in `_peers`: the same one may be heard behind another interface next
            self._note_scope(ip, name[3])
            return ip, port
        if len(self._peers) >= MAX_CACHED_ADDRESSES:
            self._peers.clear()
        address = self._peers[name] = (normalise_ip(ip), port)
        return address

    def _note_scope(self, ip: bytes, scope: int) -> None:
        """Answers to a link-local address must go out where it was heard."""
        if self._scopes.get(ip) == scope:
            return
        if len(self._scopes) >= MAX_CACHED_ADDRESSES:
            self._scopes.clear()
        self._scopes[ip] = scope
        # some of the remembered forms are without that scope
        self._names.clear()

    # sending

    def send(self, address: Address, data: bytes) -> None:
        """Send or queue one datagram, or count why not."""
        if self._socket is None:
            return
        name = self._names.get(address) or self._name(address)
        if name is None:
            return
        if not self._held:
            self._send(data, name)
            return
        if len(self._queue) >= MAX_QUEUED:
            self.flush()
        self._queue.append((data, name))

    def send_data(self, address: Address, session: Session, start: int, number: int, data: bytes) -> None:
        """Send or queue a data packet."""
        self.send(address, session.seal(start, number, data))

    def send_group(
        self,
        address: Address,
        head: bytes,
        nonce: bytes,
        key: bytes,
        message_id: int,
        kind: int,
        data: bytes,
    ) -> None:
        """Send or queue a packet of a session in a group; `head` is its kind and our key."""
        if len(head) != NONCE_AT or len(nonce) != NONCE_SIZE or len(key) != KEY_SIZE:
            raise ValueError("a head has 33 bytes, a nonce 24, a key 32")
        if len(data) > MAX_GROUP_DATA_SIZE or not 0 < kind < 256:
            raise ValueError("data has up to 1377 bytes, and a kind")
        self.send(address, head + nonce + encrypt(key, nonce, pad(message_id, kind, data)))

    def _send(self, data: bytes, name: tuple[str, int] | tuple[str, int, int, int]) -> None:
        assert self._socket is not None
        try:
            self._socket.sendto(data, name)
        except OSError as error:
            self._count(error)
            return
        if data:
            traffic, kind = self._profile, data[0]
            traffic.packets_sent[kind] += 1
            traffic.bytes_sent[kind] += len(data)

    def hold(self) -> None:
        """Queue from now on, until as many calls of `release`. For moments only: nobody waits for a flush."""
        self._held += 1

    def release(self) -> None:
        """Undo one `hold`, and send what is queued."""
        self._held = max(self._held - 1, 0)
        self.flush()

    def flush(self) -> None:
        """Send what is queued."""
        queue = self._queue[:]
        self._queue.clear()
        for data, name in queue:
            self._send(data, name)

    def close(self) -> None:
        """Send what is queued, and nothing after it. The socket is its owner's to close."""
        self.flush()
        self._socket = None
        self._routes.clear()
        self._members.clear()

    def _name(self, address: Address) -> tuple[str, int] | tuple[str, int, int, int] | None:
        """The text form for the kernel, remembered; None for a family this socket cannot reach."""
        ip, port = address
        if len(ip) not in (4, 16) or not 0 <= port <= 65535:
            raise ValueError("an IP has 4 or 16 bytes, a port is 0 to 65535")
        if len(ip) == 4:
            host = _socket.inet_ntop(_socket.AF_INET, ip)
            if self._ipv6:
                host = "::ffff:" + host
        elif self._ipv6:
            host = _socket.inet_ntop(_socket.AF_INET6, ip)
        else:
            self._count(OSError(errno.EAFNOSUPPORT, "IPv6 address on an IPv4 socket"))
            return None
        if len(self._names) >= MAX_CACHED_ADDRESSES:
            self._names.clear()
        scope = self._scopes.get(ip)
        name: tuple[str, int] | tuple[str, int, int, int]
        name = self._names[address] = (host, port, 0, scope) if scope else (host, port)
        return name

    def _count(self, error: OSError) -> None:
        number = error.errno or 0
        self._errors[number] = self._errors.get(number, 0) + 1


def _open_group(key: bytes, packet: bytes) -> Record | None:
    """(message id or LOSSY_ID, kind, data), None for what does not open, or is cut short."""
    layout = GROUP_LOSSLESS if packet[0] == GROUP_LOSSLESS.kind else GROUP_LOSSY
    plain = decrypt(key, packet[NONCE_AT:BOX_AT], packet[BOX_AT:]) if layout.fits(packet) else None
    if plain is None:
        return None
    try:
        return unpad(layout is GROUP_LOSSLESS, plain)
    except PacketError:
        return None
