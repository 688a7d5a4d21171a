"""The calls' part of `AsyncTox` and of its `Friend`, and one call: `AsyncCall`.

    call = await friend.call(audio=True, video=True)        async for call in tox.calls():
    async with call:                                            await call.answer()
        call.send_audio(pcm)                                    async for frame in call.audio():
        async for picture in call.video():                          call.send_audio(frame)
            ...

Whoever calls while nobody takes calls, in a loop or as a handler, is refused at once. What comes in a call
waits for its loop for a second or so: sound and pictures that are older are dropped.
"""

from __future__ import annotations

import array
import asyncio
from typing import TYPE_CHECKING

from toxpy.aio_events import MAX_QUEUED_MESSAGES, EventIterator, EventQueues
from toxpy.aio_part import AioPart, FriendPart
from toxpy.arguments import as_number, as_seconds
from toxpy.av.aio_call import AsyncCall, CallError, as_kbit
from toxpy.av.frames import AudioFrame, Picture
from toxpy.av.tox import AUDIO_KBIT, VIDEO_KBIT
from toxpy.generated.typed_enums import CallControl, Connection, FriendCallState
from toxpy.generated.typed_events import Event, ToxavCall, ToxavCallState
from toxpy.handlers import Handlers, check_function

if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.friend.aio import AsyncFriend
    from toxpy.tox import Tox

    CallHandler = Callable[[AsyncCall], object]

#: How long a friend may let it ring unless the program says otherwise, in s.
RING_S = 60.0
OVER = FriendCallState.ERROR | FriendCallState.FINISHED
TAKES_ALL = FriendCallState.ACCEPTING_A | FriendCallState.ACCEPTING_V


class CallBook:
    """The calls of an `AsyncTox`: who is in one, and who takes those of friends."""

    __slots__ = ("_tox", "calls", "handler", "queues")

    def __init__(self, tox: CallsAio) -> None:
        self._tox = tox
        #: by friend number
        self.calls: dict[int, AsyncCall] = {}
        self.queues: EventQueues[AsyncCall] = EventQueues(self._dropped, MAX_QUEUED_MESSAGES)
        self.handler: CallHandler | None = None

    def has_taker(self) -> bool:
        """True if there is a handler that takes calls."""
        return self.handler is not None or self._tox.handlers.has(ToxavCall)

    def begin(self, number: int, *, incoming: bool, state: FriendCallState) -> AsyncCall:
        """A new call."""
        call = AsyncCall(self._tox, self._tox.friend(number), self.hang_up, incoming=incoming, state=state)
        self.calls[number] = call
        return call

    def hang_up(self, call: AsyncCall, why: str) -> None:
        """End a call from our side."""
        number = call.friend.number
        if call.why_over or self.calls.get(number) is not call:
            return
        del self.calls[number]
        call._end(why)
        if not self._tox.closed:
            self._tox.call("toxav_call_control", number, CallControl.CANCEL)

    def forget(self, number: int, why: str) -> None:
        """A call is over without a word of ours."""
        call = self.calls.pop(number, None)
        if call is not None:
            call._end(why)

    def forget_all(self, why: str) -> None:
        """All of them are."""
        for number in list(self.calls):
            self.forget(number, why)

    def _dropped(self, call: AsyncCall, _is_first: bool) -> None:
        """Its loop does not take it."""
        self.hang_up(call, "nobody took it")

    def raise_if_over(self) -> None:
        """For loops: there are no more calls."""
        if self._tox.closed:
            if self._tox._failure is not None:
                raise self._tox._failure
            raise StopAsyncIteration

    # what friends do

    def on_call(self, event: ToxavCall) -> None:
        """A friend calls."""
        state = TAKES_ALL
        if event.audio_enabled:
            state |= FriendCallState.SENDING_A
        if event.video_enabled:
            state |= FriendCallState.SENDING_V
        call = self.begin(event.friend_number, incoming=True, state=state)
        handler = self.handler
        if not self.has_taker() and not self.queues.has_loop:
            self.hang_up(call, "nobody takes calls")
            return
        if self.queues.has_loop:
            self.queues.put(call)
        if handler is not None:
            self._run(handler, call, event)

    def _run(self, handler: CallHandler, call: AsyncCall, event: Event) -> None:
        try:
            result = handler(call)
        except Exception as error:  # noqa: BLE001
            self._tox._report_program_error(error, event)
            return
        if asyncio.iscoroutine(result):
            self._tox._spawn(result, event)

    def on_state(self, event: ToxavCallState) -> None:
        """A friend in a call does something else, or ends it."""
        number, state = event.friend_number, FriendCallState(event.state)
        call = self.calls.get(number)
        if call is None:
            return
        if not state & OVER:
            call._change(state)
            return
        del self.calls[number]
        if state & FriendCallState.FINISHED:
            hung_up = call.active or call.incoming
            why = "the friend hung up" if hung_up else "the friend does not take it, or is busy"
            call._end(why, CallError("CALL_REFUSED", why))
            return
        is_away = self._tox.sync.friend_get_connection_status(number) == Connection.NONE
        if is_away:
            why = "the friend went offline"
        else:
            why = "the connection broke" if call.active else "the friend's program takes no calls"
        call._end(why, CallError("CALL_FAILED", why, retryable=is_away))

    def hear(self, number: int, frame: AudioFrame) -> None:
        """A friend says something."""
        call = self.calls.get(number)
        if call is not None:
            pcm = array.array("h", frame.pcm.tobytes())
            call._audio.put(AudioFrame(memoryview(pcm), frame.channels, frame.rate))

    def see(self, number: int, picture: Picture) -> None:
        """A friend shows something."""
        call = self.calls.get(number)
        if call is not None:
            call._pictures.put(picture.copy())


