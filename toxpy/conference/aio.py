"""The conferences' part of `AsyncTox`, and one of its conferences: peers, messages, the title.

Who said something is looked up when the message comes: a peer's number may be another's a moment later.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toxpy.aio_events import Heard, Said
from toxpy.aio_part import AioPart, FriendPart, fail, finish, until_delivered
from toxpy.arguments import as_flag, as_kind, as_number, as_seconds, as_text
from toxpy.errors import ToxError, api_error
from toxpy.generated.enums import (
    TOX_ERR_CONFERENCE_SEND_MESSAGE_FAIL_SEND,
    TOX_ERR_CONFERENCE_TITLE_INVALID_LENGTH,
)
from toxpy.generated.typed_enums import ConferenceType, MessageType
from toxpy.generated.typed_events import (
    ConferenceConnected,
    ConferenceEvent,
    ConferenceInvite,
    ConferenceMessage,
    Event,
    to_text,
)
from toxpy.ids import PublicKey

if TYPE_CHECKING:
    from toxpy.conference.audio import ConferenceAudioFrame
    from toxpy.tox import Tox


#: Frames of all peers that wait for a loop: a second of five who speak at once. Older ones are dropped.
MAX_QUEUED_FRAMES = 256


@dataclass(frozen=True, slots=True)
class Peer:
    """Somebody in a conference, at the moment of asking."""

    number: int
    name: str
    #: Only of friends it is proved: members can lie.
    public_key: PublicKey
    ours: bool = False
    #: Seconds since 1970 when a peer who is away was last there; 0 for who is there.
    last_active: int = 0


@dataclass(frozen=True, slots=True)
class HeardMessage:
    """What a peer said."""

    peer: Peer
    type: MessageType
    raw: bytes

    @property
    def text(self) -> str:
        """The message as text."""
        return to_text(self.raw)


@dataclass(frozen=True, slots=True)
class HeardAudio:
    """What a peer said, for as long as one frame lasts."""

    peer: Peer
    #: int16 samples, those of two channels in turns.
    pcm: bytes
    channels: int
    #: Samples per second of each channel.
    rate: int

    @property
    def samples(self) -> int:
        """Samples of each channel."""
        return len(self.pcm) // (2 * self.channels)


class AsyncConference:
    """One conference of an AsyncTox, valid until we leave it."""

    __slots__ = ("_happened", "_said", "_sound", "id", "number", "tox")

    def __init__(self, tox: ConferenceAio, number: int) -> None:
        self.tox = tox
        self.number = number
        #: 32 bytes, the same for all peers and after a restart
        self.id = tox.sync.conference_get_id(number)
        self._said: Said[HeardMessage] = Said(tox, "conference", number)
        self._happened: Said[ConferenceEvent] = Said(tox, "conference", number)
        self._sound: Said[HeardAudio] = Said(tox, "conference", number, "frames of sound", MAX_QUEUED_FRAMES)

    # what is said

    def messages(self, *, ours: bool = False) -> Heard[HeardMessage]:
        """Messages, oldest first, until we leave or close; with `ours` also our own.

        What came before the first loop waits for it, at most 4096 messages; of several loops each gets all.
        """
        ours = as_flag(ours, "ours")
        return self._said.loop(lambda message: ours or not message.peer.ours)

    def events(self) -> Heard[ConferenceEvent]:
        """All that happens in the conference from now on, as `async for` over the AsyncTox has it."""
        return self._happened.loop(lambda event: True)

    async def send(self, message: str | bytes, type: MessageType | int = MessageType.NORMAL) -> None:
        """Say something, at most 1363 bytes of UTF-8. Waits while nothing more can be sent.

        ToxError NO_CONNECTION (retryable) while nobody else is there.
        """
        await self.tox._send_when_possible(
            lambda: self.send_nowait(message, type), TOX_ERR_CONFERENCE_SEND_MESSAGE_FAIL_SEND
        )

    def send_nowait(self, message: str | bytes, type: MessageType | int = MessageType.NORMAL) -> None:
        """`send`, but ToxError FAIL_SEND (retryable) while nothing more can be sent."""
        self.tox.call("conference_send_message", self.number, message, type)

    async def action(self, message: str | bytes) -> None:
        """Say that we do something, as /me of IRC."""
        await self.send(message, MessageType.ACTION)

    # audio

    def audio(self) -> Heard[HeardAudio]:
        """What peers say, frame by frame, from now on until we leave or close; enables audio.

        ToxError when the conference has none.
        """
        self.enable_audio()
        return self._sound.loop(lambda frame: True)

    def send_audio(self, pcm: bytes, channels: int = 1, rate: int = 48_000) -> None:
        """Say a frame of int16 samples, those of two channels in turns: 2.5 to 60 ms, 20 are good.

        ToxError (retryable) while nobody else is there.
        """
        self.tox.call("toxav_group_send_audio", self.number, pcm, channels, rate)

    def enable_audio(self) -> None:
        """Decode what peers say, and be able to say something; it is not enabled after a restart."""
        self.tox.call("toxav_groupchat_enable_av", self.number)

    def disable_audio(self) -> None:
        """For a while; peers are not told."""
        self.tox.call("toxav_groupchat_disable_av", self.number)

    async def delivered(self, timeout_s: float | None = None) -> None:
        """Return once the peers we are linked to have all that was said; TimeoutError after `timeout_s`."""
        await until_delivered(
            self.tox, lambda: self.tox.sync.core.conferences.conference_waiting(self.number), timeout_s
        )

    # about it

    @property
    def title(self) -> str:
        """The title, empty while there is none. To set it sets it for everybody."""
        try:
            return self.tox.sync.conference_get_title(self.number)
        except ToxError as error:
            if error.code != TOX_ERR_CONFERENCE_TITLE_INVALID_LENGTH:
                raise
            return ""

    @title.setter
    def title(self, title: str) -> None:
        self.tox.call("conference_set_title", self.number, title)

    @property
    def type(self) -> ConferenceType:
        """What it carries."""
        return self.tox.sync.conference_get_type(self.number)

    @property
    def peers(self) -> list[Peer]:
        """Who is there, ourselves included."""
        return [self.peer(number) for number in range(self.tox.sync.conference_peer_count(self.number))]

    def peer(self, number: int) -> Peer:
        """The peer with that number, for example of an event that came just now."""
        sync = self.tox.sync
        name = sync.conference_peer_get_name(self.number, number)
        public_key = sync.conference_peer_get_public_key(self.number, number)
        return Peer(number, name, public_key, public_key == sync.self_get_public_key())

    @property
    def offline_peers(self) -> list[Peer]:
        """Who is away, as far as it is remembered."""
        sync, place = self.tox.sync, self.number
        return [
            Peer(
                number,
                sync.conference_offline_peer_get_name(place, number),
                sync.conference_offline_peer_get_public_key(place, number),
                last_active=sync.conference_offline_peer_get_last_active(place, number),
            )
            for number in range(sync.conference_offline_peer_count(place))
        ]

    def set_max_offline(self, max_offline: int) -> None:
        """How many peers who are away to remember, 128 at first."""
        self.tox.call("conference_set_max_offline", self.number, max_offline)

    def invite(self, friend: FriendPart | int) -> None:
        """Invite a friend; ToxError FAIL_SEND (retryable) when they are offline."""
        number = friend.number if isinstance(friend, FriendPart) else as_number(friend, "a friend")
        self.tox.call("conference_invite", number, self.number)

    def leave(self) -> None:
        """Leave it for good. What the others have not got yet may be lost: `delivered` waits for it."""
        self.tox.conference_delete(self.number)

    def __repr__(self) -> str:
        return f"<AsyncConference {self.number} {self.id.hex().upper()}>"

    # for its AsyncTox

    def _take(self, event: ConferenceEvent) -> None:
        """The next event."""
        if isinstance(event, ConferenceMessage):
            self._said.put(HeardMessage(self.peer(event.peer_number), event.type, event.raw))
        if self._happened.has_loop:
            self._happened.put(event)

    def _hear(self, frame: ConferenceAudioFrame) -> None:
        """A frame of a peer; of what nobody listens to nothing is kept."""
        if self._sound.has_loop:
            form = frame.channels, frame.sample_rate
            self._sound.put(HeardAudio(self.peer(frame.peer_number), frame.pcm, *form))

    def _end(self) -> None:
        """No loop waits any longer."""
        self._said.end()
        self._happened.end()
        self._sound.end()


class ConferenceAio(AioPart):
    """Part of `AsyncTox`: conferences."""

    def __init__(self) -> None:
        super().__init__()
        self._conferences: dict[int, AsyncConference] = {}
        #: those who wait until we are in a conference
        self._join_waiters: dict[int, asyncio.Future[None]] = {}

    @property
    def conferences(self) -> list[AsyncConference]:
        """All conferences, also those of the save."""
        return [self.conference(number) for number in self.sync.conference_get_chatlist()]

    def conference(self, number: int) -> AsyncConference:
        """The conference with that number, for example of an event."""
        conference = self._conferences.get(as_number(number, "a conference number"))
        if conference is None:
            conference = self._conferences[number] = AsyncConference(self, number)
        return conference

    def conference_by_id(self, id: str | bytes) -> AsyncConference:
        """The conference with that ID, of 32 bytes or 64 hex digits."""
        return self.conference(self.sync.conference_by_id(id))

    def conference_new(self, title: str | bytes | None = None, *, audio: bool = False) -> AsyncConference:
        """Found a conference, for text or with audio as well."""
        raw = None if title is None else as_text(title, "a title")
        number = self.call("toxav_add_av_groupchat" if as_flag(audio, "audio") else "conference_new")
        if raw is not None:
            try:
                self.call("conference_set_title", number, raw)
            except ToxError:
                self.call("conference_delete", number)
                raise
        return self.conference(number)

    async def conference_join(
        self, event: ConferenceInvite, *, timeout_s: float | None = None
    ) -> AsyncConference:
        """Accept an invitation, and return once we are in; TimeoutError after `timeout_s`.

        Whoever fails or is cancelled leaves the conference.
        """
        as_kind(event, ConferenceInvite, "a ConferenceInvite")
        as_seconds(timeout_s, "timeout_s")
        number: int = self.call("conference_join", event.friend_number, event.cookie)
        conference = self.conference(number)
        waiter = self._join_waiters[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout_s):
                await waiter
        except (asyncio.CancelledError, TimeoutError) as error:
            if self._conferences.get(number) is conference and not self.closed:
                self.conference_delete(number)
            if isinstance(error, TimeoutError):
                problem = f"not in the conference after {timeout_s:g} s: who invited us does not answer"
                raise TimeoutError(problem) from error
            raise
        return conference

    def conference_delete(self, number: int) -> None:
        """Leave a conference for good; loops over its messages end."""
        self.call("conference_delete", number)
        self._forget_conference(number, "we left the conference")

    def _forget_conference(self, number: int, why: str) -> None:
        conference = self._conferences.pop(number, None)
        if conference is not None:
            conference._end()
        waiter = self._join_waiters.pop(number, None)
        if waiter is not None:
            fail(waiter, api_error("TOX_ERR_CONFERENCE_SEND_MESSAGE_CONFERENCE_NOT_FOUND", why))

    # moments

    def _on_event(self, event: Event) -> None:
        if isinstance(event, ConferenceEvent):
            conference = self._conferences.get(event.conference_number)
            if conference is not None:
                conference._take(event)
        if isinstance(event, ConferenceConnected):
            waiter = self._join_waiters.pop(event.conference_number, None)
            if waiter is not None:
                finish(waiter, None)
        super()._on_event(event)

    def _begin(self, sync: Tox) -> None:
        sync.on_conference_audio(self._on_audio)
        super()._begin(sync)

    def _on_audio(self, frame: ConferenceAudioFrame) -> None:
        conference = self._conferences.get(frame.conference_number)
        if conference is not None:
            conference._hear(frame)

    def _all_waiting(self) -> list[asyncio.Future[Any]]:
        return [*self._join_waiters.values(), *super()._all_waiting()]

    def _forget_all(self, why: str) -> None:
        for number in list(self._conferences):
            self._forget_conference(number, why)
        super()._forget_all(why)

    def _on_close(self) -> None:
        for conference in self._conferences.values():
            conference._end()
        super()._on_close()
