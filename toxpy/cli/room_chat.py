"""What `conference chat` and `group chat` share: lines become messages and commands, what comes is shown."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple

from toxpy.cli import settings
from toxpy.cli.chat import MAX_WAITING, terminal_lines
from toxpy.cli.files import Receiver
from toxpy.cli.messages import accept_or_tell, add_friend_options, tell_messages
from toxpy.cli.progress import Progress
from toxpy.cli.rooms import LINGER_S, LOOK_S, delivered, fields_of, kind_of, room_name
from toxpy.cli.session import CliSession, message_parts
from toxpy.cli.terminal import TIMED_OUT, Failure
from toxpy.conference.aio import AsyncConference
from toxpy.errors import ToxError
from toxpy.generated.typed_enums import MessageType
from toxpy.generated.typed_events import FileRecv
from toxpy.group.aio import AsyncGroup


class NotSaid(Failure):
    """A message was not sent; others may be."""


class Ended(Exception):
    """What was typed ends the talk at once."""


class Command(NamedTuple):
    """What begins with a slash."""

    #: what must follow it, "" for nothing
    follows: str
    run: Callable[[str], Awaitable[None] | None]


def make_chat_parser(kind: str, help_text: str, room_help: str) -> argparse.ArgumentParser:
    """The command line of `KIND chat`."""
    parser = settings.make_parser(
        f"{kind} chat", f"Talk in a {kind}: each line is a message, but for these:\n\n{help_text}"
    )
    parser.add_argument(
        kind,
        metavar=kind.upper(),
        nargs="?",
        type=settings.named,
        help=room_help + "; not needed for the only one",
    )
    parser.add_argument("--accept", action="store_true", help="accept all friend requests")
    parser.add_argument(
        "--linger",
        metavar="SECONDS",
        type=settings.seconds,
        default=LINGER_S,
        help=f"how long to stay for answers after the end of the input (default: {LINGER_S:g})",
    )
    add_friend_options(parser.add_argument, timeout_s=0)
    settings.add_network_options(parser)
    return parser


async def talk(session: CliSession, chat: RoomChat) -> None:
    """Talk with what is typed, and deal with what else friends do."""
    accept_or_tell(session, session.arguments.accept)
    tell_messages(session)
    with contextlib.ExitStack() as stack:
        lines, progress = terminal_lines(session, stack, chat.help_text)
        stack.enter_context(progress)
        session.tox.on(FileRecv, Receiver(session, Progress(session.out)).offered)
        await chat.run(lines)


class RoomChat:
    """A talk; who it is with, and what can be typed, is in classes below."""

    help_text: str
    #: bytes of a message that everybody takes
    max_message_size: int

    def __init__(self, session: CliSession, room: AsyncConference | AsyncGroup) -> None:
        self._session = session
        self._room = room
        #: somebody came or went
        self._changed = asyncio.Event()
        self._commands: dict[str, Command] = {}
        self._unsaid = 0
        #: typed while nobody was there
        self._waiting: asyncio.Queue[tuple[str, MessageType]] = asyncio.Queue(MAX_WAITING)
        #: how many of them are not said yet, with the one that is on its way
        self._pending = 0

    async def run(self, lines: AsyncIterator[str]) -> None:
        """Send what is typed until there is no more, and show what comes."""
        saying = asyncio.ensure_future(self._say_all())
        tasks = [asyncio.ensure_future(self._read_all(lines, saying)), asyncio.ensure_future(self._listen())]
        tasks.append(saying)
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            if not task.cancelled():
                task.result()
        self._unsaid += self._pending
        if self._unsaid:
            raise Failure(f"{self._unsaid} messages were not said")

    async def _read_all(self, lines: AsyncIterator[str], saying: asyncio.Future[None]) -> None:
        try:
            await self._read(lines)
            self._tell_rest()
            await self._waiting.join()
            await asyncio.sleep(self._session.arguments.linger)
            await delivered(self._room)
        except Ended:
            # the room is gone: nothing more can be said
            saying.cancel()

    def _tell_rest(self) -> None:
        if self._pending:
            where, count = room_name(self._room), self._pending
            text = f"{count} messages wait for somebody to be in {where}; Ctrl-C ends at once"
            self._session.out.status("leaving", text, count=count)

    async def _read(self, lines: AsyncIterator[str]) -> None:
        async for line in lines:
            command, _, rest = line.strip().partition(" ")
            if command == "/quit":
                break
            if command == "/me" and rest:
                await self._say(rest, MessageType.ACTION)
            elif line.startswith("/") and not line.startswith("//"):
                await self._command(command, rest.strip())
            elif line.strip():
                await self._say(line[1:] if line.startswith("//") else line, MessageType.NORMAL)

    # what is said

    async def _say(self, text: str, kind: MessageType) -> None:
        """At once while others are there; else it waits its turn, and commands do not."""
        for part in message_parts(text, self.max_message_size):
            if self._pending or not await self._say_now(part, kind):
                self._pending += 1
                await self._waiting.put((part, kind))

    async def _say_all(self) -> None:
        while True:
            await self._say_waiting(*await self._waiting.get())
            self._pending -= 1
            self._waiting.task_done()

    async def _say_now(self, part: str, kind: MessageType) -> bool:
        """False while nobody is there."""
        try:
            while not await self._try_to_say(part, kind):
                if self._is_alone():
                    return False
                # the others are about to be there: what is typed next stays behind this
                await self._change()
            self._tell_sent(part, kind)
        except NotSaid as error:
            self._unsaid += 1
            self._session.out.warning(f"not said: {error}")
        return True

    async def _change(self) -> None:
        """Return when somebody has come or gone, or soon."""
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), LOOK_S)

    def _tell_sent(self, text: str, kind: MessageType) -> None:
        self._status("sent", "", type=kind.name.lower(), text=text)

    async def _say_waiting(self, text: str, kind: MessageType) -> None:
        """As soon as anybody is there; Failure when `--timeout` is over."""
        limit, told = self._session.arguments.timeout or None, False
        try:
            async with asyncio.timeout(limit):
                while not await self._say_now(text, kind):
                    if not told:
                        told = True
                        self._status("waiting", f"waiting for somebody to be in {room_name(self._room)}")
                    await self._change()
        except TimeoutError as error:
            problem = f"nobody is in {room_name(self._room)} after {limit:g} s{self._why_alone()}"
            raise Failure(problem, TIMED_OUT) from error

    async def _command(self, command: str, rest: str) -> None:
        known = self._commands.get(command)
        try:
            if known is None:
                if command != "/help":
                    what = (
                        f"{command} is followed by TEXT"
                        if command == "/me"
                        else f"no such command: {command}"
                    )
                    raise Failure(what)
                self._tell_help()
            elif known.follows and not rest:
                raise Failure(f"{command} is followed by {known.follows}")
            else:
                if command == "/close":
                    # the farewell comes after what was said
                    await delivered(self._room)
                done = known.run(rest)
                if done is not None:
                    await done
        except (Failure, ToxError, ValueError) as error:
            self._session.out.warning(str(error))
            if known is None and command != "/me":
                self._tell_help()

    def _tell_help(self) -> None:
        help_text = self.help_text
        self._session.out.status("help", f"What can be typed:\n{help_text}", message=help_text)

    def _status(self, what: str, text: str, /, **fields: object) -> None:
        """Something that happened in the room."""
        room = self._room
        self._session.out.status(f"{kind_of(room)}_{what}", text, **fields_of(room), **fields)

    def _message(self, line: str, /, **fields: object) -> None:
        """Somebody said something."""
        room = self._room
        self._session.out.result(f"{kind_of(room)}_message", line, **fields_of(room), **fields)

    # for the classes below

    def _why_alone(self) -> str:
        """What there is to say about it that nobody is there."""
        return ""

    def _is_alone(self) -> bool:
        """True if it may take long until somebody is there."""
        return True

    async def _try_to_say(self, text: str, kind: MessageType) -> bool:
        """Send it; False while nobody is there."""
        raise NotImplementedError

    async def _listen(self) -> None:
        """Show what comes."""
        raise NotImplementedError
