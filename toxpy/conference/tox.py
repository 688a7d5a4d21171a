"""The conferences' part of `Tox`: the functions of the C API. See `toxpy.conference.conferences`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toxpy.arguments import U8_MAX, U32_MAX, as_bytes, as_id, as_number, as_range, as_text
from toxpy.conference.audio import ConferenceAudioFrame
from toxpy.errors import ToxError, api_error
from toxpy.generated import events as ev
from toxpy.generated.typed_enums import ConferenceType, MessageType
from toxpy.generated.typed_events import to_text
from toxpy.handlers import check_function, refuse_coroutine
from toxpy.ids import PublicKey
from toxpy.tox_part import ToxPart

if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.core import Core

    ConferenceAudioHandler = Callable[[ConferenceAudioFrame], object]

#: Events after which the savedata has something new.
_WORTH_SAVING = {
    ev.ConferenceConnected,
    ev.ConferencePeerListChanged,
    ev.ConferencePeerName,
    ev.ConferenceTitle,
}


class ConferenceTox(ToxPart):
    """Part of `Tox`."""

    def _takes(self, event: Any) -> bool:
        if type(event) in _WORTH_SAVING:
            self._changed()
        return super()._takes(event)

    def conference_new(self) -> int:
        """Found a text conference; its number."""
        number = self.core.conferences.conference_new()
        self._changed()
        return number

    def conference_delete(self, conference_number: int) -> None:
        """Leave a conference for good."""
        self.core.conferences.conference_delete(_conference(conference_number))
        self._changed()

    def conference_invite(self, friend_number: int, conference_number: int) -> None:
        """Invite a friend who is online."""
        place = as_number(friend_number), _conference(conference_number)
        self.core.conferences.conference_invite(*place)

    def conference_join(self, friend_number: int, cookie: bytes) -> int:
        """Accept a `ConferenceInvite`, also to a conference with audio: for text; the conference's number.

        `ConferenceConnected` says that we are in.
        """
        cookie = as_bytes(cookie, "the cookie of an invitation")
        number = self.core.conferences.conference_join_any(as_number(friend_number), cookie)
        self._changed()
        return number

    def conference_send_message(
        self, conference_number: int, message: str | bytes, type: MessageType | int = MessageType.NORMAL
    ) -> None:
        """Say something, at most 1363 bytes of UTF-8; it comes back as a `ConferenceMessage`."""
        self.core.conferences.conference_send_message(
            _conference(conference_number), MessageType(type).value, as_text(message, "a message")
        )

    def conference_get_title(self, conference_number: int) -> str:
        """The title; ToxError INVALID_LENGTH while there is none."""
        return to_text(self.core.conferences.conference_get_title(_conference(conference_number)))

    def conference_set_title(self, conference_number: int, title: str | bytes) -> None:
        """Set the title for everybody, 1 to 128 bytes of UTF-8."""
        raw = as_text(title, "a title")
        self.core.conferences.conference_set_title(_conference(conference_number), raw)
        self._changed()

    # about conferences

    def conference_get_chatlist(self) -> list[int]:
        """The numbers of all conferences."""
        return self.core.conferences.conference_get_chatlist()

    def conference_get_type(self, conference_number: int) -> ConferenceType:
        """What it carries."""
        return ConferenceType(self.core.conferences.conference_get_type(_conference(conference_number)))

    def conference_get_id(self, conference_number: int) -> bytes:
        """The ID, 32 bytes, the same for all of its peers and after a restart."""
        return self.core.conferences.conference_get_id(_conference(conference_number))

    conference_get_uid = conference_get_id

    def conference_by_id(self, id: str | bytes) -> int:
        """The number of the conference with that ID, of 32 bytes or 64 hex digits."""
        return self.core.conferences.conference_by_id(as_id(id))

    def conference_by_uid(self, uid: str | bytes) -> int:
        """The same."""
        return self.core.conferences.conference_by_uid(as_id(uid))

    # about peers, whose numbers change with every ConferencePeerListChanged

    def conference_peer_count(self, conference_number: int) -> int:
        """How many peers are there, ourselves included. Their numbers are those below it."""
        return self.core.conferences.conference_peer_count(_conference(conference_number))

    def conference_peer_get_name(self, conference_number: int, peer_number: int) -> str:
        """A peer's name."""
        place = _conference(conference_number), _peer(peer_number)
        return to_text(self.core.conferences.conference_peer_get_name(*place))

    def conference_peer_get_public_key(self, conference_number: int, peer_number: int) -> PublicKey:
        """A peer's long-term public key. Only of peers who are friends it is proved: members can lie."""
        place = _conference(conference_number), _peer(peer_number)
        return PublicKey(self.core.conferences.conference_peer_get_public_key(*place))

    def conference_peer_number_is_ours(self, conference_number: int, peer_number: int) -> bool:
        """True if the peer is ourselves."""
        place = _conference(conference_number), _peer(peer_number)
        return self.core.conferences.conference_peer_number_is_ours(*place)

    def conference_offline_peer_count(self, conference_number: int) -> int:
        """How many peers are remembered who are away. Their numbers are those below it."""
        return self.core.conferences.conference_offline_peer_count(_conference(conference_number))

    def conference_offline_peer_get_name(self, conference_number: int, offline_peer_number: int) -> str:
        """The name of a peer who is away."""
        place = _conference(conference_number), _peer(offline_peer_number)
        return to_text(self.core.conferences.conference_offline_peer_get_name(*place))

    def conference_offline_peer_get_public_key(
        self, conference_number: int, offline_peer_number: int
    ) -> PublicKey:
        """The long-term public key of a peer who is away."""
        place = _conference(conference_number), _peer(offline_peer_number)
        return PublicKey(self.core.conferences.conference_offline_peer_get_public_key(*place))

    def conference_offline_peer_get_last_active(
        self, conference_number: int, offline_peer_number: int
    ) -> int:
        """Seconds since 1970 of the last moment a peer who is away was there."""
        place = _conference(conference_number), _peer(offline_peer_number)
        return self.core.conferences.conference_offline_peer_get_last_active(*place)

    def conference_set_max_offline(self, conference_number: int, max_offline: int) -> None:
        """How many peers who are away to remember, 128 at first."""
        most = as_range(max_offline, "a number of peers", U32_MAX)
        self.core.conferences.conference_set_max_offline(_conference(conference_number), most)
        self._changed()


