"""A chat client: adds somebody by Tox ID, waits to be accepted, talks, wants echoes and read receipts.

    python demo/client.py --bootstrap 127.0.0.1 33445 <DHT key> <Tox ID>

Exits with 0 when every message came back unchanged and every receipt arrived.
"""

from __future__ import annotations

import argparse
import asyncio
import time

from toxpy import AsyncTox, Friend, FriendMessage, FriendName, MessageType, ToxError, ToxId

MESSAGES = [
    (MessageType.NORMAL, "Hello, bot"),
    (MessageType.NORMAL, "Grüße, приве́т, 你好, 🦆"),
    (MessageType.ACTION, "waves"),
    (MessageType.NORMAL, "0123456789abcdef" * 85 + "0123456789ab"),
]


class Progress:
    """Lines with the seconds since `started`, a time of the monotonic clock."""

    def __init__(self, started: float) -> None:
        self.started = started

    def say(self, text: str) -> None:
        """Print one line now."""
        print(f"[{time.monotonic() - self.started:6.2f} s] client: {text}", flush=True)


def shortened(text: str) -> str:
    """Text that fits on a line."""
    return text if len(text) <= 40 else f"{text[:24]}... ({len(text.encode())} bytes)"


async def echo_of(tox: AsyncTox, friend: Friend, progress: Progress) -> FriendMessage:
    """The next message of that friend."""
    async for event in tox:
        if isinstance(event, FriendMessage) and event.friend_number == friend.number:
            return event
        if isinstance(event, FriendName):
            progress.say(f"the friend's name is {event.name!r}")
    raise RuntimeError("the instance was closed")


async def talk(tox: AsyncTox, friend: Friend, progress: Progress) -> None:
    """Send every message; each must come back the same and be acknowledged."""
    for kind, text in MESSAGES:
        sent_at = time.monotonic()
        sent = await friend.send(text, kind)
        receipt, echo = await asyncio.gather(sent.receipt(), echo_of(tox, friend, progress))
        if (echo.message, echo.type) != (text, kind):
            raise RuntimeError(f"sent {shortened(text)!r}, got back {shortened(echo.message)!r}")
        took_ms = (time.monotonic() - sent_at) * 1000
        what = f"{kind.name.lower()} {shortened(text)!r}"
        progress.say(f"{what}: echo and receipt {receipt.message_id} in {took_ms:.0f} ms")


async def run(address: ToxId, bootstrap: tuple[str, int, str], timeout_s: float, progress: Progress) -> None:
    """The whole conversation."""
    async with asyncio.timeout(timeout_s), AsyncTox(local_discovery_enabled=False) as tox:
        tox.name = "Python client"
        progress.say(f"started, my Tox ID is {str(tox.address)[:16]}...")
        await tox.bootstrap(*bootstrap)
        friend = tox.friend_add(address, "Hello bot, please let me in")
        progress.say(f"friend request to {str(address)[:16]}... is on its way")
        progress.say("waiting for the network (onion paths take some seconds)")
        await tox.wait_connected()
        progress.say("connected to the network, looking for the friend")
        await friend.online()
        progress.say(f"accepted: the friend is online over {friend.connection.name}")
        await talk(tox, friend, progress)
        progress.say(f"done, {len(MESSAGES)} messages sent, echoed and acknowledged")


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--bootstrap", nargs=3, metavar=("HOST", "PORT", "KEY"), required=True)
    parser.add_argument("--timeout", type=float, default=50, help="seconds (default 50)")
    parser.add_argument("--started", type=float, default=time.monotonic(), help=argparse.SUPPRESS)
    parser.add_argument("address", type=ToxId, help="Tox ID of the friend")
    arguments = parser.parse_args()
    host, port, key = arguments.bootstrap
    try:
        progress = Progress(arguments.started)
        asyncio.run(run(arguments.address, (host, int(port), key), arguments.timeout, progress))
    except TimeoutError:
        print(f"client: not done after {arguments.timeout:.0f} s", flush=True)
        return 1
    except (ToxError, RuntimeError) as error:
        print(f"client: failed: {error}", flush=True)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
