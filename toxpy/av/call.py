"""One call with a friend: what either side sends and takes, and what our user wants of it.

What our user wants and what the friend was told are two things: a pause tells 0, and what was wanted comes
back with the end of the pause, also what was changed meanwhile. c-toxcore keeps them in one byte, so that an
unmute in a pause leaves a call that cannot be resumed.
"""

from __future__ import annotations

from toxpy.av.msi import (
    ACTIVE,
    SENDS_AUDIO,
    SENDS_VIDEO,
    TAKES_AUDIO,
    TAKES_VIDEO,
    Signalling,
)
from toxpy.generated import enums

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.av.flow import Flow
    from toxpy.friend.connection import FriendConnection
    from toxpy.friend.friend import FriendState
    from toxpy.runtime import Timer

#: What a control changes: the bit, and whether it is there afterwards.
_TAKING = {
    enums.TOXAV_CALL_CONTROL_MUTE_AUDIO: (TAKES_AUDIO, False),
    enums.TOXAV_CALL_CONTROL_UNMUTE_AUDIO: (TAKES_AUDIO, True),
    enums.TOXAV_CALL_CONTROL_HIDE_VIDEO: (TAKES_VIDEO, False),
    enums.TOXAV_CALL_CONTROL_SHOW_VIDEO: (TAKES_VIDEO, True),
}


class Call:
    """The state of one call; `flow` has what is sent and received in it."""

    __slots__ = (
        "audio_bit_rate",
        "care_timer",
        "client",
        "flow",
        "friend",
        "is_hung_up",
        "is_paused",
        "is_told",
        "signalling",
        "takes",
        "timer",
        "until_ms",
        "video_bit_rate",
    )

    def __init__(self, friend: FriendState) -> None:
        self.friend = friend
        connection = friend.connection
        self.signalling = Signalling(connection.write, lambda number: _has(connection, number))
        #: kbit/s that our user allows, 0 for none of it
        self.audio_bit_rate = self.video_bit_rate = 0
        #: which of TAKES_AUDIO and TAKES_VIDEO our user wants
        self.takes = TAKES_AUDIO | TAKES_VIDEO
        self.is_paused = self.is_hung_up = False
        #: our program has heard that the friend rings
        self.is_told = False
        #: the DHT key of the friend's client that is in the call, from its answer on
        self.client = b""
        #: None until the call is answered
        self.flow: Flow | None = None
        #: while the friend is away: the next look, and when the call is over
        self.timer: Timer | None = None
        self.until_ms = 0
        #: while it is answered: the next look at the way and the bit rates
        self.care_timer: Timer | None = None

    @property
    def deleted(self) -> bool:
        """True if our user wants to hear no more of it: what has happened before is not told any more."""
        return self.is_hung_up or self.friend.deleted

    def capabilities(self) -> int:
        """What the friend is told."""
        if self.is_paused:
            return 0
        sends = (SENDS_AUDIO if self.audio_bit_rate else 0) | (SENDS_VIDEO if self.video_bit_rate else 0)
        return sends | self.takes

    def control(self, control: int) -> bool:
        """One of TOXAV_CALL_CONTROL but CANCEL: False when it makes no sense now."""
        if control in (enums.TOXAV_CALL_CONTROL_PAUSE, enums.TOXAV_CALL_CONTROL_RESUME):
            pause = control == enums.TOXAV_CALL_CONTROL_PAUSE
            if self.is_paused == pause:
                return False
            self.is_paused = pause
        elif control in _TAKING:
            bit, there = _TAKING[control]
            if not there and not self.takes & bit:
                return False
            self.takes = self.takes | bit if there else self.takes & ~bit
            if self.is_paused:
                return True
        else:
            return False
        self.signalling.tell(self.capabilities())
        return True

    def set_bit_rates(self, audio: int, video: int) -> None:
        """In an answered call: the friend hears of it when one of them begins or ends."""
        before = self.capabilities()
        self.audio_bit_rate, self.video_bit_rate = audio, video
        if self.capabilities() != before:
            self.signalling.tell(self.capabilities())

    # for other threads: each reads what it needs once

    def sends_audio(self) -> bool:
        """True if frames of ours may leave."""
        return bool(self.capabilities() & SENDS_AUDIO and self.signalling.theirs & TAKES_AUDIO)

    def sends_video(self) -> bool:
        """The same of pictures."""
        return bool(self.capabilities() & SENDS_VIDEO and self.signalling.theirs & TAKES_VIDEO)

    def hears(self) -> bool:
        """True if sound of the friend counts."""
        told = self.signalling
        return bool(told.state == ACTIVE and told.theirs & SENDS_AUDIO and self.capabilities() & TAKES_AUDIO)

    def sees(self) -> bool:
        """True if pictures of the friend count."""
        told = self.signalling
        return bool(told.state == ACTIVE and told.theirs & SENDS_VIDEO and self.capabilities() & TAKES_VIDEO)

    def is_with_another(self) -> bool:
        """True if the friend is back with another client than the one in the call, or one that began anew.

        Each makes a DHT key when it starts. That client knows nothing of the call.
        """
        crypto = self.friend.connection.crypto
        return crypto is not None and crypto.dht_pk != self.client

    def close(self) -> None:
        """It is over."""
        for timer in (self.timer, self.care_timer):
            if timer is not None:
                timer.cancel()
        if self.flow is not None:
            self.flow.close()


class Ring:
    """The owner of the event that a friend rings.

    Events wait for the end of the pass, while the friend may have taken the call back already and ring again.
    So what our program does about a call counts from the moment on in which it hears of this one.
    """

    __slots__ = ("_call",)

    def __init__(self, call: Call) -> None:
        self._call = call

    @property
    def deleted(self) -> bool:
        """Whoever delivers events asks this just before: our program hears of the call now."""
        self._call.is_told = True
        return self._call.deleted


def _has(connection: FriendConnection, number: int) -> bool:
    """True if the friend has the packet of that number."""
    crypto = connection.crypto
    return crypto is not None and crypto.acknowledged(number)
