"""An echo bot that runs for weeks: it accepts every friend request and sends every message back.

    python3 examples/echo_bot.py --profile echo_bot.tox --nodes nodes.json

The profile keeps its Tox ID and its friends; it is made at the first start. `nodes.json` is what
https://nodes.tox.chat/json says. Ctrl-C and SIGTERM end the bot, and its friends see it leave.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys

from toxpy import (
    AsyncTox,
    FriendConnectionStatus,
    FriendMessage,
    FriendRequest,
    NodeAddress,
    Profile,
    ProfileError,
    ToxError,
    load_nodes,
)


def say(*words: object) -> None:
    """One line, at once, also into a file or a pipe."""
    print(*words, flush=True)


def answer(tox: AsyncTox, event: object) -> None:
    """Deal with one event. Nothing here waits, so no friend can keep the others waiting."""
    if isinstance(event, FriendRequest):
        tox.friend_add_norequest(event.public_key)
        say("new friend:", event.public_key)
    elif isinstance(event, FriendConnectionStatus):
        say("friend", event.friend_number, event.connection_status.name)
    elif isinstance(event, FriendMessage):
        # a friend may go away between message and answer, or not read for hours: then this raises
        tox.friend(event.friend_number).send_nowait(event.message, event.type)


async def serve(tox: AsyncTox) -> None:
    """Deal with all events."""
    async for event in tox:
        try:
            answer(tox, event)
        except ToxError as error:
            # about this friend only: go on with the others
            say("not answered:", error)


async def run(profile: Profile, nodes: list[NodeAddress]) -> None:
    """The bot's life, until a signal."""
    async with AsyncTox(profile=profile) as tox:
        say("Tox ID:", tox.address)
        # asks the nodes now, and again whenever the network was lost
        work = asyncio.gather(serve(tox), tox.stay_connected(nodes))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, work.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await work


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--profile", default="echo_bot.tox", help="default: echo_bot.tox")
    parser.add_argument("--nodes", help="nodes.json; without it friends are found in the LAN only")
    arguments = parser.parse_args()
    try:
        nodes = load_nodes(arguments.nodes) if arguments.nodes else []
        try:
            profile = Profile.open(arguments.profile)
        except FileNotFoundError:
            profile = Profile.create(arguments.profile, name="Echo bot")
        with profile:
            asyncio.run(run(profile, nodes))
    except (OSError, ValueError, ProfileError) as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()
