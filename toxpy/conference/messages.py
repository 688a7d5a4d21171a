"""What comes to a conference over its links: messages, lossy packets, and what one peer tells us alone.

A message is taken once, whichever way it comes first. What is understood is passed on over all other links,
what is not is dropped and counted.
"""

from __future__ import annotations

from toxpy.conference.links import AGAIN_MS, INTRODUCING
from toxpy.conference.packets import (
    ACTION,
    AUDIO,
    FREEZE_PEER,
    INTRODUCED,
    KILL_PEER,
    LOSSY_HEADER,
    MAX_NAME_LENGTH,
    MESSAGE_HEADER,
    NAME,
    NEW_PEER,
    PEER_NUMBER,
    PEERS,
    PEERS_TITLE,
    PING,
    QUERY,
    TEXT,
    TITLE,
    TYPE_AV,
    unpack_new_peer,
    unpack_peers,
)
from toxpy.conference.peer import ACTIVE, FROZEN
from toxpy.errors import PacketError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.conference.conference import Conference
    from toxpy.conference.links import ConferenceLink
    from toxpy.conference.peer import ConferencePeer
    from toxpy.runtime import Runtime

    Handler = Callable[[Conference, ConferencePeer, ConferenceLink, bytes, Runtime], bool]

#: Header of a message, bytes.
_HEADER = MESSAGE_HEADER.size


def on_message(conference: Conference, link: ConferenceLink, packet: bytes, rt: Runtime) -> None:
    """A message packet, of at least the size of its header."""
    peers, links = conference.peers, conference.links
    _, _, author, message_number, kind = MESSAGE_HEADER.unpack_from(packet)
    peer = peers.by_number.get(author)
    if peer is None or (peer.state == FROZEN and kind == FREEZE_PEER):
        if kind == FREEZE_PEER:
            rt.counters.drop("conference_author")
        else:
            # whoever passed it on knows the author; c-toxcore asks as well, and forgets the message
            peers.note_strange(author)
            links.keep_unknown(link, packet)
        return
    if peer is conference.own:
        # our own comes back; nobody else speaks for us
        return
    if peers.hear(peer):
        # it may not know our name
        conference.tell_name()
    links.on_heard(peer.real_pk, link)
    if not peer.takes(message_number, kind):
        return
    handler = _HANDLERS.get(kind)
    if handler is None or not handler(conference, peer, link, packet[_HEADER:], rt):
        rt.counters.drop("conference_message")
        return
    # the author itself gets it back: in c-toxcore that is how it learns of its own message
    but = None if peer.real_pk == link.connection.real_pk else link
    links.send(packet[3:], but, waits=kind not in (TEXT, ACTION))


def _on_ping(
    _conference: Conference, _peer: ConferencePeer, _link: ConferenceLink, _data: bytes, _rt: Runtime
) -> bool:
    return True


def _on_new_peer(
    conference: Conference, _peer: ConferencePeer, link: ConferenceLink, data: bytes, _rt: Runtime
) -> bool:
    try:
        number, real_pk, dht_pk = unpack_new_peer(data)
    except PacketError:
        return False
    conference.meet(number, real_pk, dht_pk, link)
    return True


def _on_kill(
    conference: Conference, peer: ConferencePeer, _link: ConferenceLink, data: bytes, _rt: Runtime
) -> bool:
    if data != PEER_NUMBER.pack(peer.number):
        return False
    conference.on_goodbye(peer, for_good=True)
    return True


def _on_freeze(
    conference: Conference, peer: ConferencePeer, _link: ConferenceLink, data: bytes, _rt: Runtime
) -> bool:
    if data != PEER_NUMBER.pack(peer.number):
        return False
    conference.on_goodbye(peer, for_good=False)
    return True


def _on_name(
    conference: Conference, peer: ConferencePeer, _link: ConferenceLink, data: bytes, _rt: Runtime
) -> bool:
    if len(data) > MAX_NAME_LENGTH:
        return False
    peer.is_name_own = True
    conference.peers.rename(peer, data)
    return True


