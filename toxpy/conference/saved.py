"""The conferences' section of a save.

    conference: type 1 | id 32 | message number u32 | lossy number u16 | our peer number u16
                | peers u32 | title length 1 | title | peer ...
    peer:       real_pk 32 | dht_pk 32 | peer number u16 | last active u64 | name length 1 | name

Our numbers are saved as what they may be before the next save; last active is in unix seconds. Peers are
those who are there and those who are frozen, without ourselves; all are frozen when the save is loaded.

c-toxcore: group.c save_conf, save_peer. The numbers are in the byte order of the machine that wrote them.
"""

from __future__ import annotations

import struct

from toxpy.conference.peer import ACTIVE, ConferencePeer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from toxpy.conference.conference import Conference
    from toxpy.runtime import Counters

_CONFERENCE = "33sIHHIB"
_PEER = "64sHQB"
_SAVED_CONFERENCE = struct.Struct("<B32sIHHIB")
_SAVED_PEER = struct.Struct("<32s32sHQB")
MAX_TEXT = 128
#: What is added to our numbers in a save: so many more may be sent before the next one.
MESSAGE_NUMBER_LEAD, LOSSY_NUMBER_LEAD = 1 << 16, 1 << 13


class SavedConference:
    """One conference as saved."""

    __slots__ = ("id", "lossy_number", "message_number", "number", "peers", "title", "type")

    def __init__(self, kind: int, conference_id: bytes, numbers: tuple[int, int, int], title: bytes) -> None:
        """`numbers`: of messages, of lossy packets, and our own."""
        self.type = kind
        self.id = conference_id
        self.message_number, self.lossy_number, self.number = numbers
        self.title = title
        #: number, real_pk, dht_pk, last active in unix seconds, name
        self.peers: list[tuple[int, bytes, bytes, int, bytes]] = []


class _Damage(Exception):
    """A text that is too long, or is cut."""


def _text(content: bytes, offset: int, size: int) -> bytes:
    text = content[offset : offset + size]
    if size > MAX_TEXT or len(text) < size:
        raise _Damage
    return text


def _read_one(content: bytes, offset: int) -> tuple[SavedConference, int]:
    """One conference, and where the next one begins."""
    kind, conference_id, message, lossy, own, count, size = _SAVED_CONFERENCE.unpack_from(content, offset)
    offset += _SAVED_CONFERENCE.size
    saved = SavedConference(kind, conference_id, (message, lossy, own), _text(content, offset, size))
    offset += size
    for _ in range(count):
        if offset + _SAVED_PEER.size > len(content):
            raise _Damage
        real_pk, dht_pk, number, seen, size = _SAVED_PEER.unpack_from(content, offset)
        offset += _SAVED_PEER.size
        saved.peers.append((number, real_pk, dht_pk, seen, _text(content, offset, size)))
        offset += size
    return saved, offset


def read_conferences(content: bytes, counters: Counters) -> Iterator[SavedConference]:
    """The conferences in a section, up to its end or the first damage."""
    offset = 0
    while offset + _SAVED_CONFERENCE.size <= len(content):
        try:
            saved, offset = _read_one(content, offset)
        except _Damage:
            counters.drop("saved_conference")
            return
        yield saved


def restore(conference: Conference, saved: SavedConference) -> None:
    """Put into a fresh conference what was saved of it."""
    conference.title = saved.title
    conference.message_number = saved.message_number
    conference.lossy_number = saved.lossy_number
    peers = conference.peers
    conference.enter(saved.number)
    own = conference.own
    for number, real_pk, dht_pk, seen, name in saved.peers:
        if number in peers.by_number or real_pk in peers.by_key or own is None:
            continue
        peer = ConferencePeer(number, real_pk, dht_pk, own.active_ms)
        peer.last_active_s = seen
        peer.name = name
        peers.keep_frozen(peer)
    peers.max_frozen = max(peers.max_frozen, len(peers.frozen))


def _write_one(conference: Conference) -> bytes:
    own, peers = conference.own, conference.peers
    assert own is not None
    others = [peer for peer in peers.by_number.values() if peer is not own]
    pieces = [
        _SAVED_CONFERENCE.pack(
            conference.type,
            conference.id,
            (conference.message_number + MESSAGE_NUMBER_LEAD) & 0xFFFFFFFF,
            (conference.lossy_number + LOSSY_NUMBER_LEAD) & 0xFFFF,
            own.number,
            len(others),
            len(conference.title),
        ),
        conference.title,
    ]
    for peer in others:
        seen = peers.last_active_s(peer) if peer.state == ACTIVE else peer.last_active_s
        pieces.append(
            _SAVED_PEER.pack(peer.real_pk, peer.dht_pk, peer.number, seen, len(peer.name)) + peer.name
        )
    return b"".join(pieces)


def write_conferences(conferences: Iterable[Conference]) -> bytes:
    """The section."""
    return b"".join(map(_write_one, conferences))


def other_byte_order(raw: bytes, byteorder: str) -> bytes:
    """The section with its numbers turned round, `byteorder` being what it has now ("little" or "big").

    What is behind damage stays as it is: nobody can read it in either order.
    """
    now, then = ("<", ">") if byteorder == "little" else (">", "<")
    conference, peer = struct.Struct(now + _CONFERENCE), struct.Struct(now + _PEER)
    pieces, offset, peers = [], 0, 0
    while True:
        layout = peer if peers else conference
        if offset + layout.size > len(raw):
            break
        fields = layout.unpack_from(raw, offset)
        text = offset + layout.size
        end = text + fields[-1]
        if end > len(raw):
            break
        pieces.append(struct.pack(then + (_PEER if peers else _CONFERENCE), *fields) + raw[text:end])
        peers = peers - 1 if peers else fields[4]
        offset = end
    return b"".join(pieces) + raw[offset:]
