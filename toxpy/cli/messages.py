"""`send`, and what other commands share with it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable

from toxpy.aio import Friend
from toxpy.cli import settings
from toxpy.cli.session import CliSession, run
from toxpy.cli.states import until_left
from toxpy.cli.stdin_lines import input_lines
from toxpy.cli.terminal import TIMED_OUT, Failure
from toxpy.errors import ToxError
from toxpy.ext.messages.events import MessageDeleted, MessageEdited
from toxpy.generated.typed_enums import MessageType
from toxpy.generated.typed_events import FriendMessage, FriendRequest

REQUEST_TEXT = "Hello, please add me"
INPUT_HELP = "each line is a message; Ctrl-D ends"
FRIEND_HELP = "Tox ID (adds them, with a friend request), public key or name of a friend"


def send_main(words: list[str]) -> int:
    """`send`."""
    parser = settings.make_parser(
        "send",
        "Send messages to a friend and wait until they were received.",
        "Without MESSAGE each line of stdin is one, but for empty lines; with --whole all of stdin is one.\n"
        "Those of up to 64 KiB arrive as one where the friend's program has long messages, as toxpy has.\n"
        "Elsewhere, and with --plain, they are cut into messages of 1372 bytes.",
    )
    parser.add_argument("friend", metavar="FRIEND", help=FRIEND_HELP)
    parser.add_argument(
        "message", metavar="MESSAGE", nargs="*", type=settings.spoken, help="each is one message"
    )
    parser.add_argument("--action", action="store_true", help="send as an action, like /me does")
    parser.add_argument("--whole", action="store_true", help="all of stdin is one message")
    parser.add_argument(
        "--later",
        action="store_true",
        help="the friend may be away: keep what cannot be sent now, and leave it at the friend's mailboxes",
    )
    settings.add_extended_option(parser)
    add_friend_options(parser.add_argument)
    settings.add_network_options(parser)
    arguments = parser.parse_args(words)
    if arguments.later and not arguments.extended:
        parser.error("--later needs what --plain leaves out")
    if arguments.whole and arguments.message:
        parser.error("--whole is for the text of stdin, so give no MESSAGE")
    return run(arguments, send)


async def send(session: CliSession) -> None:
    """Send all of it; to a friend who may be away also what waited before."""
    arguments = session.arguments
    kind = MessageType.ACTION if arguments.action else MessageType.NORMAL
    tell_messages(session)
    friend = session.find_friend(arguments.friend, request=arguments.request)
    deliver = _deliver if session.states is None else _leave
    async for text in _texts(session):
        await deliver(session, friend, text, kind)
    if session.states is not None:
        await _until_left(session, friend)


async def _texts(session: CliSession) -> AsyncIterator[str]:
    """Those of the command line, or of stdin."""
    if session.arguments.message:
        for text in session.arguments.message:
            yield text
        return
    if sys.stdin.isatty():
        session.out.status("help", INPUT_HELP, message=INPUT_HELP)
    if session.arguments.whole:
        text = "\n".join([line async for line in input_lines()])
        if text:
            yield text
        return
    async for line in input_lines():
        if line:
            yield line


def add_friend_options(add: Callable[..., object], timeout_s: float | None = 120, default: str = "") -> None:
    """Options of commands for one friend; `default` is what is said of a time that depends."""
    if not default:
        default = f"{timeout_s:g}; 0: for ever" if timeout_s else "0: for ever"
    add(
        "--timeout",
        metavar="SECONDS",
        type=settings.seconds,
        default=timeout_s,
        help=f"how long to wait for the friend (default: {default})",
    )
    add(
        "--request",
        metavar="TEXT",
        type=settings.spoken,
        default=REQUEST_TEXT,
        help="what a friend request says",
    )


async def _leave(session: CliSession, friend: Friend, text: str, kind: MessageType) -> None:
    """Hand a message over for a friend who may be away."""
    await session.hand_over(friend, text, kind)


async def _until_left(session: CliSession, friend: Friend) -> None:
    """Stay until the friend or mailboxes have what waits; Failure when some of it still does in the end."""
    limit = session.arguments.timeout or None
    count = await until_left(friend, limit)
    if count:
        name = session.name_of(friend)
        wait = "1 message waits" if count == 1 else f"{count} messages wait"
        raise Failure(
            f"{wait} in the profile: neither {name} nor a mailbox was there in {limit:g} s. "
            "The next command that talks to friends goes on with it",
            TIMED_OUT,
        )


async def _deliver(session: CliSession, friend: Friend, text: str, kind: MessageType) -> None:
    """Send as soon as the friend is there; Failure when they leave before it was received."""
    await session.online(friend)
    try:
        await session.send(friend, text, kind)
    except ToxError as error:
        raise Failure(f"{session.name_of(friend)}: {error}; it is not known whether it arrived") from error


def tell_messages(session: CliSession, *, wanted: bool = False) -> None:
    """Show what friends say: their program has our receipt, so it must not be lost."""
    session.tox.on(FriendMessage, lambda event: session.tell_message(event, wanted=wanted))
    tell_changes(session)


def tell_changes(session: CliSession) -> None:
    """Show how friends change what they said."""

    def edited(event: MessageEdited) -> None:
        friend = session.tox.friend(event.friend_number)
        line = f"{session.name_of(friend)} changed {session.said.quote(event.id)} to: {event.message}"
        session.said.note(event.id, event.message)
        fields = {**session.fields_of(friend), "id": event.id.hex(), "text": event.message}
        session.out.status("message_edited", line, **fields)

    def deleted(event: MessageDeleted) -> None:
        friend = session.tox.friend(event.friend_number)
        line = f"{session.name_of(friend)} took back {session.said.quote(event.id)}"
        session.out.status("message_deleted", line, **session.fields_of(friend), id=event.id.hex())

    session.tox.on(MessageEdited, edited)
    session.tox.on(MessageDeleted, deleted)


def accept_or_tell(session: CliSession, accept: bool) -> None:
    """What to do with friend requests."""
    if accept:
        session.accept_requests()
    else:
        session.tox.on(FriendRequest, session.tell_request)
