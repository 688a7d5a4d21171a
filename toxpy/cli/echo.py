"""`echo`: a bot that sends every message back."""

from __future__ import annotations

import asyncio

from toxpy.cli import settings
from toxpy.cli.files import Receiver
from toxpy.cli.progress import Progress
from toxpy.cli.session import CliSession, run
from toxpy.errors import ToxError
from toxpy.generated.typed_events import FileRecv, FriendMessage


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

        def on_message(event: FriendMessage) -> None:
            friend = session.tox.friend(event.friend_number)
            session.tell_message(event.friend_number, event.type, event.message)
            try:
                friend.send_nowait(event.raw, event.type)
            except ToxError as error:
                # gone meanwhile, or tens of thousands of messages wait for them
                session.out.warning(f"{session.name_of(friend)}: not sent back: {error}")

        session.tox.on(FriendMessage, on_message)
        await asyncio.Event().wait()

    return run(arguments, echo, endless=True)
