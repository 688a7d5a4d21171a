"""The envelope of extensions: friends find out what both have, and send it to each other. ToxExt's format.

    lossless packet 172   ac 03 df fe | segments               at most 1373 bytes
    segment               id 13 bits | size 11 bits | data     at most 1366 bytes of data
    id 0  negotiate       protocol 0 u32 | UUID 16 | my id 13 bits | 3 bits 0
    id 1  answer          your id 13 bits | my id 13 bits | 1 if I have it too | 5 bits 0
    id 2  revoke          id 13 bits | 3 bits 0
    id 3 and up           for the extension to which the sender gave that id

All numbers are big-endian. An extension has a UUID that is the same everywhere, and a short id that each side
chooses. When a friend comes online, one packet asks for all extensions of ours. A friend who does not answer
has none of them, and is not asked again before it comes online the next time. An extension is on from the
friend's own question or its answer, whichever comes first, until the friend goes offline or revokes it.

What a packet of the friend says is answered in one packet, and only then the extensions hear of it: what they
send finds the friend prepared. Source: toxext's DESIGN.md, and its library where that differs. It sends in
a revocation the id of the other side instead of its own, and loses the upper 3 bits of an id in an answer.
"""

from __future__ import annotations

import struct

from toxpy.friend.capability import Capability
from toxpy.friend.packets import MAX_PACKET_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from toxpy.friend.friend import FriendState
    from toxpy.runtime import Dispatch, Runtime

# protocol
PACKET_EXTENSIONS = 172
MAGIC = bytes((PACKET_EXTENSIONS, 0x03, 0xDF, 0xFE))
NEGOTIATE, ANSWER, REVOKE, FIRST_ID = 0, 1, 2, 3
UUID_SIZE = 16
PROTOCOL_VERSION = 0
_HEADER_SIZE = 3
#: Bytes of data in a segment at most: one fills a packet.
MAX_SEGMENT_SIZE = MAX_PACKET_SIZE - len(MAGIC) - _HEADER_SIZE
_SIZE_BITS = 11
_SIZE_MASK = (1 << _SIZE_BITS) - 1
_ID_MASK = (1 << 13) - 1
#: protocol, UUID, id << 3
_NEGOTIATION = struct.Struct(">I16sH")
_ANSWER_SIZE, _REVOCATION_SIZE = 4, 2

# ours
#: Highest id of ours: toxext's library reads only 10 bits of it in an answer.
MAX_OWN_ID = 1023
#: Packets that wait for room in the send window at most, per friend: they answer what the friend asks.
MAX_UNSENT = 16


class Extension:
    """What two friends do if both have it. What is not overridden does nothing.

    The friend is online in all of this but `on_gone`.
    """

    __slots__ = ()

    def offers(self, friend: FriendState) -> bool:
        """False if this friend shall not learn that we have it. Asked for at each question and answer."""
        return True

    def on_ready(self, friend: FriendState) -> None:
        """The friend has it too, from now on."""

    def on_segment(self, friend: FriendState, data: bytes) -> None:
        """The friend sent 1 to 1366 bytes; segments come once and in their order."""

    def on_gone(self, friend: FriendState) -> None:
        """The friend, for whom it was on, went offline, was deleted, or has it no longer."""


class _Own:
    """An extension that we have."""

    __slots__ = ("extension", "id", "uuid")

    def __init__(self, extension: Extension, uuid: bytes, own_id: int) -> None:
        self.extension = extension
        self.uuid = uuid
        self.id = own_id


class _Peer:
    """What we know of one friend who is online."""

    __slots__ = ("answers", "friend", "news", "on", "theirs", "unsent")

    def __init__(self, friend: FriendState) -> None:
        self.friend = friend
        #: what both have, with the friend's id for it; and the other way round
        self.on: dict[_Own, int] = {}
        self.theirs: dict[int, _Own] = {}
        #: packets for which the send window had no room yet
        self.unsent: list[bytes] = []
        #: while a packet is read: segments that answer it, and what extensions are told afterwards
        self.answers: list[bytes] = []
        self.news: list[tuple[Callable[..., None], tuple[object, ...]]] = []

    def turn_on(self, own: _Own, their_id: int) -> None:
        """The friend has it, and calls it `their_id`."""
        before = self.theirs.get(their_id)
        if before is own:
            return
        if before is not None:
            self.turn_off(before)
        old_id = self.on.get(own)
        if old_id is None:
            self.news.append((own.extension.on_ready, (self.friend,)))
        else:
            del self.theirs[old_id]
        self.on[own], self.theirs[their_id] = their_id, own

    def turn_off(self, own: _Own) -> None:
        """The friend does not have it, or no longer."""
        their_id = self.on.pop(own, None)
        if their_id is not None:
            del self.theirs[their_id]
            self.news.append((own.extension.on_gone, (self.friend,)))

    def tell_news(self) -> None:
        """Call the extensions."""
        news, self.news = self.news, []
        for tell, about in news:
            tell(*about)

    def send_unsent(self) -> bool:
        """Send what waits; False if some of it still does."""
        write, unsent = self.friend.connection.write, self.unsent
        while unsent and write(unsent[0]) >= 0:
            del unsent[0]
        return not unsent


