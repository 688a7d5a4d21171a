"""`call` and `answer`: sound from a WAV file into a call, and what is heard into another."""

from __future__ import annotations

import asyncio
import itertools
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from toxpy.av.frames import AudioFrame
from toxpy.av.wav import WavRecorder, WavSource
from toxpy.cli import settings
from toxpy.cli.messages import FRIEND_HELP, REQUEST_TEXT, accept_or_tell, add_friend_options, tell_messages
from toxpy.cli.progress import terminal_line
from toxpy.cli.session import CliSession, run
from toxpy.cli.terminal import TIMED_OUT, Failure
from toxpy.errors import ToxError
from toxpy.media.codecs import missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from toxpy.aio import Friend
    from toxpy.av.aio_call import AsyncCall

#: How long the last frame may take to leave, and to be heard, before we hang up, in s.
LAST_FRAME_S = 0.3
#: How often it is said how far a call is, in s.
REPORT_S = 1.0
WAV_HELP = "send that WAV file: 16 bits, 1 or 2 channels, 8000, 12000, 16000, 24000 or 48000 samples a second"


def call_main(words: list[str]) -> int:
    """`call`."""
    parser = settings.make_parser(
        "call",
        "Call a friend, with the sound of a WAV file, and record what is heard.",
        "The call ends with the file of --wav, when the friend hangs up, or with Ctrl-C. --timeout is how\n"
        "long to wait for the friend, and how long it may ring.",
    )
    parser.add_argument("friend", metavar="FRIEND", help=FRIEND_HELP)
    _add_sound_options(parser.add_argument)
    add_friend_options(parser.add_argument)
    settings.add_network_options(parser)
    arguments = parser.parse_args(words)

    async def call(session: CliSession) -> None:
        check_codecs()
        with ExitStack() as files:
            source = _open_source(arguments.wav, files)
            _check_new(arguments.record)
            tell_messages(session)
            friend = session.find_friend(arguments.friend, request=arguments.request)
            await session.online(friend)
            answered = await _ring(session, friend)
            recorder = _open_recorder(arguments.record, files)
            await talk(session, answered, friend, source, recorder, ends_with_source=True)

    return run(arguments, call)


def answer_main(words: list[str]) -> int:
    """`answer`."""
    parser = settings.make_parser(
        "answer",
        "Answer a friend's call, with the sound of a WAV file, and record what is heard.",
        "A call ends when the friend hangs up; without --record also with the file of --wav. Of several\n"
        "calls the first is recorded into FILE.wav, the others into FILE-2.wav and so on, where these are\n"
        "free. Whoever else calls meanwhile has to wait.",
    )
    parser.add_argument(
        "--from", dest="friend", metavar="FRIEND", help="refuse others than this friend: " + FRIEND_HELP
    )
    _add_sound_options(parser.add_argument)
    parser.add_argument(
        "--count",
        metavar="N",
        type=int,
        default=1,
        help="end after that many calls (default: 1; 0: never)",
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=settings.seconds,
        default=0.0,
        help="how long to wait for a call (default: 0, for ever)",
    )
    parser.add_argument("--accept", action="store_true", help="accept all friend requests")
    parser.add_argument(
        "--request",
        metavar="TEXT",
        type=settings.spoken,
        default=REQUEST_TEXT,
        help="what a friend request says",
    )
    settings.add_network_options(parser)
    arguments = parser.parse_args(words)
    if arguments.count < 0:
        parser.error("--count must be at least 0")
    return run(arguments, answer, endless=arguments.count == 0)


def _add_sound_options(add: Callable[..., object]) -> None:
    add("--wav", metavar="FILE", type=settings.file_name, help=WAV_HELP)
    add(
        "--record",
        metavar="FILE",
        type=settings.file_name,
        help="write what is heard into that WAV file, which must not exist",
    )


def check_codecs() -> None:
    """Failure when calls cannot work here."""
    reason = missing()
    if reason:
        raise Failure(f"no calls: {reason}")