class CallsAio(AioPart):
    """Part of `AsyncTox`: calls."""

    handlers: Handlers

    def __init__(self) -> None:
        super().__init__()
        self._call_book = CallBook(self)

    def _begin(self, sync: Tox) -> None:
        sync.on_audio_frame(self._call_book.hear)
        sync.on_video_frame(self._call_book.see)
        super()._begin(sync)
        self._take_calls()

    def _take_calls(self) -> None:
        """From now on, if there is a handler that does."""
        if not self.closed and self._call_book.has_taker():
            self.call("toxav_new")

    def friend(self, number: int) -> AsyncFriend:
        """The friend with that number."""
        raise NotImplementedError

    async def call_friend(
        self,
        number: int,
        *,
        audio: bool | int = True,
        video: bool | int = False,
        timeout_s: float | None = RING_S,
    ) -> AsyncCall:
        """Call a friend, and return when they answer. `audio` and `video`: True, or a bit rate in kbit/s.

        ToxError FRIEND_NOT_CONNECTED when they are offline, CallError CALL_REFUSED or CALL_FAILED when it
        comes to nothing, TimeoutError after `timeout_s`. Then, or when this is cancelled, it rings no longer.
        """
        rates = as_kbit(audio, "audio", AUDIO_KBIT), as_kbit(video, "video", VIDEO_KBIT)
        as_seconds(timeout_s, "timeout_s")
        self.call("toxav_call", number, *rates)
        call = self._call_book.begin(number, incoming=False, state=FriendCallState.NONE)
        try:
            async with asyncio.timeout(timeout_s):
                # not `await`ed itself: that would cancel it together with who waits
                await asyncio.wait([call._begun])
                call._begun.result()
        except TimeoutError as error:
            self._call_book.hang_up(call, "the friend did not answer")
            raise TimeoutError(f"the friend did not answer within {timeout_s:g} s") from error
        except asyncio.CancelledError:
            self._call_book.hang_up(call, "we gave up")
            raise
        return call

    def calls(self) -> EventIterator[AsyncCall]:
        """Calls of friends, which ring until `answer` or `reject`; of several loops each gets all."""
        self.call("toxav_new")
        return EventIterator(self._call_book.queues, self._loop, self._call_book.raise_if_over)

    def on_call(self, handler: CallHandler | None) -> CallHandler | None:
        """Call `handler(call)` when a friend calls; None to stop. The handler before is returned.

        It may be async: then each call has a task of its own.
        """
        check_function(handler, may_be_async=True)
        before, self._call_book.handler = self._call_book.handler, handler
        self._take_calls()
        return before

    def current_call(self, number: int) -> AsyncCall | None:
        """The call with that friend, ringing or answered; None when there is none."""
        return self._call_book.calls.get(as_number(number))

    # moments

    def _on_event(self, event: Event) -> None:
        if isinstance(event, ToxavCall):
            self._call_book.on_call(event)
        elif isinstance(event, ToxavCallState):
            self._call_book.on_state(event)
        super()._on_event(event)

    def _forget_friend(self, number: int, why: str) -> None:
        self._call_book.forget(number, why)
        super()._forget_friend(number, why)

    def _forget_all(self, why: str) -> None:
        self._call_book.forget_all(why)
        super()._forget_all(why)

    def _on_close(self) -> None:
        self._call_book.forget_all("this AsyncTox was closed")
        self._call_book.queues.wake_all()
        super()._on_close()


class CallsFriend(FriendPart):
    """Part of `Friend`."""

    __slots__ = ()

    tox: CallsAio

    async def call(
        self, *, audio: bool | int = True, video: bool | int = False, timeout_s: float | None = RING_S
    ) -> AsyncCall:
        """See `AsyncTox.call_friend`: `call = await friend.call(audio=True, video=True)`."""
        return await self.tox.call_friend(self.number, audio=audio, video=video, timeout_s=timeout_s)

    @property
    def current_call(self) -> AsyncCall | None:
        """The call with the friend, ringing or answered; None when there is none."""
        return self.tox.current_call(self.number)