def pack_segment(segment_id: int, data: bytes) -> bytes:
    """A segment; ValueError for one that no packet has room for."""
    if len(data) > MAX_SEGMENT_SIZE:
        raise ValueError(f"{len(data)} bytes in a segment: at most {MAX_SEGMENT_SIZE}")
    return (segment_id << _SIZE_BITS | len(data)).to_bytes(_HEADER_SIZE, "big") + data


def pack_packets(segments: Iterable[bytes]) -> list[bytes]:
    """As few packets as hold these segments in their order."""
    packets, packet = [], MAGIC
    for segment in segments:
        if len(packet) + len(segment) > MAX_PACKET_SIZE:
            packets.append(packet)
            packet = MAGIC
        packet += segment
    if packet != MAGIC:
        packets.append(packet)
    return packets


def unpack_packet(packet: bytes) -> tuple[list[tuple[int, bytes]], bool]:
    """Id and data of each segment; and True if the packet ended with the last, not in the middle of one."""
    segments, at, end = [], len(MAGIC), len(packet)
    while at + _HEADER_SIZE <= end:
        head = int.from_bytes(packet[at : at + _HEADER_SIZE], "big")
        begin = at + _HEADER_SIZE
        at = begin + (head & _SIZE_MASK)
        if at > end:
            break
        segments.append((head >> _SIZE_BITS, packet[begin:at]))
    return segments, at == end


