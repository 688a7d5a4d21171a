"""A bot that lives in a group for weeks: it founds one, or joins one, and answers there.

    python3 examples/group_bot.py --group "Chess club" --nodes nodes.json
    python3 examples/group_bot.py --join CHAT_ID --password SECRET --nodes nodes.json

It prints the chat ID of its group, by which anybody can join a public one; with --private it is its friends
who are invited, and it accepts every friend request. In the group it answers "!peers" and "!topic", and what
is said to it alone. The profile keeps its Tox ID, its friends and the group; it is made at the first start.
Ctrl-C and SIGTERM end the bot; at the next start it is back in, also in a group that was joined.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys

from toxpy import (
    AsyncGroup,
    AsyncTox,
    Connection,
    FriendConnectionStatus,
    FriendRequest,
    GroupPrivacy,
    GroupRole,
    HeardGroupMessage,
    NodeAddress,
    Profile,
    ProfileError,
    ToxError,
    load_nodes,
)

#: Seconds until it tries to come in again, the first time and at most.
FIRST_PAUSE_S, MAX_PAUSE_S = 60.0, 3600.0


def say(*words: object) -> None:
    """One line, at once, also into a file or a pipe."""
    print(*words, flush=True)


async def find_group(tox: AsyncTox, arguments: argparse.Namespace) -> AsyncGroup:
    """The group of the profile, else the one that is to be joined, else a new one."""
    if tox.groups:
        group = tox.groups[0]
        is_founder = group.me.role == GroupRole.FOUNDER
        if is_founder and arguments.password not in ("", group.settings.password):
            group.settings.password = arguments.password
        return group
    if arguments.join:
        say("looking for the group")
        # for ever: its members may be away
        return await tox.group_join(arguments.join, password=arguments.password, timeout_s=None)
    privacy = GroupPrivacy.PRIVATE if arguments.private else GroupPrivacy.PUBLIC
    return await tox.group_new(arguments.group, privacy=privacy, password=arguments.password)


def on_event(tox: AsyncTox, group: AsyncGroup, event: object) -> None:
    """Let everybody in who becomes a friend."""
    if isinstance(event, FriendRequest):
        tox.friend_add_norequest(event.public_key)
        say("new friend:", event.public_key)
    elif isinstance(event, FriendConnectionStatus) and event.connection_status != Connection.NONE:
        friend = tox.friend(event.friend_number)
        if group.peer_of_friend(friend) is None:
            group.invite(friend)
            say("invited:", friend.public_key)


async def welcome(tox: AsyncTox, group: AsyncGroup) -> None:
    """Deal with all events."""
    async for event in tox:
        try:
            on_event(tox, group, event)
        except ToxError as error:
            # about this friend only: go on with the others
            say("not invited:", error)


def answer(group: AsyncGroup, message: HeardGroupMessage) -> str:
    """What the bot says to a message; nothing to most."""
    if message.text == "!peers":
        # a name may be 128 bytes long, and a message 1367
        return ", ".join(peer.name for peer in group.peers)[:300]
    if message.text == "!topic":
        return group.topic or "there is no topic"
    return "I know !peers and !topic" if message.private else ""


async def talk(group: AsyncGroup) -> None:
    """Answer what is said in the group: to one alone what was said in private."""
    async for message in group.messages(private=True):
        say(f"{message.peer.name}: {message.text}")
        text = answer(group, message)
        try:
            if text and message.private:
                await group.send_private(message.peer, text)
            elif text:
                await group.send(text)
        except ToxError as error:
            # whoever asked has left, or we may not speak
            say("not answered:", error)


async def come_back(tox: AsyncTox, group: AsyncGroup, password: str, pause_s: float) -> None:
    """Be in again, as often as it needs, and ever more seldom: we were sent away, or not let in."""
    while not group.connected:
        say(f"not in the group: trying to come in in {pause_s:g} s")
        await asyncio.sleep(pause_s)
        try:
            await group.reconnect(timeout_s=None)
        except ToxError as error:
            say("not let in:", error)
            if password and error.name.endswith("INVALID_PASSWORD"):
                # the profile's is another one, and may be older or newer
                with contextlib.suppress(ToxError):
                    await tox.group_join(group.id, password=password, timeout_s=None)
        pause_s = min(max(2 * pause_s, FIRST_PAUSE_S), MAX_PAUSE_S)


async def stay(tox: AsyncTox, group: AsyncGroup, password: str) -> None:
    """Come back also when somebody sent us away: it is no ban."""
    happened = group.events()
    # a group that we were out of at the last end is not looked for by itself
    await come_back(tox, group, password, 0)
    async for _ in happened:
        await come_back(tox, group, password, FIRST_PAUSE_S)


async def live(tox: AsyncTox, arguments: argparse.Namespace) -> None:
    """Be in the group."""
    group = await find_group(tox, arguments)
    say("Chat ID:", group.id.hex().upper())
    await asyncio.gather(welcome(tox, group), talk(group), stay(tox, group, arguments.password))


async def run(profile: Profile, nodes: list[NodeAddress], arguments: argparse.Namespace) -> None:
    """The bot's life, until a signal."""
    # without the option a save does not keep groups
    async with AsyncTox(profile=profile, experimental_groups_persistence=True) as tox:
        say("Tox ID:", tox.address)
        # asks the nodes now, and again whenever the network was lost
        work = asyncio.gather(live(tox, arguments), tox.stay_connected(nodes))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, work.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await work


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--group", default="Open house", help="name of a new group; default: Open house")
    parser.add_argument("--private", action="store_true", help="a new group is for friends only")
    parser.add_argument("--join", metavar="CHAT_ID", help="join this group in place of a new one")
    parser.add_argument("--password", default="", help="of the group; the founder's changes it")
    parser.add_argument("--profile", default="group_bot.tox", help="default: group_bot.tox")
    parser.add_argument("--nodes", help="nodes.json; without it members are found in the LAN only")
    arguments = parser.parse_args()
    try:
        nodes = load_nodes(arguments.nodes) if arguments.nodes else []
        try:
            profile = Profile.open(arguments.profile)
        except FileNotFoundError:
            profile = Profile.create(arguments.profile, name="Group bot")
        with profile:
            asyncio.run(run(profile, nodes, arguments))
    except (OSError, ValueError, ProfileError, ToxError) as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()
