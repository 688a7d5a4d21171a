"""A bot that holds a conference open for weeks: whoever becomes its friend is invited, and may ask who is in.

    python3 examples/conference_bot.py --title "Chess club" --nodes nodes.json

It accepts every friend request, and invites its friends whenever they come online and are not in. In the
conference it answers "!peers". The profile keeps its Tox ID, its friends and the conference; it is made at
the first start. Ctrl-C and SIGTERM end the bot; at the next start it is back in.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys

from toxpy import (
    AsyncConference,
    AsyncTox,
    Connection,
    FriendConnectionStatus,
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


def on_event(tox: AsyncTox, conference: AsyncConference, event: object) -> None:
    """Let everybody in who comes."""
    if isinstance(event, FriendRequest):
        tox.friend_add_norequest(event.public_key)
        say("new friend:", event.public_key)
    elif isinstance(event, FriendConnectionStatus) and event.connection_status != Connection.NONE:
        friend = tox.friend(event.friend_number)
        if friend.public_key not in [peer.public_key for peer in conference.peers]:
            conference.invite(friend)
            say("invited:", friend.public_key)


async def welcome(tox: AsyncTox, conference: AsyncConference) -> None:
    """Deal with all events."""
    async for event in tox:
        try:
            on_event(tox, conference, event)
        except ToxError as error:
            # about this friend only: go on with the others
            say("not invited:", error)


async def talk(conference: AsyncConference) -> None:
    """Answer what is said in the conference; what we say ourselves does not come."""
    async for message in conference.messages():
        say(f"{message.peer.name}: {message.text}")
        if message.text == "!peers":
            try:
                await conference.send(", ".join(peer.name or "?" for peer in conference.peers)[:300])
            except ToxError as error:
                # whoever asked has left, and nobody else is there
                say("not answered:", error)


async def run(profile: Profile, nodes: list[NodeAddress], title: str) -> None:
    """The bot's life, until a signal."""
    async with AsyncTox(profile=profile) as tox:
        known = tox.conferences
        conference = known[0] if known else tox.conference_new(title)
        say("Tox ID:", tox.address)
        # asks the nodes now, and again whenever the network was lost
        work = asyncio.gather(welcome(tox, conference), talk(conference), tox.stay_connected(nodes))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, work.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await work


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--title", default="Open house", help="of a new conference; default: Open house")
    parser.add_argument("--profile", default="conference_bot.tox", help="default: conference_bot.tox")
    parser.add_argument("--nodes", help="nodes.json; without it friends are found in the LAN only")
    arguments = parser.parse_args()
    try:
        nodes = load_nodes(arguments.nodes) if arguments.nodes else []
        try:
            profile = Profile.open(arguments.profile)
        except FileNotFoundError:
            profile = Profile.create(arguments.profile, name="Conference bot")
        with profile:
            asyncio.run(run(profile, nodes, arguments.title))
    except (OSError, ValueError, ProfileError, ToxError) as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()
