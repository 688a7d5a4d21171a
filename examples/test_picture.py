"""A test picture: whoever calls sees colour bars, and a white block that moves below them.

    python3 examples/test_picture.py --nodes nodes.json

It accepts every friend request, and needs neither Pillow nor NumPy. The profile keeps its Tox ID and its
friends; it is made at the first start. Ctrl-C and SIGTERM end the program.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys

from toxpy import (
    AsyncCall,
    AsyncTox,
    CallError,
    FriendRequest,
    NodeAddress,
    Picture,
    Profile,
    ProfileError,
    ToxError,
    load_nodes,
)

WIDTH, HEIGHT, PICTURES_PER_SECOND = 640, 480, 25
#: y, u and v of the bars: white, yellow, cyan, green, magenta, red, blue, black.
BARS = (
    (235, 128, 128),
    (210, 16, 146),
    (170, 166, 16),
    (145, 54, 34),
    (106, 202, 222),
    (81, 90, 240),
    (41, 240, 110),
    (16, 128, 128),
)
#: Lines of the bars, and pixels of the block that moves below them, and of its step.
BAR_LINES, BLOCK, STEP = HEIGHT * 3 // 4, 80, 8


def say(*words: object) -> None:
    """One line, at once, also into a file or a pipe."""
    print(*words, flush=True)


def bars(plane: int, width: int, lines: int) -> bytes:
    """The part of a plane with the bars."""
    return b"".join(bytes([bar[plane]]) * (width // len(BARS)) for bar in BARS) * lines


# one byte of y for each pixel, one of u and v for four of them
LUMA = bars(0, WIDTH, BAR_LINES)
GREY = bytes([128]) * (WIDTH // 2 * (HEIGHT - BAR_LINES) // 2)
U, V = (bars(plane, WIDTH // 2, BAR_LINES // 2) + GREY for plane in (1, 2))


def picture(number: int) -> Picture:
    """The picture of that number."""
    left = number * STEP % (WIDTH - BLOCK)
    line = bytes([16]) * left + bytes([235]) * BLOCK
    return Picture(WIDTH, HEIGHT, LUMA + line.ljust(WIDTH, bytes([16])) * (HEIGHT - BAR_LINES), U, V)


async def show(call: AsyncCall) -> None:
    """Answer, and show the picture until the friend hangs up."""
    say("call of", call.friend.public_key)
    number = 0
    with contextlib.suppress(CallError):
        await call.answer(audio=False, video=True)
        while True:
            # False while the friend does not want to see it
            if call.send_picture(picture(number)):
                number += 1
            await asyncio.sleep(1 / PICTURES_PER_SECOND)
    say("over:", call.why_over, f"({number} pictures)")


async def run(profile: Profile, nodes: list[NodeAddress]) -> None:
    """The program's life, until a signal."""
    async with AsyncTox(profile=profile) as tox:
        tox.on(FriendRequest, lambda event: tox.friend_add_norequest(event.public_key))
        # a task for each call
        tox.on_call(show)
        say("Tox ID:", tox.address)
        # asks the nodes now, and again whenever the network was lost
        work = asyncio.ensure_future(tox.stay_connected(nodes))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, work.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await work


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--profile", default="test_picture.tox", help="default: test_picture.tox")
    parser.add_argument("--nodes", help="nodes.json; without it friends are found in the LAN only")
    arguments = parser.parse_args()
    try:
        nodes = load_nodes(arguments.nodes) if arguments.nodes else []
        try:
            profile = Profile.open(arguments.profile)
        except FileNotFoundError:
            profile = Profile.create(arguments.profile, name="Test picture")
        with profile:
            asyncio.run(run(profile, nodes))
    except (OSError, ValueError, ProfileError, ToxError) as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()
