"""`conference chat`: a talk in a conference, typed in a terminal or piped through stdin and stdout."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from toxpy.cli import settings
from toxpy.cli.chat import terminal_lines
from toxpy.cli.conference import (
    CONFERENCE_HELP,
    LINGER_S,
    LOOK_S,
    conference_name,
    fields_of,
    find_conference,
    send_invitation,
    tell_invitation,
)
from toxpy.cli.files import Receiver
from toxpy.cli.messages import accept_or_tell, add_friend_options, tell_messages
from toxpy.cli.progress import Progress
from toxpy.cli.session import CliSession, message_parts, run
from toxpy.cli.terminal import TIMED_OUT, Failure, visible
from toxpy.conference.aio import AsyncConference, HeardMessage, Peer
from toxpy.conference.packets import MAX_NAME_LENGTH
from toxpy.errors import ToxError
from toxpy.generated.enums import TOX_ERR_CONFERENCE_SEND_MESSAGE_NO_CONNECTION
from toxpy.generated.typed_enums import MessageType
from toxpy.generated.typed_events import (
    ConferenceInvite,
    ConferencePeerListChanged,
    ConferenceTitle,
    FileRecv,
)
from toxpy.ids import PublicKey

HELP = """\
/me TEXT           send an action
/invite FRIEND     invite a friend: public key, name or Tox ID
/title TEXT        set the title
/peers             show who is there
/quit              end, as Ctrl-D does
//TEXT             send a message that begins with /"""
#: Commands that are nothing without what follows.
FOLLOWED_BY = {"/me": "TEXT", "/invite": "FRIEND", "/title": "TEXT"}
#: Bytes of a message that everybody takes; c-toxcore's limit.
MAX_MESSAGE_SIZE = 1363
#: Seconds that a new peer has to tell its name before it is shown.
NAME_S = 0.3


def peer_name(peer: Peer) -> str:
    """A peer's name for people, on one line."""
    return visible(peer.name).strip() or f"{str(peer.public_key)[:8]}…"


