"""The conferences' part of `Core`. See `toxpy.conference.conferences`."""

from __future__ import annotations

from toxpy.conference.lazy import shared
from toxpy.conference.packets import COOKIE, COOKIE_SIZE, TYPE_AV, TYPE_TEXT
from toxpy.errors import ToxError, api_error
from toxpy.runtime import LOG_WARNING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.conference.conference import Conference
    from toxpy.conference.peer import ConferencePeer
    from toxpy.friend.layers import Layers
    from toxpy.media.formats import Memory

_NO_CONFERENCE = "TOX_ERR_CONFERENCE_PEER_QUERY_CONFERENCE_NOT_FOUND"
_NO_PEER = "TOX_ERR_CONFERENCE_PEER_QUERY_PEER_NOT_FOUND"


class ConferenceCore:
    """The functions tox_conference_*."""

    __slots__ = ("_rt", "capability")

    def __init__(self, layers: Layers) -> None:
        self.capability = shared(layers)
        self._rt = layers.rt

    def conference_new(self) -> int:
        """Found a text conference: its number."""
        self._rt.clock.update()
        return self.capability.get().new().number

    def conference_delete(self, conference_number: int) -> bool:
        """Leave a conference and forget it."""
        self._rt.clock.update()
        self.capability.get().delete(conference_number)
        return True

    def conference_invite(self, friend_number: int, conference_number: int) -> bool:
        """Invite a friend who is online."""
        self._rt.converse()
        self.capability.get().invite(friend_number, conference_number)
        return True

    def conference_join(self, friend_number: int, cookie: bytes | None) -> int:
        """Join the text conference of an invitation: its number."""
        if cookie is None:
            raise api_error("TOX_ERR_CONFERENCE_JOIN_NULL")
        self._rt.converse()
        return self.capability.get().join(friend_number, cookie).number

    def conference_join_any(self, friend_number: int, cookie: bytes) -> int:
        """Accept a friend's invitation, also to a conference with audio: its number. For Python."""
        self._rt.converse()
        kind = TYPE_AV if len(cookie) == COOKIE_SIZE and COOKIE.unpack(cookie)[1] == TYPE_AV else TYPE_TEXT
        return self.capability.get().join(friend_number, cookie, kind).number

    def conference_send_message(self, conference_number: int, type: int, message: bytes | None) -> bool:
        """Say something; it comes back as a ConferenceMessage. As in c-toxcore, NULL is no text."""
        self._rt.converse()
        self.capability.get().say(conference_number, type, message or b"")
        return True

    def conference_get_title(self, conference_number: int) -> bytes:
        """The title."""
        title = self._find(conference_number, "TOX_ERR_CONFERENCE_TITLE_CONFERENCE_NOT_FOUND").title
        if not title:
            raise api_error("TOX_ERR_CONFERENCE_TITLE_INVALID_LENGTH")
        return title

    def conference_set_title(self, conference_number: int, title: bytes | None) -> bool:
        """Set the title for everybody."""
        self._rt.converse()
        self.capability.get().set_title(conference_number, title or b"")
        return True

    # about conferences

    def _find(self, number: int, error: str) -> Conference:
        return self.capability.find(number, error)

    def conference_get_chatlist(self) -> list[int]:
        """The numbers of all conferences, ascending."""
        return [conference.number for conference in self.capability.all()]

    def conference_get_type(self, conference_number: int) -> int:
        """The TOX_CONFERENCE_TYPE."""
        return self._find(conference_number, "TOX_ERR_CONFERENCE_GET_TYPE_CONFERENCE_NOT_FOUND").type

    def conference_get_id(self, conference_number: int) -> bytes:
        """The id, 32 bytes."""
        return self._find(conference_number, "TOX_ERR_CONFERENCE_GET_TYPE_CONFERENCE_NOT_FOUND").id

    conference_get_uid = conference_get_id

    def _by_id(self, conference_id: bytes | None, error: str) -> int:
        if conference_id is None:
            raise api_error(error + "NULL")
        for conference in self.capability.all():
            if conference.id == conference_id:
                return conference.number
        raise api_error(error + "NOT_FOUND")

    def conference_by_id(self, id: bytes | None) -> int:
        """The number of the conference with that id."""
        return self._by_id(id, "TOX_ERR_CONFERENCE_BY_ID_")

    def conference_by_uid(self, uid: bytes | None) -> int:
        """The same."""
        return self._by_id(uid, "TOX_ERR_CONFERENCE_BY_UID_")

    def conference_waiting(self, conference_number: int) -> int:
        """Packets that the peers we are linked to are not known to have."""
        links = self._find(conference_number, _NO_CONFERENCE).links.online
        sessions = [link.connection.crypto for link in links]
        return sum(session.waiting() for session in sessions if session is not None)

    # about peers

    def _peer(self, conference_number: int, peer_number: int) -> ConferencePeer:
        listed = self._find(conference_number, _NO_CONFERENCE).peers.listed
        if not 0 <= peer_number < len(listed):
            raise api_error(_NO_PEER)
        return listed[peer_number]

    def _frozen(self, conference_number: int, offline_peer_number: int) -> ConferencePeer:
        frozen = self._find(conference_number, _NO_CONFERENCE).peers.frozen
        if not 0 <= offline_peer_number < len(frozen):
            raise api_error(_NO_PEER)
        return frozen[offline_peer_number]

    def conference_peer_count(self, conference_number: int) -> int:
        """How many are there, ourselves included."""
        return len(self._find(conference_number, _NO_CONFERENCE).peers.listed)

    def conference_peer_get_name(self, conference_number: int, peer_number: int) -> bytes:
        """A peer's name."""
        return self._peer(conference_number, peer_number).name

    def conference_peer_get_public_key(self, conference_number: int, peer_number: int) -> bytes:
        """A peer's long-term public key."""
        return self._peer(conference_number, peer_number).real_pk

    def conference_peer_number_is_ours(self, conference_number: int, peer_number: int) -> bool:
        """True if the peer is ourselves."""
        conference, peer = (
            self._find(conference_number, _NO_CONFERENCE),
            self._peer(conference_number, peer_number),
        )
        if conference.own is None:
            raise api_error("TOX_ERR_CONFERENCE_PEER_QUERY_NO_CONNECTION", retryable=True)
        return peer is conference.own

    def conference_offline_peer_count(self, conference_number: int) -> int:
        """How many are remembered who are not there."""
        return len(self._find(conference_number, _NO_CONFERENCE).peers.frozen)

    def conference_offline_peer_get_name(self, conference_number: int, offline_peer_number: int) -> bytes:
        """The name of one of them."""
        return self._frozen(conference_number, offline_peer_number).name

    def conference_offline_peer_get_public_key(
        self, conference_number: int, offline_peer_number: int
    ) -> bytes:
        """The long-term public key of one of them."""
        return self._frozen(conference_number, offline_peer_number).real_pk

    def conference_offline_peer_get_last_active(
        self, conference_number: int, offline_peer_number: int
    ) -> int:
        """Unix seconds when one of them was last there."""
        return self._frozen(conference_number, offline_peer_number).last_active_s

    def conference_set_max_offline(self, conference_number: int, max_offline: int) -> bool:
        """How many to remember who are not there."""
        error = "TOX_ERR_CONFERENCE_SET_MAX_OFFLINE_CONFERENCE_NOT_FOUND"
        peers = self._find(conference_number, error).peers
        peers.max_frozen = max_offline
        peers.forget_frozen()
        return True


