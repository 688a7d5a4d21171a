"""`chat`: a conversation with one friend, typed in a terminal or piped through stdin and stdout."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

from toxpy.aio import Friend
from toxpy.cli import networks, settings
from toxpy.cli.files import Receiver, add_receive_options, check_readable, send_one
from toxpy.cli.messages import FRIEND_HELP, accept_or_tell, add_friend_options, tell_messages
from toxpy.cli.progress import FootProgress, Progress
from toxpy.cli.session import CliSession, run
from toxpy.cli.states import until_not_on_its_way
from toxpy.cli.stdin_lines import input_lines
from toxpy.cli.terminal import Failure
from toxpy.errors import ToxError
from toxpy.ext.messages.sent import MessageError
from toxpy.ext.offline.message_state import MessageState
from toxpy.generated.typed_enums import Connection, MessageType
from toxpy.generated.typed_events import FileRecv

HELP = """\
/me TEXT           send an action
/reply TEXT        answer the friend's last message
/edit TEXT         give your last message another text
/delete            take your last message back
/send FILE         send a file
/accept [FOLDER]   take the file that was offered first, into the current folder or another
/decline           decline it
/quit              wait until all was received and end, as Ctrl-D does; Ctrl-C ends at once
//TEXT             send a message that begins with /"""
#: Lines that wait to be sent.
MAX_WAITING = 1000
NORMAL, ACTION = MessageType.NORMAL, MessageType.ACTION

#: What a line has done, with its text.
Do = Callable[[str, MessageType], Awaitable[None]]


def main(words: list[str]) -> int:
    """Run the command."""
    parser = settings.make_parser(
        "chat", "Talk to a friend: each line is a message, but for these:\n\n" + HELP
    )
    parser.add_argument("friend", metavar="FRIEND", help=FRIEND_HELP)
    parser.add_argument("--accept", action="store_true", help="accept all friend requests")
    parser.add_argument(
        "--at",
        metavar="NAME:PORT:KEY",
        type=networks.friends_place,
        help="look for the friend at this endpoint; their program says it when it is ready. It is remembered",
    )
    settings.add_extended_option(parser)
    add_receive_options(parser.add_argument, "you are asked")
    parser.add_argument(
        "--linger",
        metavar="SECONDS",
        type=settings.seconds,
        default=0.0,
        help="how long to stay for answers after the end of the input",
    )
    add_friend_options(parser.add_argument, timeout_s=0)
    settings.add_network_options(parser)
    arguments = parser.parse_args(words)

    async def chat(session: CliSession) -> None:
        friend = session.find_friend(arguments.friend, request=arguments.request)
        if arguments.at is not None:
            session.tox.sync.friend_set_endpoints(friend.number, [arguments.at])
        accept_or_tell(session, arguments.accept)
        with contextlib.ExitStack() as stack:
            lines, progress = terminal_lines(session, stack, HELP)
            stack.enter_context(progress)
            receiver = stack.enter_context(Receiver(session, progress, ask=True))
            tell_messages(session, wanted=True)
            session.tox.on(FileRecv, receiver.offered)
            await Conversation(session, friend, receiver, progress).run(lines)
            # also for the receipt of what came last
            await asyncio.sleep(arguments.linger)

    return run(arguments, chat)


def terminal_lines(
    session: CliSession, stack: contextlib.ExitStack, help_text: str
) -> tuple[AsyncIterator[str], Progress]:
    """Where lines come from, and where progress is shown."""
    if sys.stdin.isatty() and sys.stdout.isatty() and not session.arguments.json:
        foot = FootProgress(session.out)
        lines = edited_lines(foot, stack)
        if lines is not None:
            session.out.status("help", "/help tells what can be typed", message=help_text)
            return lines, foot
    return input_lines(), Progress(session.out)


