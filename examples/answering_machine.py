"""An answering machine: it answers every call, plays a greeting, and records what is said into WAV files.

    python3 examples/answering_machine.py --greeting hello.wav --folder recordings --nodes nodes.json

It accepts every friend request. The greeting has samples of 16 bits, 8000, 12000, 16000, 24000 or 48000 a
second. Each call has a file of its own, named after the first digits of the friend's key; one that is longer
than --limit is ended. The profile keeps the Tox ID and the friends; it is made at the first start. Ctrl-C and
SIGTERM end the program.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import signal
import sys
from pathlib import Path

from toxpy import (
    AsyncCall,
    AsyncTox,
    FriendRequest,
    NodeAddress,
    Profile,
    ProfileError,
    ToxError,
    WavRecorder,
    WavSource,
    load_nodes,
)


def say(*words: object) -> None:
    """One line, at once, also into a file or a pipe."""
    print(*words, flush=True)


def new_recording(folder: Path, key: str) -> WavRecorder:
    """The first name that is free."""
    for number in itertools.count(1):
        with contextlib.suppress(FileExistsError):
            return WavRecorder(folder / f"{key[:8]}-{number}.wav")
    raise AssertionError


class Machine:
    """What is done with calls."""

    def __init__(self, folder: Path, greeting: str | None, limit_s: float) -> None:
        self.folder, self.greeting, self.limit_s = folder, greeting, limit_s

    async def take(self, call: AsyncCall) -> None:
        """Answer, greet and record; friends may call at the same time."""
        key = str(call.friend.public_key)
        say("call of", key)
        try:
            await call.answer()
        except ToxError as error:
            # for example because the friend gave up
            say("not answered:", error)
            return
        greeting = asyncio.create_task(self.greet(call))
        # hangs up in the end
        async with call:
            with new_recording(self.folder, key) as recorder:
                await self.record(call, recorder)
        greeting.cancel()
        say(f"recorded {recorder.duration_s:.1f} s: {recorder.path}")

    async def greet(self, call: AsyncCall) -> None:
        """Play the greeting, if there is one."""
        if self.greeting is not None:
            with WavSource(self.greeting) as source:
                await call.play(source.frames())

    async def record(self, call: AsyncCall, recorder: WavRecorder) -> None:
        """Write what is said, until the friend hangs up; who talks for ever is cut off."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.limit_s):
                async for frame in call.audio():
                    recorder.write(frame)


async def run(profile: Profile, nodes: list[NodeAddress], machine: Machine) -> None:
    """The program's life, until a signal."""
    async with AsyncTox(profile=profile) as tox:
        tox.on(FriendRequest, lambda event: tox.friend_add_norequest(event.public_key))
        tox.on_call(machine.take)
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
    parser.add_argument("--greeting", metavar="FILE", help="a WAV file to play")
    parser.add_argument("--folder", default="recordings", help="for the recordings; default: recordings")
    parser.add_argument("--limit", type=float, default=300, help="seconds of a call at most; default: 300")
    parser.add_argument("--profile", default="answering_machine.tox", help="default: answering_machine.tox")
    parser.add_argument("--nodes", help="nodes.json; without it friends are found in the LAN only")
    arguments = parser.parse_args()
    try:
        nodes = load_nodes(arguments.nodes) if arguments.nodes else []
        if arguments.greeting is not None:
            # a wrong file is an error now, not in the first call
            WavSource(arguments.greeting).close()
        folder = Path(arguments.folder)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            profile = Profile.open(arguments.profile)
        except FileNotFoundError:
            profile = Profile.create(arguments.profile, name="Answering machine")
        with profile:
            asyncio.run(run(profile, nodes, Machine(folder, arguments.greeting, arguments.limit)))
    except (OSError, ValueError, ProfileError, ToxError) as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()