def _open_source(path: str | None, files: ExitStack) -> WavSource | None:
    if path is None:
        return None
    try:
        return files.enter_context(WavSource(path))
    except OSError as error:
        raise Failure(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise Failure(str(error)) from error


def _open_recorder(path: str | None, files: ExitStack) -> WavRecorder | None:
    if path is None:
        return None
    try:
        return files.enter_context(WavRecorder(path))
    except FileExistsError as error:
        raise Failure(f"{path} exists: choose another name for --record") from error
    except OSError as error:
        raise Failure(f"cannot write {path}: {error.strerror}") from error


async def _ring(session: CliSession, friend: Friend) -> AsyncCall:
    """Call, and wait for the answer."""
    name, limit_s = session.name_of(friend), session.arguments.timeout or None
    session.out.status("calling", f"calling {name}", **session.fields_of(friend))
    try:
        return await friend.call(timeout_s=limit_s)
    except TimeoutError as error:
        raise Failure(f"{name} did not answer within {limit_s:g} s", TIMED_OUT) from error
    except ToxError as error:
        raise Failure(f"{name} cannot be called: {error}") from error


async def answer(session: CliSession) -> None:
    """Take calls until it is enough."""
    arguments, only = session.arguments, None
    check_codecs()
    _open_source(arguments.wav, files := ExitStack())
    files.close()
    _check_new(arguments.record)
    if arguments.friend is not None:
        only = session.find_friend(arguments.friend, request=arguments.request)
    tell_messages(session)
    accept_or_tell(session, arguments.accept)
    calls, count = session.tox.calls(), 0
    session.out.status("listening", "waiting for calls")
    while count < arguments.count or not arguments.count:
        try:
            async with asyncio.timeout(arguments.timeout or None):
                call = await anext(calls)
        except TimeoutError as error:
            raise Failure(f"nobody called within {arguments.timeout:g} s", TIMED_OUT) from error
        friend = session.tox.friend(call.friend.number)
        if only is not None and friend.number != only.number:
            text = f"{session.name_of(friend)} called, and was refused"
            session.out.status("call_refused", text, **session.fields_of(friend))
            await call.reject()
            continue
        count += 1
        await _take(session, call, friend, count)


async def _take(session: CliSession, call: AsyncCall, friend: Friend, count: int) -> None:
    """Answer a call and stay in it."""
    arguments = session.arguments
    with ExitStack() as files:
        source = _open_source(arguments.wav, files)
        try:
            await call.answer()
        except ToxError as error:
            session.out.warning(f"the call of {session.name_of(friend)}: {error}")
            return
        recorder = _open_recorder(free_name(arguments.record, count), files)
        await talk(session, call, friend, source, recorder, ends_with_source=recorder is None)


def free_name(path: str | None, count: int) -> str | None:
    """The file for that call: the first has the name itself, the others a number that is free."""
    if path is None or count == 1:
        return path
    stem, ending = os.path.splitext(path)
    return next(name for n in itertools.count(count) if not os.path.exists(name := f"{stem}-{n}{ending}"))


def _check_new(path: str | None) -> None:
    """Failure where nothing can be recorded, before anybody calls."""
    if path is not None and os.path.exists(path):
        raise Failure(f"{path} exists: choose another name for --record")
    if path is not None and not os.path.isdir(folder := os.path.dirname(path) or "."):
        raise Failure(f"there is no folder {folder}")


async def talk(
    session: CliSession,
    call: AsyncCall,
    friend: Friend,
    source: WavSource | None,
    recorder: WavRecorder | None,
    *,
    ends_with_source: bool,
) -> None:
    """Be in a call until it is over; says what was sent and heard."""
    name, fields = session.name_of(friend), session.fields_of(friend)
    session.out.status("call_begun", f"in a call with {name}", **fields, incoming=call.incoming)
    sound = _Sound(call, source, recorder)
    listening = asyncio.ensure_future(sound.listen())
    sending = asyncio.ensure_future(sound.send())
    reporting = asyncio.ensure_future(_report(session, sound, fields))
    waiting = [listening, sending] if source is not None and ends_with_source else [listening]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if not listening.done():
            await asyncio.sleep(LAST_FRAME_S)
        await call.hang_up()
        await asyncio.gather(listening, sending)
    finally:
        for task in (listening, sending, reporting):
            task.cancel()
        # also of Ctrl-C: the friend is not to wait
        await call.hang_up()
        heard = f"{sound.heard_s:.1f} s were heard"
        if recorder is not None:
            recorder.close()
            heard += f", they are in {recorder.path}"
        session.out.result(
            "call_over",
            f"the call with {name} is over: {call.why_over}; {sound.sent_s:.1f} s were sent, {heard}",
            **fields,
            message=call.why_over,
            sent_s=round(sound.sent_s, 3),
            heard_s=round(sound.heard_s, 3),
            record=None if recorder is None else str(recorder.path),
        )


async def _report(session: CliSession, sound: _Sound, fields: dict[str, Any]) -> None:
    """Say every now and then how far it is: to scripts, and on a line of the terminal."""
    with terminal_line(session.out) as show:
        while True:
            show(f"{sound.sent_s:.0f} s sent, {sound.heard_s:.0f} s heard")
            await asyncio.sleep(REPORT_S)
            seconds = {"sent_s": round(sound.sent_s, 3), "heard_s": round(sound.heard_s, 3)}
            session.out.status("call_progress", "", **fields, **seconds)


class _Sound:
    """What is sent and heard in a call."""

    __slots__ = ("_call", "_recorder", "_source", "heard_s", "sent_s")

    def __init__(self, call: AsyncCall, source: WavSource | None, recorder: WavRecorder | None) -> None:
        self._call = call
        self._source = source
        self._recorder = recorder
        self.sent_s = self.heard_s = 0.0

    async def send(self) -> None:
        """To the end of the file, or of the call."""
        if self._source is not None:
            await self._call.play(self._counted(self._source))

    def _counted(self, source: WavSource) -> Iterator[AudioFrame]:
        for frame in source.frames():
            yield frame
            self.sent_s += frame.duration_s

    async def listen(self) -> None:
        """Until the call is over; Failure when it cannot be written."""
        async for frame in self._call.audio():
            self._take(frame)

    def _take(self, frame: AudioFrame) -> None:
        self.heard_s += frame.duration_s
        if self._recorder is None:
            return
        try:
            if not self._recorder.write(frame):
                raise Failure(f"{self._recorder.path} is full: a WAV file can be no larger")
        except OSError as error:
            raise Failure(f"cannot write {self._recorder.path}: {error.strerror}") from error