def chat_main(words: list[str]) -> int:
    """`conference chat`."""
    parser = settings.make_parser(
        "conference chat", "Talk in a conference: each line is a message, but for these:\n\n" + HELP
    )
    parser.add_argument(
        "conference", metavar="CONFERENCE", nargs="?", help=CONFERENCE_HELP + "; not needed for the only one"
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
    arguments = parser.parse_args(words)

    async def chat(session: CliSession) -> None:
        conference = find_conference(session, arguments.conference)
        accept_or_tell(session, arguments.accept)
        tell_messages(session)
        session.tox.on(ConferenceInvite, lambda event: tell_invitation(session, event))
        with contextlib.ExitStack() as stack:
            lines, progress = terminal_lines(session, stack, HELP)
            stack.enter_context(progress)
            session.tox.on(FileRecv, Receiver(session, Progress(session.out)).offered)
            await ConferenceChat(session, conference).run(lines)

    return run(arguments, chat)


class ConferenceChat:
    """What is typed becomes messages and commands, what comes is shown."""

    def __init__(self, session: CliSession, conference: AsyncConference) -> None:
        self._session = session
        self._conference = conference
        self._there: dict[PublicKey, str] = {}
        self._changed = asyncio.Event()
        self._is_to_look = False
        session.tox.on(ConferencePeerListChanged, self._on_peers)
        session.tox.on(ConferenceTitle, self._on_title)

    async def run(self, lines: AsyncIterator[str]) -> None:
        """Send what is typed until there is no more, and show what comes."""
        self._look()
        tasks = [asyncio.ensure_future(self._read_all(lines)), asyncio.ensure_future(self._listen())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    async def _read_all(self, lines: AsyncIterator[str]) -> None:
        async for line in lines:
            command, _, rest = line.strip().partition(" ")
            if command == "/quit":
                break
            if command == "/me" and rest:
                await self._say(rest, MessageType.ACTION)
            elif line.startswith("/") and not line.startswith("//"):
                self._command(command, rest.strip())
            elif line.strip():
                await self._say(line[1:] if line.startswith("//") else line, MessageType.NORMAL)
        await asyncio.sleep(self._session.arguments.linger)

    async def _say(self, text: str, kind: MessageType) -> None:
        for part in message_parts(text, MAX_MESSAGE_SIZE):
            await self._say_part(part, kind)
            self._session.out.status(
                "conference_sent", "", **fields_of(self._conference), type=kind.name.lower(), text=part
            )

    async def _say_part(self, text: str, kind: MessageType) -> None:
        """As soon as anybody is there; Failure when `--timeout` is over."""
        limit, told = self._session.arguments.timeout or None, False
        try:
            async with asyncio.timeout(limit):
                while True:
                    try:
                        return await self._conference.send(text, kind)
                    except ToxError as error:
                        if error.code != TOX_ERR_CONFERENCE_SEND_MESSAGE_NO_CONNECTION:
                            raise
                    if not told:
                        told = True
                        waiting = f"waiting for somebody to be in {conference_name(self._conference)}"
                        self._session.out.status("conference_waiting", waiting, **fields_of(self._conference))
                    self._changed.clear()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._changed.wait(), LOOK_S)
        except TimeoutError as error:
            name = conference_name(self._conference)
            raise Failure(f"nobody is in {name} after {limit:g} s", TIMED_OUT) from error

    def _command(self, command: str, rest: str) -> None:
        try:
            if command != "/title" and command in FOLLOWED_BY and not rest:
                raise Failure(f"{command} is followed by {FOLLOWED_BY[command]}")
            if command == "/invite":
                session = self._session
                friend = session.find_friend(rest, request=session.arguments.request)
                send_invitation(session, self._conference, friend)
            elif command == "/title":
                self._set_title(rest)
            elif command == "/peers":
                names = ", ".join(peer_name(peer) for peer in self._conference.peers)
                peers = [str(peer.public_key) for peer in self._conference.peers]
                self._session.out.status(
                    "conference_peers", names, **fields_of(self._conference), peers=peers
                )
            else:
                if command != "/help":
                    self._session.out.warning(f"no such command: {command}")
                self._session.out.status("help", f"What can be typed:\n{HELP}", message=HELP)
        except (Failure, ToxError) as error:
            self._session.out.warning(str(error))

    def _set_title(self, title: str) -> None:
        size = len(title.encode())
        if not 0 < size <= MAX_NAME_LENGTH:
            raise Failure(f"a title has 1 to {MAX_NAME_LENGTH} bytes, and this one has {size}")
        self._conference.title = title
        self._tell_title("us")

    # what comes

    async def _listen(self) -> None:
        async for message in self._conference.messages():
            # nobody speaks before they are here, not even who has left meanwhile
            key, name = message.peer.public_key, peer_name(message.peer)
            if key not in self._there:
                self._there[key] = name
                self._tell_peer(key, name, "here")
                self._look_soon()
            self._tell_message(message)

    def _tell_message(self, message: HeardMessage) -> None:
        name, text = peer_name(message.peer), message.text
        line = f"* {name} {text}" if message.type == MessageType.ACTION else f"{name}: {text}"
        self._session.out.result(
            "conference_message",
            line,
            **fields_of(self._conference),
            peer=str(message.peer.public_key),
            name=message.peer.name,
            type=message.type.name.lower(),
            text=text,
        )

    def _on_title(self, event: ConferenceTitle) -> None:
        if event.conference_number == self._conference.number:
            there = event.peer_number < len(self._conference.peers)
            self._tell_title(peer_name(self._conference.peer(event.peer_number)) if there else None)

    def _tell_title(self, author: str | None) -> None:
        fields = fields_of(self._conference)
        by = f", set by {author}" if author else ""
        self._session.out.status("conference_title", f"the title is {fields['title']!r}{by}", **fields)

    def _on_peers(self, event: ConferencePeerListChanged) -> None:
        if event.conference_number == self._conference.number:
            self._changed.set()
            self._look_soon()

    def _look_soon(self) -> None:
        """A new peer's name comes a moment later."""
        if not self._is_to_look:
            self._is_to_look = True
            asyncio.get_running_loop().call_later(NAME_S, self._look)

    def _look(self) -> None:
        """Tell who came and who left."""
        self._is_to_look = False
        if self._session.tox.closed:
            return
        before = self._there
        self._there = now = {p.public_key: peer_name(p) for p in self._conference.peers if not p.ours}
        for key in now.keys() - before.keys():
            self._tell_peer(key, now[key], "here")
        for key in before.keys() - now.keys():
            self._tell_peer(key, before[key], "gone")

    def _tell_peer(self, key: PublicKey, name: str, status: str) -> None:
        self._session.out.status(
            "conference_peer",
            f"{name} is here" if status == "here" else f"{name} is not here any more",
            **fields_of(self._conference),
            peer=str(key),
            name=name,
            status=status,
        )