def _on_title(
    conference: Conference, peer: ConferencePeer, _link: ConferenceLink, data: bytes, _rt: Runtime
) -> bool:
    return _take_title(conference, peer, data)


def _take_title(conference: Conference, peer: ConferencePeer | None, title: bytes) -> bool:
    if not 0 < len(title) <= MAX_NAME_LENGTH:
        return False
    if title != conference.title:
        conference.title = title
        conference.is_title_fresh = True
        conference.reports.title(peer, title)
    return True


def _on_text(
    conference: Conference, peer: ConferencePeer, _link: ConferenceLink, data: bytes, rt: Runtime
) -> bool:
    if data:
        rt.pace.note_room()
        conference.reports.message(peer, 0, data)
    return bool(data)


def _on_action(
    conference: Conference, peer: ConferencePeer, _link: ConferenceLink, data: bytes, rt: Runtime
) -> bool:
    if data:
        rt.pace.note_room()
        conference.reports.message(peer, 1, data)
    return bool(data)


_HANDLERS: dict[int, Handler] = {
    PING: _on_ping,
    NEW_PEER: _on_new_peer,
    KILL_PEER: _on_kill,
    FREEZE_PEER: _on_freeze,
    NAME: _on_name,
    TITLE: _on_title,
    TEXT: _on_text,
    ACTION: _on_action,
}


def on_lossy(conference: Conference, link: ConferenceLink, packet: bytes, rt: Runtime) -> None:
    """A lossy packet, of at least the size of its header and kind; only audio conferences have them."""
    _, _, author, number = LOSSY_HEADER.unpack_from(packet)
    peer, own = conference.peers.by_number.get(author), conference.own
    if conference.type != TYPE_AV or own is None or peer is None or peer is own or peer.state != ACTIVE:
        rt.counters.drop("conference_lossy_author")
        return
    if not peer.takes_lossy(number, rt.clock.now_ms):
        return
    for other in conference.links.round_the_ring(own.real_pk, link):
        other.connection.send_lossy(other.lossy_head + packet[3:])
    if packet[LOSSY_HEADER.size] != AUDIO:
        rt.counters.drop("conference_lossy_kind")
    elif conference.audio is not None:
        conference.audio.on_packet(peer, packet[LOSSY_HEADER.size :])


def on_direct(
    conference: Conference, link: ConferenceLink, packet: bytes, own_pk: bytes, rt: Runtime
) -> None:
    """A direct packet with at least its kind."""
    kind = packet[3]
    if kind == INTRODUCED and len(packet) == 4:
        conference.links.lose_reason(link, INTRODUCING)
    elif kind == QUERY and len(packet) == 4:
        if link.is_online and rt.clock.now_ms - link.listed_ms >= AGAIN_MS:
            conference.send_list(link)
        else:
            # later: a short question has a long answer, and without its number none
            link.wants_peers = True
            conference.changed()
    elif kind == PEERS:
        _on_peers(conference, packet, own_pk)
        _take_unknown(conference, link, rt)
    elif kind == PEERS_TITLE:
        if not conference.is_title_fresh and not _take_title(conference, None, packet[4:]):
            rt.counters.drop("conference_title")
    else:
        rt.counters.drop("conference_direct_kind")


def _on_peers(conference: Conference, packet: bytes, own_pk: bytes) -> None:
    """The list of somebody who was here before us, or of whom we asked who some author is."""
    for number, real_pk, dht_pk, name in unpack_peers(packet, 4):
        if real_pk != own_pk:
            conference.peers.take_listed(number, real_pk, dht_pk, name)
        elif conference.own is None:
            conference.reports.connected()
            conference.enter(number)
    conference.changed()


def _take_unknown(conference: Conference, link: ConferenceLink, rt: Runtime) -> None:
    """A list came: the authors of what waited for it may be known now."""
    for kept in conference.links.take_unknown(link):
        if MESSAGE_HEADER.unpack_from(kept[1])[2] in conference.peers.by_number:
            on_message(conference, link, kept[1], rt)
        else:
            # the list may be the answer to an older question
            link.unknown.append(kept)
