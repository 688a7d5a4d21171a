"""An echo bot in Tor for one friend, with nobody in between, not even a node of Tox.

    python3 examples/endpoint_echo.py --profile bot.tox TOX_ID

TOX_ID is the friend's; tor runs here, and lets us use its control port (docs/networks.md). The bot says its
own Tox ID, and where the friend finds it. The friend begins with

    toxpy chat BOT_ID --only tor --at NAME:PORT:KEY

The profile keeps Tox ID and address. Ctrl-C and SIGTERM end the bot.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys

from toxpy import (
    AddressType,
    AsyncTox,
    Endpoint,
    FriendMessage,
    Options,
    Profile,
    ProfileError,
    ToxError,
    ToxId,
)


async def say_endpoint(tox: AsyncTox) -> None:
    """As soon as it can be reached; why not, until then."""
    said = ""
    while (endpoint := tox.sync.self_get_endpoint()) is None:
        failure = tox.sync.self_get_endpoint_failure()
        if failure != said:
            print("not reachable yet:", failure, flush=True)
            said = failure
        await asyncio.sleep(0.2)
    print("endpoint:", endpoint, flush=True)


async def serve(tox: AsyncTox) -> None:
    """Send everything back."""
    async for event in tox:
        if isinstance(event, FriendMessage):
            # the friend may be gone again
            with contextlib.suppress(ToxError):
                tox.friend(event.friend_number).send_nowait(event.message, event.type)


async def run(profile: Profile, arguments: argparse.Namespace) -> None:
    """The bot's life, until a signal."""
    options = Options(
        endpoint=Endpoint.tor(arguments.control, socks=arguments.socks),
        # nothing outside Tor is dialled, told, looked up or announced
        only_networks={AddressType.ONION},
    )
    async with AsyncTox(options, profile=profile) as tox:
        friend = arguments.friend.public_key
        if all(known.public_key != friend for known in tox.friends):
            tox.friend_add_norequest(friend)
        print("Tox ID:", tox.address, flush=True)
        work = asyncio.gather(serve(tox), say_endpoint(tox))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, work.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await work


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("friend", metavar="TOX_ID", type=ToxId)
    parser.add_argument("--profile", required=True)
    parser.add_argument("--control", default="127.0.0.1:9051", help="tor's control port")
    parser.add_argument("--socks", default="127.0.0.1:9050", help="tor's proxy")
    arguments = parser.parse_args()
    try:
        try:
            profile = Profile.open(arguments.profile)
        except FileNotFoundError:
            profile = Profile.create(arguments.profile, name="Echo bot in Tor")
        with profile:
            asyncio.run(run(profile, arguments))
    except (OSError, ValueError, ProfileError) as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()
