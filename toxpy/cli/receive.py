"""`receive`: prints messages as they come, and takes files into a folder."""

from __future__ import annotations

import asyncio

from toxpy.cli import settings
from toxpy.cli.files import Receiver, add_receive_options
from toxpy.cli.messages import FRIEND_HELP, REQUEST_TEXT, accept_or_tell, tell_changes
from toxpy.cli.progress import Progress
from toxpy.cli.session import CliSession, run
from toxpy.cli.terminal import TIMED_OUT, Failure
from toxpy.generated.typed_events import FileRecv, FriendMessage

#: How long the receipt of the last message may take to leave.
RECEIPT_S = 0.5


def main(words: list[str]) -> int:
    """Run the command."""
    parser = settings.make_parser(
        "receive",
        "Print the messages of friends as they come, until Ctrl-C or SIGTERM, and take their files.",
        "Files get safe names, and never replace others. What is still incomplete in the end is kept in the\n"
        "folder as .tox-*.part, and goes on when the file is offered again. With --accept everybody who has\n"
        "the Tox ID can fill the folder: think of --max-size.",
    )
    parser.add_argument(
        "--from",
        dest="friend",
        metavar="FRIEND",
        help="drop what others than this friend send: " + FRIEND_HELP,
    )
    parser.add_argument("--count", metavar="N", type=int, help="end after that many messages and files")
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=settings.seconds,
        default=0.0,
        help="end after that time (default: 0, never)",
    )
    add_receive_options(parser.add_argument, "they are declined")
    parser.add_argument("--accept", action="store_true", help="accept all friend requests")
    parser.add_argument(
        "--request",
        metavar="TEXT",
        type=settings.spoken,
        default=REQUEST_TEXT,
        help="what a friend request says",
    )
    settings.add_extended_option(parser)
    settings.add_network_options(parser)
    arguments = parser.parse_args(words)
    if arguments.count is not None and arguments.count < 1:
        parser.error("--count must be at least 1")
    return run(arguments, receive, endless=arguments.count is None)


async def receive(session: CliSession) -> None:
    """Print and take until it is enough."""
    arguments, only = session.arguments, None
    if arguments.friend is not None:
        only = session.find_friend(arguments.friend, request=arguments.request)
    accept_or_tell(session, arguments.accept)
    enough = asyncio.Event()
    count = 0

    def another() -> None:
        nonlocal count
        count += 1
        if count == arguments.count:
            enough.set()

    def on_message(event: FriendMessage) -> None:
        if (only is None or event.friend_number == only.number) and not enough.is_set():
            session.tell_message(event)
            another()

    with (
        Progress(session.out) as progress,
        Receiver(session, progress, only=only, on_file=another) as receiver,
    ):
        session.tox.on(FriendMessage, on_message)
        tell_changes(session)
        session.tox.on(FileRecv, receiver.offered)
        try:
            async with asyncio.timeout(arguments.timeout or None):
                await enough.wait()
        except TimeoutError as error:
            if arguments.count is not None:
                problem = f"{count} of {arguments.count} messages or files came in {arguments.timeout:g} s"
                raise Failure(problem, TIMED_OUT) from error
        # leaving at once would keep the last receipt from its sender
        await asyncio.sleep(RECEIPT_S)
