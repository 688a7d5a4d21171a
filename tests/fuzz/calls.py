"""Mutated packets of signalling, sound and pictures from a friend in a call.

    python -m tests.fuzz.calls COUNT [SEED] [real]

What the liar sends is what its library sends, cut, lengthened, with bits flipped, with other values in the
fields of the headers, out of order and again; with `real` through the real codecs. It may end its own call,
which then is made anew. The victim has a call with another friend all the time, which must go on; memory must
stay flat. Anything raised out of the victim ends the run.
"""

from __future__ import annotations

import contextlib
import random
import sys
import time
from collections import deque

from tests.fuzz.datagrams import memory_mb
from tests.support.calls import phones
from tests.support.worlds import SimulatedWorld
from toxpy.errors import ToxError
from toxpy.media.codecs import load

#: The kinds of packets in calls: signalling, sound, pictures, and what is said about them.
KINDS = (69, *range(192, 199))
#: Packets between two moments at which time passes, and the length of such a moment in seconds.
BATCH, MOMENT_S = 20, 0.02
#: Seconds after which signals count again.
CALM_S = 6
#: One in so many packets may be one of the signalling.
SIGNAL_SHARE = 100
#: Genuine packets that are kept of a kind.
KEPT = 200
#: Where the fields of an RTP header are: offset and size.
RTP_FIELDS = [(1, 1), (2, 1), (3, 2), (5, 4), (9, 4), (13, 8), (21, 4), (25, 4), (77, 2), (79, 2), (81, 4)]
#: Values that limits are at.
EDGES = [0, 1, 2, 15, 16, 127, 128, 255, 256, 1292, 4096, 16383, 32767, 65535, 2**20, 2**24, 2**31, 2**32 - 1]


def mutated(rng, data):
    """Cut, lengthened, or with bits or fields changed; the kind stays."""
    data = bytearray(data)
    for _ in range(rng.randrange(4)):
        choice = rng.randrange(6)
        if choice == 0 and len(data) > 1:
            data[rng.randrange(1, len(data))] ^= 1 << rng.randrange(8)
        elif choice == 1 and rng.randrange(4) == 0:
            del data[rng.randrange(1, len(data) + 1) :]
        elif choice == 2 and rng.randrange(4) == 0:
            data += rng.randbytes(rng.choice([1, 3, 40, 1300]))
        elif len(data) > 85:
            at, size = rng.choice(RTP_FIELDS)
            data[at : at + size] = (rng.choice(EDGES) % 256**size).to_bytes(size, "big")
        elif len(data) > 1:
            data[rng.randrange(1, len(data))] = rng.choice(EDGES) & 255
    return bytes(data[:1373])


class Attack:
    """A liar and its victim in a call, and another friend of the victim's in one."""

    def __init__(self, seed, codecs):
        self.rng = random.Random(seed)
        self.world = world = SimulatedWorld(seed=seed)
        liar, victim = world.friends()
        friend = world.actor("carol")
        friend.bootstrap_to(world.actors[0])
        victim.friend_add_norequest(friend.self_get_public_key())
        friend.friend_add_norequest(victim.self_get_public_key())
        world.until(lambda: victim.is_online(1) and friend.is_online(), "carol to be online")
        self.liar, self.victim, self.friend = phones(world, liar, victim, friend, codecs=codecs)
        self.samples = {kind: deque(maxlen=KEPT) for kind in KINDS}
        self._listen()
        self.friend.call(video=0)
        self.victim.answer(1, video=0)
        self.friend.tone = 5
        self.again = 0
        #: CPU time of the victim with the packets
        self.spent_s = 0.0
        self._call()

    def _listen(self):
        """Keep what the liar's library sends."""
        handlers = self.handlers = self.victim.actor.tox.messenger.packets.handlers

        def keeper(kind, handler):
            def keep(friend, data):
                kept = self.samples[kind]
                if friend is self.of_liar:
                    kept.append(data) if len(kept) < KEPT else kept.__setitem__(
                        self.rng.randrange(KEPT), data
                    )
                handler(friend, data)

            return keep

        self.of_liar = self.victim.actor.tox.messenger.friend(0)
        self.genuine = {kind: handler for kind in KINDS if (handler := handlers[kind]) is not None}
        for kind, handler in self.genuine.items():
            handlers[kind] = keeper(kind, handler)

    def _call(self):
        """A call between both, with everything in it."""
        for phone in (self.liar, self.victim):
            with contextlib.suppress(ToxError):
                phone.hang_up()
        # who sent too many signals is not heard for a while
        self.world.run_for(CALM_S)
        for phone in (self.liar, self.victim):
            phone.calls.clear()
            phone.states.clear()
        self.liar.call()
        self.victim.answer()
        self.liar.tone, self.liar.picture = 2, 0b01010101
        self.victim.tone, self.victim.picture, self.victim.audience = 3, 0b00110011, [0, 1]
        self.world.run_for(0.3)
        self.again += 1

    def lie(self):
        """One packet."""
        # most packets of the signalling end the call, so there are fewer
        first = 0 if self.rng.randrange(SIGNAL_SHARE) == 0 else 1
        kind = self.rng.choice([kind for kind in KINDS[first:] if self.samples[kind]])
        data = mutated(self.rng, self.rng.choice(self.samples[kind]))
        start = time.process_time()
        self.genuine[kind](self.of_liar, data)
        self.spent_s += time.process_time() - start

    def run(self, count, report):
        """All packets: the memory when the tables are full, MB."""
        before_mb = None
        for done in range(count):
            self.lie()
            if done % BATCH == 0:
                self.world.run_for(MOMENT_S)
                for phone in (self.liar, self.victim, self.friend):
                    phone.forget()
                if not self.victim.talks_to(0) or not self.liar.talks_to(0):
                    self._call()
            if before_mb is None and done >= count // 10:
                before_mb = memory_mb()
            if done % max(count // 10, 1) == 0:
                report(f"{done:>8} packets, {memory_mb():.1f} MB")
        return before_mb


def attack(count, seed=1, *, real=False, report=print):
    """Run the whole thing; returns the figures."""
    run = Attack(seed, load(standin=not real))
    before_mb = run.run(count, report)
    after_mb = memory_mb()
    # the other call has been going on, and with the liar there may be another one
    run.victim.hears(5, friend=1)
    run.friend.hears(3)
    run._call()
    run.victim.hears(2)
    run.victim.sees(0b01010101)
    counters = run.victim.actor.tox.rt.counters.values
    drops = {name: number for name, number in sorted(counters.items()) if name.startswith("drop.")}
    run.world.close()
    return {
        "before_mb": before_mb,
        "after_mb": after_mb,
        "drops": drops,
        "cpu_s": run.spent_s,
        "again": run.again,
    }


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    figures = attack(count, seed, real="real" in sys.argv)
    for name, number in figures.pop("drops").items():
        print(f"{number:>9} {name}")
    print(figures)


if __name__ == "__main__":
    main()
