"""`echo`: a bot that sends every message back."""

from __future__ import annotations

import asyncio

from toxpy.cli import settings
from toxpy.cli.files import Receiver
from toxpy.cli.progress import Progress
from toxpy.cli.session import CliSession, run
from toxpy.errors import ToxError
from toxpy.generated.typed_events import FileRecv, FriendMessage

#: Messages of one friend that wait to be echoed; those beyond are dropped, as the friend can see.
MAX_WAITING = 1000


def echo_main(words: list[str]) -> int:
    """`echo`."""
    parser = settings.make_parser(
        "echo",
        "Accept every friend request and send every message back, until Ctrl-C or SIGTERM.\n"
        "Files are declined.",
    )
    settings.add_network_options(parser)
    arguments = parser.parse_args(words)

    async def echo(session: CliSession) -> None:
        session.accept_requests()
        receiver = Receiver(session, Progress(session.out))
        session.tox.on(FileRecv, receiver.offered)
        waiting: dict[int, asyncio.Queue[FriendMessage]] = {}
        tasks: dict[int, asyncio.Task[None]] = {}

        def on_message(event: FriendMessage) -> None:
            number = event.friend_number
            session.tell_message(event)
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


async def _send_back(session: CliSession, number: int, messages: asyncio.Queue[FriendMessage]) -> None:
    """In the order in which they came; what waits while the friend goes offline is dropped."""
    friend = session.tox.friend(number)
    while True:
        event = await messages.get()
        try:
            await friend.send(event.raw, event.type)
        except ToxError as error:
            session.out.warning(f"{session.name_of(friend)}: {error}")
