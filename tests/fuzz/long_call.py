"""A call of many minutes in a simulated network: memory stays flat, sound and pictures stay together.

    python -m tests.fuzz.long_call [MINUTES] [LOSS]

Each second both sides say another tone and show another picture, from the same moment on; the other side
looks when each comes.
"""

from __future__ import annotations

import sys

from tests.fuzz.datagrams import memory_mb
from tests.support.calls import ALL, phones
from tests.support.marks import TONES
from tests.support.worlds import SimulatedWorld


class Watch:
    """When a phone heard and saw the number that the other one has sent since `began_ms`."""

    def __init__(self, phone, other):
        self.phone, self.other = phone, other
        self.apart_ms = []
        self.heard_ms = self.seen_ms = None

    def change(self, number):
        self.keep()
        self.other.tone, self.other.picture = number, 1 << number
        self.heard_ms = self.seen_ms = None
        self.phone.forget()

    def look(self, now_ms):
        number = self.other.tone
        if self.heard_ms is None and any(tone[1] == number for tone in self.phone.tones):
            self.heard_ms = now_ms
        if self.seen_ms is None and any(seen[1] == 1 << number for seen in self.phone.pictures):
            self.seen_ms = now_ms
        self.phone.forget()

    def keep(self):
        if self.heard_ms is not None and self.seen_ms is not None:
            self.apart_ms.append(abs(self.heard_ms - self.seen_ms))


def talk(minutes, loss=0.0, report=print):
    """The call; returns the figures."""
    world = SimulatedWorld(1, loss=loss, jitter_ms=20)
    alice, bob = phones(world, *world.friends(), picture_ms=40)
    alice.call()
    bob.answer()
    alice.state(ALL)
    watches = [Watch(alice, bob), Watch(bob, alice)]
    before_mb = None
    for second in range(60 * minutes):
        for watch in watches:
            watch.change(second % len(TONES))
        end_ms = world.now_ms() + 1000
        while world.now_ms() < end_ms:
            world.run_for(0.01)
            for watch in watches:
                watch.look(world.now_ms())
        if second == 60:
            before_mb = memory_mb()
        if second % 60 == 0:
            report(f"{second // 60:>3} min, {memory_mb():.1f} MB")
    apart = sorted(ms for watch in watches for ms in watch.apart_ms)
    world.close()
    return {
        "before_mb": before_mb,
        "after_mb": memory_mb(),
        "changes": len(apart),
        "apart_p50_ms": apart[len(apart) // 2],
        "apart_p95_ms": apart[len(apart) * 95 // 100],
        "apart_max_ms": apart[-1],
        "states": [*alice.states, *bob.states],
    }


def main():
    minutes = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    print(talk(minutes, float(sys.argv[2]) if len(sys.argv) > 2 else 0.0))


if __name__ == "__main__":
    main()
