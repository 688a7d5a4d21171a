"""One call of an `AsyncTox`: what is heard and seen in it, what we send, and how it ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from toxpy.aio_events import Heard, Said
from toxpy.aio_part import AioPart, fail, finish, finish_all
from toxpy.arguments import U32_MAX, as_flag, as_range
from toxpy.av.frames import AudioFrame, Picture
from toxpy.av.tox import AUDIO_KBIT, VIDEO_KBIT
from toxpy.errors import ToxError
from toxpy.generated.enums import (
    TOXAV_ERR_SEND_FRAME_PAYLOAD_TYPE_DISABLED,
    TOXAV_ERR_SEND_FRAME_SYNC,
)
from toxpy.generated.typed_enums import CallControl, FriendCallState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from typing_extensions import Buffer

    from toxpy.friend.aio import AsyncFriend

#: Frames of sound, and pictures, that wait for a loop that does not take them: about a second.
MAX_QUEUED_FRAMES, MAX_QUEUED_PICTURES = 50, 16
#: How much later than it should a frame may leave before `play` gives up catching up, in s.
MAX_LAG_S = 0.2
#: How long `play` waits for a friend who does not take sound now, in s.
PAUSE_S = 0.02
NOT_NOW = (TOXAV_ERR_SEND_FRAME_PAYLOAD_TYPE_DISABLED, TOXAV_ERR_SEND_FRAME_SYNC)


class CallError(ToxError):
    """A call that came to nothing, or is over.

    `name` is CALL_REFUSED (refused, or the friend is busy), CALL_FAILED (their program cannot take it, or the
    connection broke: `retryable`) or CALL_OVER.
    """

    def __init__(self, name: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(-1, name, message, retryable=retryable)


class AsyncCall:
    """One call of an AsyncTox with a friend; `async with` hangs up in the end."""

    __slots__ = (
        "_audio",
        "_begun",
        "_hang_up",
        "_over",
        "_pictures",
        "friend",
        "incoming",
        "state",
        "tox",
        "why_over",
    )

    def __init__(
        self,
        tox: AioPart,
        friend: AsyncFriend,
        hang_up: Callable[[AsyncCall, str], None],
        *,
        incoming: bool,
        state: FriendCallState,
    ) -> None:
        self.tox = tox
        self.friend = friend
        self._hang_up = hang_up
        #: True if the friend called us
        self.incoming = incoming
        #: What the friend does: sends, and takes. While it rings, what is offered.
        self.state = state
        #: Why it is over, in words; empty while it is not.
        self.why_over = ""
        number = friend.number
        self._audio: Said[AudioFrame] = Said(tox, "call", number, "frames of sound", MAX_QUEUED_FRAMES)
        self._pictures: Said[Picture] = Said(tox, "call", number, "pictures", MAX_QUEUED_PICTURES)
        loop = asyncio.get_running_loop()
        #: the answer
        self._begun: asyncio.Future[None] = loop.create_future()
        self._over: list[asyncio.Future[None]] = []

    def __repr__(self) -> str:
        words = self.why_over or ("answered" if self.active else "ringing")
        return f"<AsyncCall with friend {self.friend.number}: {words}>"

    # its life

    @property
    def active(self) -> bool:
        """True while we talk: it was answered and is not over."""
        return self._begun.done() and not self.why_over

    async def answer(self, *, audio: bool | int = True, video: bool | int = False) -> None:
        """Take the friend's call. `audio` and `video` say what we send: True, or a bit rate in kbit/s.

        CallError CALL_OVER when the friend has given up meanwhile.
        """
        rates = as_kbit(audio, "audio", AUDIO_KBIT), as_kbit(video, "video", VIDEO_KBIT)
        self._check()
        self.tox.call("toxav_answer", self.friend.number, *rates)
        finish(self._begun, None)

    async def reject(self) -> None:
        """Do not take it."""
        await self.hang_up()

    async def hang_up(self) -> None:
        """End it, whatever its state; harmless when it is over."""
        self._hang_up(self, "we hung up")

    async def ended(self) -> str:
        """Wait until it is over, however; `why_over`."""
        if not self.why_over:
            await AioPart._wait(self._over)
        return self.why_over

    async def __aenter__(self) -> AsyncCall:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.hang_up()

    # what comes

    def audio(self) -> Heard[AudioFrame]:
        """What the friend says, in frames of mostly 20 ms, until the call is over."""
        return self._audio.loop(lambda frame: True)

    def video(self) -> Heard[Picture]:
        """The friend's pictures, until the call is over."""
        return self._pictures.loop(lambda picture: True)

    # what we send

    def send_audio(self, pcm: Buffer | AudioFrame, channels: int = 1, rate: int = 48000) -> bool:
        """Send sound, see `Tox.toxav_audio_send_frame`; False while the friend takes none, or we send none.

        CallError CALL_OVER when the call is over.
        """
        return self._send("toxav_audio_send_frame", pcm, channels, rate)

    def send_picture(self, picture: Picture) -> bool:
        """Send a picture; False while the friend takes none, or we send none."""
        return self._send("toxav_video_send_frame", picture)

    def _send(self, function: str, *values: object) -> bool:
        self._check()
        try:
            self.tox.call(function, self.friend.number, *values)
        except ToxError as error:
            if error.code in NOT_NOW and error.name.startswith("TOXAV_ERR_SEND_FRAME"):
                return False
            raise
        return True

    async def play(self, frames: Iterable[AudioFrame]) -> bool:
        """Send frames in the time that they take, as those of a `WavSource`; False when the call ends before.

        It waits while the friend does not take sound.
        """
        due_s = 0.0
        for frame in frames:
            while not self.why_over and not self.send_audio(frame):
                await asyncio.sleep(PAUSE_S)
            if self.why_over:
                return False
            now_s = self.tox.sync.core.now_ms() / 1000
            due_s = max(due_s or now_s, now_s - MAX_LAG_S) + frame.duration_s
            await asyncio.sleep(due_s - now_s)
        return not self.why_over

    # controls

    def set_bit_rates(self, *, audio: bool | int | None = None, video: bool | int | None = None) -> None:
        """What we send from now on: kbit/s, True for the usual, False for nothing; None: as it is."""
        for value, kind, usual in ((audio, "audio", AUDIO_KBIT), (video, "video", VIDEO_KBIT)):
            if value is not None:
                kbit = as_kbit(value, kind, usual)
                self._check()
                self.tox.call(f"toxav_{kind}_set_bit_rate", self.friend.number, kbit)

    def pause(self) -> None:
        """Neither send nor take anything until `resume`; ToxError INVALID_TRANSITION when it is paused."""
        self._control(CallControl.PAUSE)

    def resume(self) -> None:
        """Go on after `pause`."""
        self._control(CallControl.RESUME)

    def mute(self, muted: bool = True) -> None:
        """Ask the friend to send no sound, or to send it again; what comes nevertheless is not heard."""
        on = as_flag(muted, "muted")
        self._control(CallControl.MUTE_AUDIO if on else CallControl.UNMUTE_AUDIO)

    def hide(self, hidden: bool = True) -> None:
        """Ask the friend to send no pictures, or to send them again; what comes nevertheless is not seen."""
        on = as_flag(hidden, "hidden")
        self._control(CallControl.HIDE_VIDEO if on else CallControl.SHOW_VIDEO)

    def _control(self, control: CallControl) -> None:
        self._check()
        self.tox.call("toxav_call_control", self.friend.number, control)

    def _check(self) -> None:
        """CallError when it is over."""
        if self.why_over:
            raise CallError("CALL_OVER", f"the call is over: {self.why_over}")

    # for its AsyncTox

    def _change(self, state: FriendCallState) -> None:
        """What the friend does has changed; not its end."""
        self.state = state
        finish(self._begun, None)

    def _end(self, why: str, error: CallError | None = None) -> None:
        """It is over."""
        if self.why_over:
            return
        self.why_over = why
        fail(self._begun, error or CallError("CALL_OVER", f"the call is over: {why}"))
        finish_all(self._over)
        self._audio.end()
        self._pictures.end()


def as_kbit(value: bool | int, what: str, usual: int) -> int:
    """A bit rate: True for the usual one."""
    if isinstance(value, bool):
        return usual if value else 0
    return as_range(value, f"{what} in kbit/s", U32_MAX)
