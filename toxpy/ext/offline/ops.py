"""What a client and a mailbox say to each other, in lossless packets of an ordinary encrypted session.

    a8 | op | ...                                            a8 | op + 80 | ...
    1 HELLO  version 1 | token 32 or zeros                   version 1 | code | Unix seconds u64
                                                             | seconds kept u32 | messages per queue u16
                                                             | room in KiB u32
    2 PUT    access 32 | total u16 | offset u16 | part       code, once per message
    3 HAS    n (at most 160) | n x first 8 bytes of a queue  n | bitmap
    4 GET    access 32                                       number u32 | total u16 | offset u16 | part
                                                             ...  ffffffff | 0 u16 | 0 u16 at the end
    5 ACK    access 32 | n | n x number u32                  code
    6 OPEN   epoch u32 | n (at most 41) | n x queue 32       code

Integers are big-endian. A message has 256, 1024 or 4096 bytes and comes in parts of at most 1320, in order.
The bit of the first prefix in a bitmap is the lowest of the first byte. Answers come in the order of the
requests. GET gives each message of a queue a number of its own, and ACK deletes by these numbers. OPEN is for
members: these queues count on their quota and are evicted last; it always has 41, of which some are random.

`Requests` reads what a mailbox gets, `Answers` what a client gets. Whatever does not fit raises PacketError,
and then the session is to end. Both keep at most one message that is not complete.
"""

from __future__ import annotations

from struct import Struct

from toxpy.errors import PacketError
from toxpy.ext.offline.keys import ACCESS_SIZE, QUEUE_SIZE
from toxpy.ext.offline.records import TOKEN_SIZE
from toxpy.ext.offline.seal import SIZES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# protocol
#: The kind of packet, only on sessions with a mailbox.
PACKET_MAILBOX = 168
VERSION = 1
HELLO, PUT, HAS, GET, ACK, OPEN = range(1, 7)
ANSWER = 0x80
#: Codes of answers.
OK, FULL, QUEUE_FULL, BAD_SIZE, REFUSED, TOO_FAST, BAD_VERSION = range(7)
#: Bytes of a message in one packet.
MAX_PART_SIZE = 1320
#: First bytes of a queue's name that HAS shows.
PREFIX_SIZE = 8
MAX_PREFIXES = 160
MAX_NUMBERS = 255
#: Queues in OPEN: always so many.
OPEN_QUEUES = 41
#: The number that ends the answer to GET.
END_NUMBER = 0xFFFFFFFF
#: Messages in the answer to a GET that a client takes.
MAX_PER_QUEUE = 100
_SIZE_BAD = "mailbox: size"
_HEAD_SIZE = 2
_HELLO = Struct(">B32s")
_HELLO_ANSWER = Struct(">BBQIHI")
_PUT = Struct(">32sHH")
_PART = Struct(">IHH")
_OPEN = Struct(">IB")
_NUMBER = Struct(">I")


def _packet(op: int, *rest: bytes) -> bytes:
    return b"".join((bytes((PACKET_MAILBOX, op)), *rest))


def _parts(blob: bytes) -> list[tuple[int, bytes]]:
    """Offset and bytes of each part."""
    return [(at, blob[at : at + MAX_PART_SIZE]) for at in range(0, len(blob), MAX_PART_SIZE)]


# what a client says


def hello(token: bytes) -> bytes:
    """The first request of a session; the token is zeros for none."""
    return _packet(HELLO, _HELLO.pack(VERSION, token))


def put(access: bytes, blob: bytes) -> list[bytes]:
    """The packets that bring one message."""
    size = len(blob)
    return [_packet(PUT, _PUT.pack(access, size, at), part) for at, part in _parts(blob)]


def has(prefixes: Sequence[bytes]) -> bytes:
    """Which of these queues have messages? At most 160."""
    return _packet(HAS, bytes((len(prefixes),)), *prefixes)