class Envelope(Capability):
    """All extensions of an instance. `Messenger.envelope` makes it for the first one.

    Packets 172 that do not begin as ToxExt's are for the program, as all of them are without extensions.
    """

    __slots__ = ("_by_id", "_by_uuid", "_for_program", "_peers", "_rt", "_waiting")

    def __init__(self, packets: Dispatch, *, rt: Runtime) -> None:
        self._rt = rt
        self._for_program = packets.handlers[PACKET_EXTENSIONS]
        packets.handlers[PACKET_EXTENSIONS] = None
        packets.claim(PACKET_EXTENSIONS, self._on_packet)
        self._by_uuid: dict[bytes, _Own] = {}
        self._by_id: dict[int, _Own] = {}
        #: friends who are online, and those of them for whom something waits
        self._peers: dict[FriendState, _Peer] = {}
        self._waiting: dict[FriendState, _Peer] = {}

    # for extensions

    def add(self, uuid: bytes, extension: Extension) -> None:
        """Have an extension. Friends who are online already learn of it when they ask for it themselves."""
        own_id = FIRST_ID + len(self._by_id)
        if len(uuid) != UUID_SIZE or uuid in self._by_uuid or own_id > MAX_OWN_ID:
            raise ValueError(f"the extension {uuid.hex()} cannot be added")
        self._by_uuid[uuid] = self._by_id[own_id] = _Own(extension, uuid, own_id)

    def is_on(self, friend: FriendState, uuid: bytes) -> bool:
        """True if the friend is online and has the extension."""
        peer = self._peers.get(friend)
        return peer is not None and self._by_uuid[uuid] in peer.on

    def send(self, friend: FriendState, uuid: bytes, data: bytes) -> int:
        """Send 1 to 1366 bytes of an extension, whatever waits before them.

        The number of the packet for `CryptoConnection.acknowledged`; -1 if the extension is not on or the
        send window is full.
        """
        packets = self._packets(friend, uuid, (data,))
        return friend.connection.write(packets[0]) if packets else -1

    def send_soon(self, friend: FriendState, uuid: bytes, data: bytes) -> None:
        """Send 1 to 1366 bytes of an extension, or have them wait a little; they are lost if much waits."""
        peer, own = self._peers.get(friend), self._by_uuid[uuid]
        if peer is not None and own in peer.on:
            self._write(peer, [pack_segment(own.id, data)])

    def send_many(self, friend: FriendState, uuid: bytes, segments: Iterable[bytes]) -> int:
        """Send pieces of what somebody wrote, in as few packets as possible.

        The number of the last packet; -1 if nothing was sent, because the extension is not on, the window has
        no room for all of it, or much waits already.
        """
        packets, crypto = self._packets(friend, uuid, segments), friend.connection.crypto
        if not packets or crypto is None or not crypto.sender.takes_pieces(len(packets)):
            return -1
        for packet in packets:
            number = friend.connection.write(packet)
        return number

    def _packets(self, friend: FriendState, uuid: bytes, segments: Iterable[bytes]) -> list[bytes]:
        """The packets of some segments; none if they cannot be sent now."""
        peer, own = self._peers.get(friend), self._by_uuid[uuid]
        if peer is None or own not in peer.on or not peer.send_unsent():
            return []
        packed = []
        for data in segments:
            if not data:
                raise ValueError("a segment without data")
            packed.append(pack_segment(own.id, data))
        return pack_packets(packed)

    # friends come and go

    def on_friend_online(self, friend: FriendState) -> None:
        """Ask for all extensions that we have."""
        peer = self._peers[friend] = _Peer(friend)
        questions = [
            pack_segment(NEGOTIATE, _NEGOTIATION.pack(PROTOCOL_VERSION, own.uuid, own.id << 3))
            for own in self._by_id.values()
            if own.extension.offers(friend)
        ]
        self._write(peer, questions)

    def on_friend_gone(self, friend: FriendState) -> None:
        """Nothing is on any more."""
        self._waiting.pop(friend, None)
        peer = self._peers.pop(friend, None)
        if peer is not None:
            for own in list(peer.on):
                peer.turn_off(own)
            peer.tell_news()

    def begin_pass(self) -> None:
        """Send what waits: only a packet of the friend makes room for it, and that began this pass."""
        if self._waiting:
            for friend, peer in list(self._waiting.items()):
                if peer.send_unsent():
                    del self._waiting[friend]

    def _write(self, peer: _Peer, segments: list[bytes]) -> None:
        """Send these soon."""
        peer.unsent += pack_packets(segments)
        if not peer.send_unsent():
            self._waiting[peer.friend] = peer
            for _ in peer.unsent[MAX_UNSENT:]:
                self._rt.counters.drop("extension_answers")
            del peer.unsent[MAX_UNSENT:]

    # what friends send

    def _on_packet(self, friend: FriendState, data: bytes) -> None:
        if not data.startswith(MAGIC):
            if self._for_program is not None:
                self._for_program(friend, data)
            return
        peer = self._peers.get(friend)
        if peer is None:
            # it was online before we had any extension
            peer = self._peers[friend] = _Peer(friend)
        segments, whole = unpack_packet(data)
        for segment_id, content in segments:
            if segment_id == NEGOTIATE:
                self._on_negotiate(peer, content)
            elif segment_id == ANSWER:
                self._on_answer(peer, content)
            elif segment_id == REVOKE:
                self._on_revoke(peer, content)
            else:
                self._on_data(peer, segment_id, content)
        if not whole:
            self._drop("cut")
        if peer.answers:
            answers, peer.answers = peer.answers, []
            self._write(peer, answers)
        peer.tell_news()

    def _drop(self, what: str) -> None:
        self._rt.counters.drop("extension_" + what)

    def _on_data(self, peer: _Peer, their_id: int, data: bytes) -> None:
        own = peer.theirs.get(their_id)
        if own is None:
            self._drop("unknown_id")
        elif not data:
            self._drop("empty")
        else:
            peer.news.append((own.extension.on_segment, (peer.friend, data)))

    def _on_negotiate(self, peer: _Peer, data: bytes) -> None:
        """The friend has an extension: say whether we have it as well."""
        if len(data) != _NEGOTIATION.size:
            self._drop("negotiation")
            return
        version, uuid, id_bits = _NEGOTIATION.unpack(data)
        their_id = id_bits >> 3
        if version != PROTOCOL_VERSION or their_id < FIRST_ID:
            self._drop("negotiation")
            return
        own = self._by_uuid.get(uuid)
        bits = their_id << 19
        if own is not None and own.extension.offers(peer.friend):
            bits |= own.id << 6 | 1 << 5
            peer.turn_on(own, their_id)
        peer.answers.append(pack_segment(ANSWER, bits.to_bytes(_ANSWER_SIZE, "big")))

    def _on_answer(self, peer: _Peer, data: bytes) -> None:
        """The friend says whether it has one of ours."""
        bits = int.from_bytes(data, "big")
        own, their_id = self._by_id.get(bits >> 19), bits >> 6 & _ID_MASK
        if len(data) != _ANSWER_SIZE or own is None:
            self._drop("answer")
        elif not bits >> 5 & 1:
            peer.turn_off(own)
        elif their_id < FIRST_ID or not own.extension.offers(peer.friend):
            self._drop("answer")
        else:
            peer.turn_on(own, their_id)

    def _on_revoke(self, peer: _Peer, data: bytes) -> None:
        """The friend gives one up; toxext's library says which by our id, others by their own."""
        revoked = int.from_bytes(data, "big") >> 3
        by_theirs, by_ours = peer.theirs.get(revoked), self._by_id.get(revoked)
        if by_ours not in peer.on:
            by_ours = None
        own = by_theirs or by_ours
        if len(data) != _REVOCATION_SIZE or own is None or by_ours not in (own, None):
            self._drop("revocation")
        else:
            peer.turn_off(own)