class ConferenceAudioCore:
    """The functions toxav_*group*, which need no ToxAV. They fail with -1, and never raise.

    `callback` and `userdata` are of a C program: `ConferenceAudioFrame` has them.
    """

    __slots__ = ("_rt", "capability")

    def __init__(self, layers: Layers) -> None:
        self.capability = shared(layers)
        self._rt = layers.rt

    def toxav_add_av_groupchat(self, callback: int = 0, userdata: int = 0) -> int:
        """Found a conference with audio: its number, -1 when there is no room."""
        self._rt.clock.update()
        try:
            conference = self.capability.get().new(TYPE_AV)
        except ToxError:
            return -1
        self._enable(conference, callback, userdata)
        return conference.number

    def toxav_join_av_groupchat(
        self, friend_number: int, data: bytes | None, callback: int = 0, userdata: int = 0
    ) -> int:
        """Join the conference with audio of an invitation: its number, -1 when that fails."""
        self._rt.converse()
        try:
            conference = self.capability.get().join(friend_number, data or b"", TYPE_AV)
        except ToxError:
            return -1
        self._enable(conference, callback, userdata)
        return conference.number

    def _enable(self, conference: Conference, callback: int, userdata: int) -> bool:
        """False without codecs: then the conference is for text only."""
        # few programs have audio
        from toxpy.conference.audio import ConferenceAudio
        from toxpy.media.codecs import CodecError, load

        conferences = self.capability.get()
        try:
            codecs = conferences.codecs or load()
        except CodecError as error:
            self._rt.log(LOG_WARNING, f"conference {conference.number} has no audio: {error}")
            return False
        conference.audio = ConferenceAudio(
            conference.number,
            conference.links,
            conference.send_lossy,
            codecs,
            conferences.due_speakers,
            rt=self._rt,
            callback=callback,
            userdata=userdata,
        )
        return True

    def toxav_groupchat_enable_av(self, conference_number: int, callback: int = 0, userdata: int = 0) -> int:
        """Enable audio, as it is not after a restart: 0, or -1."""
        conference = self.capability.by_number(conference_number)
        if conference is None or conference.type != TYPE_AV or conference.audio is not None:
            return -1
        return 0 if self._enable(conference, callback, userdata) else -1

    def toxav_groupchat_disable_av(self, conference_number: int) -> int:
        """Disable it: 0, or -1 when it is not enabled."""
        conference = self.capability.by_number(conference_number)
        if conference is None or conference.audio is None:
            return -1
        conference.end_audio()
        return 0

    def toxav_groupchat_av_enabled(self, conference_number: int) -> bool:
        """True if audio is enabled here."""
        conference = self.capability.by_number(conference_number)
        return conference is not None and conference.audio is not None

    def can_send(self, conference_number: int) -> bool:
        """True if somebody else is there. For Python."""
        conference = self.capability.by_number(conference_number)
        return conference is not None and bool(conference.links.online)

    def toxav_group_send_audio(
        self, conference_number: int, pcm: Memory | None, samples: int, channels: int, sample_rate: int
    ) -> int:
        """Say a frame of int16 samples, `samples` of each channel: 0, or -1. From any thread."""
        conference = self.capability.by_number(conference_number)
        audio = conference.audio if conference is not None else None
        if audio is None or not pcm or not audio.send(pcm, samples, channels, sample_rate):
            return -1
        return 0