class Conversation:
    """What is typed becomes messages and commands."""

    def __init__(self, session: CliSession, friend: Friend, receiver: Receiver, progress: Progress) -> None:
        self._session = session
        self._friend = friend
        self._receiver = receiver
        self._progress = progress
        self._waiting: asyncio.Queue[tuple[Do, str, MessageType]] = asyncio.Queue(MAX_WAITING)
        #: id of our last message
        self._last: bytes = b""
        #: commands that are sent in one row with messages
        self._said: dict[str, Do] = {
            "/me": self._send,
            "/reply": self._reply,
            "/edit": self._edit,
            "/delete": self._delete,
        }
        self._files: set[asyncio.Task[None]] = set()
        self._failed = self._unsent = 0

    async def run(self, lines: AsyncIterator[str]) -> None:
        """Send what is typed, in order, while more is typed; return when all was received."""
        tasks = [asyncio.ensure_future(self._read_all(lines)), asyncio.ensure_future(self._send_all())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*tasks, *self._files):
                task.cancel()
            await asyncio.gather(*tasks, *self._files, return_exceptions=True)
        for task in done:
            task.result()
        if self._failed:
            raise Failure(f"{self._failed} messages or files may not have arrived")

    async def _send_all(self) -> None:
        session, friend = self._session, self._friend
        while True:
            do, text, kind = await self._waiting.get()
            if session.states is None:
                await session.online(friend)
            try:
                await do(text, kind)
            except (MessageError, Failure) as error:
                self._failed += 1
                session.out.warning(str(error))
            except ToxError as error:
                self._failed += 1
                session.out.status(
                    "unconfirmed",
                    f"it is not known whether this arrived: {text} ({error})",
                    **session.fields_of(friend),
                    type=kind.name.lower(),
                    text=text,
                    message=str(error),
                )
            self._unsent -= 1
            self._waiting.task_done()

    async def _send(self, text: str, kind: MessageType, reply_to: bytes | None = None) -> None:
        if self._session.states is None:
            self._last = await self._session.send(self._friend, text, kind, reply_to)
        else:
            self._last = (await self._session.hand_over(self._friend, text, kind, reply_to))[-1].id

    async def _reply(self, text: str, kind: MessageType) -> None:
        last = self._session.said.last_of(self._friend)
        if last is None:
            raise Failure(f"nothing came that could be answered by /reply: {text}")
        await self._send(text, kind, last)

    async def _edit(self, text: str, kind: MessageType) -> None:
        last = self._own()
        self._check_online()
        sent = await self._friend.edit(last, text)
        await self._session.received(self._friend, sent, text, kind)

    async def _delete(self, _text: str, _kind: MessageType) -> None:
        last = self._own()
        kept = self._friend.outbox() if self._session.states is not None else ()
        if any(queued.id == last and queued.state == MessageState.QUEUED for queued in kept):
            # nobody has it
            self._friend.cancel_message(last)
        else:
            self._check_online()
            await self._friend.delete_message(last)
        self._last = b""

    def _check_online(self) -> None:
        if self._friend.connection == Connection.NONE:
            raise Failure("your last message can be changed when the friend is online")

    def _own(self) -> bytes:
        if not self._last:
            raise Failure("there is no message of yours to change")
        return self._last

    async def _read_all(self, lines: AsyncIterator[str]) -> None:
        async for line in lines:
            command, _, rest = line.strip().partition(" ")
            if command == "/quit":
                break
            if command in self._said and (rest or command == "/delete"):
                await self._say(self._said[command], rest, ACTION if command == "/me" else NORMAL)
            elif line.startswith("/") and not line.startswith("//"):
                self._command(command, rest.strip())
            elif line.strip():
                await self._say(self._send, line[1:] if line.startswith("//") else line)
        self._tell_rest()
        await self._waiting.join()
        if self._files:
            await asyncio.wait(self._files)
        if self._session.states is not None:
            await until_not_on_its_way(self._friend)

    async def _say(self, do: Do, text: str, kind: MessageType = NORMAL) -> None:
        """In the order in which it is typed, once the friend is there."""
        self._unsent += 1
        await self._waiting.put((do, text, kind))

    def _tell_rest(self) -> None:
        count = self._unsent + len(self._files)
        if count:
            self._session.out.status(
                "leaving",
                f"{count} messages or files are still on their way; Ctrl-C ends at once",
                count=count,
            )

    def _command(self, command: str, rest: str) -> None:
        try:
            if command == "/send":
                path = os.path.expanduser(rest)
                check_readable(path)
                task = asyncio.ensure_future(self._send_file(path))
                self._files.add(task)
                task.add_done_callback(self._files.discard)
            elif command == "/accept":
                self._receiver.accept_oldest(os.path.expanduser(rest) or ".")
            elif command == "/decline":
                self._receiver.decline_oldest()
            else:
                self._session.out.status("help", f"What can be typed:\n{HELP}", message=HELP)
        except Failure as error:
            self._session.out.warning(str(error))

    async def _send_file(self, path: str) -> None:
        try:
            await send_one(self._session, self._friend, path, self._progress)
        except Failure as error:
            self._failed += 1
            self._session.out.warning(str(error))


def edited_lines(foot: FootProgress, stack: contextlib.ExitStack) -> AsyncIterator[str] | None:
    """Lines edited at the foot of the terminal, what comes meanwhile above; None without prompt_toolkit."""
    try:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.patch_stdout import patch_stdout
    except ModuleNotFoundError:
        return None
    prompt: PromptSession[str] = PromptSession("> ")
    stack.enter_context(patch_stdout())

    def show(text: str) -> None:
        prompt.bottom_toolbar = text or None
        prompt.app.invalidate()

    foot.on_change = show

    async def read() -> AsyncIterator[str]:
        while True:
            try:
                # with handle_sigint it would take away the handler of the loop for good
                yield await prompt.prompt_async(handle_sigint=False)
            except EOFError:
                return
            except KeyboardInterrupt:
                # a key in this mode: make it the signal that it is elsewhere
                signal.raise_signal(signal.SIGINT)
                await asyncio.Event().wait()

    return read()