def get(access: bytes) -> bytes:
    """All messages of a queue."""
    return _packet(GET, access)


def ack(access: bytes, numbers: Sequence[int]) -> bytes:
    """Delete these, 1 to 255."""
    return _packet(ACK, access, bytes((len(numbers),)), *(number.to_bytes(4, "big") for number in numbers))


def open_queues(epoch: int, queues: Sequence[bytes]) -> bytes:
    """Count these 41 queues on our quota."""
    return _packet(OPEN, _OPEN.pack(epoch, len(queues)), *queues)


# what a mailbox answers


def hello_answer(code: int, unix_s: int, ttl_s: int, per_queue: int, room_kib: int) -> bytes:
    """Who we are; numbers that are too large are the largest."""
    room_kib = min(room_kib, 0xFFFFFFFF)
    return _packet(ANSWER | HELLO, _HELLO_ANSWER.pack(VERSION, code, unix_s, ttl_s, per_queue, room_kib))


def code_answer(op: int, code: int) -> bytes:
    """The answer to PUT, ACK and OPEN."""
    return _packet(ANSWER | op, bytes((code,)))


def has_answer(found: Sequence[bool]) -> bytes:
    """Which of the queues that HAS named have messages."""
    bits = sum(1 << index for index, there in enumerate(found) if there)
    bitmap = bits.to_bytes((len(found) + 7) // 8, "little")
    return _packet(ANSWER | HAS, bytes((len(found),)), bitmap)


def blob_answer(number: int, blob: bytes) -> list[bytes]:
    """The packets of one message in the answer to GET."""
    size = len(blob)
    return [_packet(ANSWER | GET, _PART.pack(number, size, at), part) for at, part in _parts(blob)]


def end_answer() -> bytes:
    """There are no more messages."""
    return _packet(ANSWER | GET, _PART.pack(END_NUMBER, 0, 0))


class _Assembly:
    """A message that comes in parts."""

    __slots__ = ("_data", "_of", "_total")

    def __init__(self) -> None:
        self._data = bytearray()
        #: the queue or the number, and the size, that all of its parts have
        self._of: object = None
        self._total = 0

    @property
    def is_begun(self) -> bool:
        """True while parts are missing."""
        return bool(self._data)

    def add(self, of: object, total: int, offset: int, part: bytes) -> bytes | None:
        """The whole message if this was its last part; PacketError for a part that is not the next one."""
        data = self._data
        if offset == 0 and not data:
            self._of, self._total = of, total
        if total not in SIZES or (of, total) != (self._of, self._total) or offset != len(data):
            raise PacketError("mailbox: not the next part of a message")
        if not 0 < len(part) <= min(MAX_PART_SIZE, total - offset):
            raise PacketError("mailbox: size of a part")
        data += part
        if len(data) < total:
            return None
        whole = bytes(data)
        data.clear()
        return whole


# what a mailbox gets


class Hello:
    """The client's first request."""

    __slots__ = ("token", "version")

    def __init__(self, version: int, token: bytes) -> None:
        #: another one than ours is answered with BAD_VERSION
        self.version = version
        self.token = token


class Put:
    """A whole message."""

    __slots__ = ("access", "blob")

    def __init__(self, access: bytes, blob: bytes) -> None:
        self.access = access
        self.blob = blob


class Has:
    """A question about queues."""

    __slots__ = ("prefixes",)

    def __init__(self, prefixes: list[bytes]) -> None:
        self.prefixes = prefixes


class Get:
    """A question for messages."""

    __slots__ = ("access",)

    def __init__(self, access: bytes) -> None:
        self.access = access


class Ack:
    """These may go."""

    __slots__ = ("access", "numbers")

    def __init__(self, access: bytes, numbers: list[int]) -> None:
        self.access = access
        self.numbers = numbers


class Open:
    """A member's queues."""

    __slots__ = ("epoch", "queues")

    def __init__(self, epoch: int, queues: list[bytes]) -> None:
        self.epoch = epoch
        self.queues = queues


class Requests:
    """Reads the packets of one client."""

    __slots__ = ("_incoming", "_readers")

    def __init__(self) -> None:
        self._incoming = _Assembly()
        self._readers = {
            HELLO: _read_hello,
            PUT: self._read_put,
            HAS: _read_has,
            GET: _read_get,
            ACK: _read_ack,
            OPEN: _read_open,
        }

    def read(self, packet: bytes) -> Hello | Put | Has | Get | Ack | Open | None:
        """The request; None for a part of a message of which more is to come. PacketError for anything else.

        `packet` begins with its kind, a8.
        """
        op = _op_of(packet)
        reader = self._readers.get(op)
        if reader is None:
            raise PacketError("mailbox: unknown op")
        if op != PUT and self._incoming.is_begun:
            raise PacketError("mailbox: another request in the middle of a message")
        request: Hello | Put | Has | Get | Ack | Open | None = reader(packet[_HEAD_SIZE:])
        return request

    def _read_put(self, data: bytes) -> Put | None:
        if len(data) <= _PUT.size:
            raise PacketError(_SIZE_BAD)
        access, total, offset = _PUT.unpack_from(data)
        blob = self._incoming.add(access, total, offset, data[_PUT.size :])
        return None if blob is None else Put(access, blob)


def _op_of(packet: bytes) -> int:
    if len(packet) < _HEAD_SIZE or packet[0] != PACKET_MAILBOX:
        raise PacketError("mailbox: no request or answer")
    return packet[1]


def _read_hello(data: bytes) -> Hello:
    if not data:
        raise PacketError(_SIZE_BAD)
    if data[0] != VERSION:
        # its other fields may be different ones
        return Hello(data[0], bytes(TOKEN_SIZE))
    if len(data) != _HELLO.size:
        raise PacketError(_SIZE_BAD)
    return Hello(*_HELLO.unpack(data))


def _read_has(data: bytes) -> Has:
    if not data or not 0 < data[0] <= MAX_PREFIXES or len(data) != 1 + data[0] * PREFIX_SIZE:
        raise PacketError(_SIZE_BAD)
    return Has([data[at : at + PREFIX_SIZE] for at in range(1, len(data), PREFIX_SIZE)])


def _read_get(data: bytes) -> Get:
    if len(data) != ACCESS_SIZE:
        raise PacketError(_SIZE_BAD)
    return Get(data)


def _read_ack(data: bytes) -> Ack:
    begin = ACCESS_SIZE + 1
    if len(data) < begin or not data[ACCESS_SIZE] or len(data) != begin + data[ACCESS_SIZE] * _NUMBER.size:
        raise PacketError(_SIZE_BAD)
    return Ack(data[:ACCESS_SIZE], [number for (number,) in _NUMBER.iter_unpack(data[begin:])])


def _read_open(data: bytes) -> Open:
    if len(data) < _OPEN.size:
        raise PacketError(_SIZE_BAD)
    epoch, count = _OPEN.unpack_from(data)
    if not 0 < count <= OPEN_QUEUES or len(data) != _OPEN.size + count * QUEUE_SIZE:
        raise PacketError(_SIZE_BAD)
    return Open(epoch, [data[at : at + QUEUE_SIZE] for at in range(_OPEN.size, len(data), QUEUE_SIZE)])


# what a client gets


class HelloAnswer:
    """What a mailbox says of itself."""

    __slots__ = ("code", "per_queue", "room_kib", "ttl_s", "unix_s", "version")

    def __init__(
        self, version: int, code: int, unix_s: int, ttl_s: int, per_queue: int, room_kib: int
    ) -> None:
        self.version = version
        self.code = code
        self.unix_s = unix_s
        #: how long it keeps a message, s
        self.ttl_s = ttl_s
        self.per_queue = per_queue
        self.room_kib = room_kib


class Code:
    """How PUT, ACK or OPEN ended."""

    __slots__ = ("code", "op")

    def __init__(self, op: int, code: int) -> None:
        self.op = op
        self.code = code


class Found:
    """Which queues have messages, in the order of the question."""

    __slots__ = ("found",)

    def __init__(self, found: list[bool]) -> None:
        self.found = found


class Blob:
    """A message of the queue that was asked for."""

    __slots__ = ("data", "number")

    def __init__(self, number: int, data: bytes) -> None:
        self.number = number
        self.data = data


class End:
    """The queue has no more messages."""

    __slots__ = ()


class Answers:
    """Reads the packets of one mailbox, which has to answer what was asked and nothing else."""

    __slots__ = ("_expected", "_incoming", "_numbers")

    def __init__(self) -> None:
        #: ops of the requests without an answer, oldest first, with the number of prefixes of HAS
        self._expected: list[tuple[int, int]] = []
        self._incoming = _Assembly()
        #: of the messages so far in the answer to the oldest GET
        self._numbers: set[int] = set()

    def expect(self, op: int, prefixes: int = 0) -> None:
        """A request was sent; `prefixes` is how many HAS had."""
        self._expected.append((op, prefixes))

    def read(self, packet: bytes) -> HelloAnswer | Code | Found | Blob | End | None:
        """The answer; None for a part of a message of which more is to come. PacketError for anything else.

        `packet` begins with its kind, a8. GET ends with `End`, after at most 100 messages.
        """
        expected, prefixes = self._expected[0] if self._expected else (0, 0)
        op = _op_of(packet)
        if op != expected | ANSWER or not expected:
            raise PacketError("mailbox: an answer to another question")
        data = packet[_HEAD_SIZE:]
        if op == ANSWER | GET:
            return self._read_part(data)
        del self._expected[0]
        if op == ANSWER | HELLO:
            return _read_hello_answer(data)
        if op == ANSWER | HAS:
            return _read_found(data, prefixes)
        if len(data) != 1:
            raise PacketError(_SIZE_BAD)
        return Code(expected, _checked_code(data[0]))

    def _read_part(self, data: bytes) -> Blob | End | None:
        if len(data) < _PART.size:
            raise PacketError(_SIZE_BAD)
        number, total, offset = _PART.unpack_from(data)
        if number == END_NUMBER:
            if total or offset or len(data) != _PART.size or self._incoming.is_begun:
                raise PacketError("mailbox: a wrong end")
            del self._expected[0]
            self._numbers.clear()
            return End()
        if len(self._numbers) >= MAX_PER_QUEUE or number in self._numbers:
            raise PacketError("mailbox: too many messages, or one comes again")
        blob = self._incoming.add(number, total, offset, data[_PART.size :])
        if blob is None:
            return None
        self._numbers.add(number)
        return Blob(number, blob)


def _read_hello_answer(data: bytes) -> HelloAnswer:
    if len(data) > 1 and data[0] != VERSION:
        # its other fields may be different ones
        return HelloAnswer(data[0], BAD_VERSION, 0, 0, 0, 0)
    if len(data) != _HELLO_ANSWER.size:
        raise PacketError(_SIZE_BAD)
    version, code, *rest = _HELLO_ANSWER.unpack(data)
    return HelloAnswer(version, _checked_code(code), *rest)


def _read_found(data: bytes, prefixes: int) -> Found:
    size = (prefixes + 7) // 8
    if len(data) != 1 + size or data[0] != prefixes:
        raise PacketError(_SIZE_BAD)
    bits = int.from_bytes(data[1:], "little")
    if bits >> prefixes:
        raise PacketError("mailbox: bits without a queue")
    return Found([bool(bits >> index & 1) for index in range(prefixes)])


def _checked_code(code: int) -> int:
    if code > BAD_VERSION:
        raise PacketError("mailbox: unknown code")
    return code