class ConferenceAudioTox(ToxPart):
    """Part of `Tox`: audio in conferences."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._conference_audio_handler: ConferenceAudioHandler | None = None

    def on_conference_audio(self, handler: ConferenceAudioHandler | None) -> ConferenceAudioHandler | None:
        """Call `handler(frame)` with each frame of sound in conferences; None to stop.

        A ConferenceAudioFrame has `conference_number`, `peer_number`, `pcm`, `samples`, `channels` and
        `sample_rate`. It comes in its place among the events. The handler before is returned.
        """
        check_function(handler)
        before, self._conference_audio_handler = self._conference_audio_handler, handler
        return before

    def _takes(self, event: Any) -> bool:
        if not isinstance(event, ConferenceAudioFrame):
            return super()._takes(event)
        if self._conference_audio_handler is not None:
            refuse_coroutine(self._conference_audio_handler(event))
        return True

    def toxav_add_av_groupchat(self) -> int:
        """Found a conference with audio; its number."""
        number = self.core.conference_audio.toxav_add_av_groupchat()
        if number < 0:
            raise api_error("TOX_ERR_CONFERENCE_NEW_INIT")
        self._changed()
        return number

    def toxav_join_av_groupchat(self, friend_number: int, cookie: bytes) -> int:
        """Accept a `ConferenceInvite` to a conference with audio, which is enabled then; its number."""
        data = as_bytes(cookie, "the cookie of an invitation")
        number = self.core.conference_audio.toxav_join_av_groupchat(as_number(friend_number), data)
        if number < 0:
            raise _failed(
                "the invitation is of no use: another type, in it already, or the friend is offline"
            )
        self._changed()
        return number

    def toxav_groupchat_enable_av(self, conference_number: int) -> None:
        """Enable audio, as it is not after a restart; calling it again does nothing."""
        number, audio = self._audio_number(conference_number), self.core.conference_audio
        if not audio.toxav_groupchat_av_enabled(number) and audio.toxav_groupchat_enable_av(number) < 0:
            # few programs have audio
            from toxpy.media.codecs import missing

            raise _failed(missing())

    def toxav_groupchat_disable_av(self, conference_number: int) -> None:
        """Disable it; calling it again does nothing."""
        self.core.conference_audio.toxav_groupchat_disable_av(self._audio_number(conference_number))

    def toxav_groupchat_av_enabled(self, conference_number: int) -> bool:
        """True if audio is enabled here."""
        number = _conference(conference_number)
        # ToxError for none
        self.core.conferences.conference_get_type(number)
        return self.core.conference_audio.toxav_groupchat_av_enabled(number)

    def toxav_group_send_audio(
        self, conference_number: int, pcm: bytes, channels: int = 1, rate: int = 48_000
    ) -> None:
        """Say a frame of int16 samples, those of two channels in turns. ToxError (retryable) while alone.

        It lasts 2.5, 5, 10, 20, 40 or 60 ms; 20 are good.
        """
        sound = as_bytes(pcm, "sound")
        channels = as_range(channels, "a number of channels", U8_MAX)
        form = channels, as_range(rate, "a sampling rate", U32_MAX)
        samples, rest = divmod(len(sound), 2 * max(channels, 1))
        if rest:
            raise ValueError(f"{len(sound)} bytes are no samples of {channels} channels")
        number, audio = self._audio_number(conference_number), self.core.conference_audio
        if not audio.toxav_groupchat_av_enabled(number):
            raise _failed("audio is not enabled")
        if audio.toxav_group_send_audio(number, sound, samples, *form) < 0:
            if not audio.can_send(number):
                raise _failed("nobody else is there", retryable=True)
            raise _failed(f"Opus has no frame of {samples} samples, {form[1]} Hz and {channels} channels")

    def _audio_number(self, conference_number: int) -> int:
        """ToxError for one without audio."""
        number = _conference(conference_number)
        if self.core.conferences.conference_get_type(number) != ConferenceType.AV:
            raise _failed("the conference is for text only")
        return number


def _failed(why: str, *, retryable: bool = False) -> ToxError:
    """What is -1 in C."""
    return ToxError(-1, "TOXAV_GROUPCHAT", why, retryable=retryable)


def _conference(number: int) -> int:
    return as_number(number, "a conference number")


def _peer(number: int) -> int:
    return as_number(number, "a peer number")
