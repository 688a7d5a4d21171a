"""Commands that send and receive messages: `send`, `receive`, `echo`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from toxpy.aio import Friend
from toxpy.cli import settings
from toxpy.cli.session import Session, run
from toxpy.cli.terminal import TIMED_OUT, Failure, input_lines
from toxpy.errors import ToxError
from toxpy.typed_enums import MessageType
from toxpy.typed_events import FriendMessage, FriendRequest

REQUEST_TEXT = "Hello, please add me"
FRIEND_HELP = "Tox ID (adds them, with a friend request), public key or name of a friend"
#: How long the receipt of a message may take to leave.
RECEIPT_S = 0.5
#: Messages of one friend that wait to be echoed; those beyond are dropped, as the friend can see.
MAX_WAITING = 1000


def send_main(words: list[str]) -> int:
    """`send`."""
    parser = settings.make_parser(
        "send",
        "Send messages to a friend and wait until they were received.",
        "Without MESSAGE each line of stdin is one. Long ones are cut into messages of 1372 bytes.",
    )
    parser.add_argument("friend", metavar="FRIEND", help=FRIEND_HELP)
    parser.add_argument("message", metavar="MESSAGE", nargs="*", help="each is one message")
    parser.add_argument("--action", action="store_true", help="send as an action, like /me does")
    add_friend_options(parser.add_argument)
    settings.add_network_options(parser)
    arguments = parser.parse_args(words)
    kind = MessageType.ACTION if arguments.action else MessageType.NORMAL

    async def send(session: Session) -> None:
        friend = session.find_friend(arguments.friend, request=arguments.request)
        if arguments.message:
            for text in arguments.message:
                await deliver(session, friend, text, kind)
            return
        async for line in input_lines():
            if line:
                await deliver(session, friend, line, kind)

    return run(arguments, send)


def add_friend_options(add: Callable[..., object]) -> None:
    """Options of commands for one friend."""
    add(
        "--timeout",
        metavar="SECONDS",
        type=settings.seconds,
        default=120.0,
        help="how long to wait for the friend (default: 120; 0: for ever)",
    )
    add("--request", metavar="TEXT", default=REQUEST_TEXT, help="what a friend request says")


async def deliver(session: Session, friend: Friend, text: str, kind: MessageType) -> None:
    """Send as soon as the friend is there; Failure when they leave before it was received."""
    await session.online(friend)
    try:
        await session.send(friend, text, kind)
    except ToxError as error:
        raise Failure(f"{session.name_of(friend)}: {error}; it is not known whether it arrived") from error


def receive_main(words: list[str]) -> int:
    """`receive`."""
    parser = settings.make_parser(
        "receive", "Print the messages of friends as they come, until Ctrl-C or SIGTERM."
    )
    parser.add_argument("--from", dest="friend", metavar="FRIEND", help="of this friend only: " + FRIEND_HELP)
    parser.add_argument("--count", metavar="N", type=int, help="end after that many messages")
    parser.add_argument(
        "--timeout", metavar="SECONDS", type=settings.seconds, default=0.0, help="end after that time"
    )
    parser.add_argument("--accept", action="store_true", help="accept all friend requests")
    parser.add_argument("--request", metavar="TEXT", default=REQUEST_TEXT, help="what a friend request says")
    settings.add_network_options(parser)
    arguments = parser.parse_args(words)
    if arguments.count is not None and arguments.count < 1:
        parser.error("--count must be at least 1")

    async def receive(session: Session) -> None:
        only = None
        if arguments.friend is not None:
            only = session.find_friend(arguments.friend, request=arguments.request)
        accept_or_tell(session, arguments.accept)
        enough = asyncio.Event()
        count = 0

        def on_message(number: int, kind: MessageType, text: str) -> None:
            nonlocal count
            if (only is None or number == only.number) and not enough.is_set():
                session.tell_message(number, kind, text)
                count += 1
                if count == arguments.count:
                    enough.set()

        session.tox.on_typed_message(on_message)
        try:
            async with asyncio.timeout(arguments.timeout or None):
                await enough.wait()
        except TimeoutError as error:
            if arguments.count is not None:
                problem = f"{count} of {arguments.count} messages came in {arguments.timeout:g} s"
                raise Failure(problem, TIMED_OUT) from error
        # leaving at once would keep the last receipt from its sender
        await asyncio.sleep(RECEIPT_S)

    return run(arguments, receive, endless=arguments.count is None)


def accept_or_tell(session: Session, accept: bool) -> None:
    """What to do with friend requests."""
    if accept:
        session.accept_requests()
    else:
        session.tox.on(FriendRequest, session.tell_request)


def echo_main(words: list[str]) -> int:
    """`echo`."""
    parser = settings.make_parser(
        "echo", "Accept every friend request and send every message back, until Ctrl-C or SIGTERM."
    )
    settings.add_network_options(parser)
    arguments = parser.parse_args(words)

    async def echo(session: Session) -> None:
        session.accept_requests()
        waiting: dict[int, asyncio.Queue[FriendMessage]] = {}
        tasks: dict[int, asyncio.Task[None]] = {}

        def on_message(event: FriendMessage) -> None:
            number = event.friend_number
            session.tell_message(number, event.type, event.message)
            if number not in tasks or tasks[number].done():
                waiting[number] = asyncio.Queue(MAX_WAITING)
                tasks[number] = asyncio.ensure_future(_send_back(session, number, waiting[number]))
            if not waiting[number].full():
                waiting[number].put_nowait(event)

        session.tox.on(FriendMessage, on_message)
        try:
            await asyncio.Event().wait()
        finally:
            for task in tasks.values():
                task.cancel()

    return run(arguments, echo, endless=True)


async def _send_back(session: Session, number: int, messages: asyncio.Queue[FriendMessage]) -> None:
    """In the order in which they came; what a friend sent before going offline is dropped."""
    friend = session.tox.friend(number)
    while True:
        event = await messages.get()
        try:
            await friend.send(event.raw, event.type)
        except ToxError as error:
            session.out.warning(f"{session.name_of(friend)}: {error}")
