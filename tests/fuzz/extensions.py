"""Mutated and random packets of extensions, from a friend who has two of ours.

    python -m tests.fuzz.extensions COUNT [SEED]

What ToxExt's library said, and packets of segments with likely ids and unlikely contents, are cut, flipped,
spliced and mixed with noise. The friend comes and goes, and at times nothing that we send leaves. What is
kept must stay below its limits and memory flat; at the end both extensions still work. Anything raised ends
the run.
"""

from __future__ import annotations

import random
import sys
import time

from tests.fuzz.datagrams import memory_mb, mutate
from tests.unit.ext.messages.test_foreign import MOST, RECORDED, Side, number, said
from tests.unit.friend.test_envelope import ANSWER, MESSAGES, NEGOTIATE, OTHER, Seen, answer, negotiate
from toxpy.ext.messages.foreign import MAX_MESSAGE_SIZE, MAX_UNFINISHED_SIZE
from toxpy.friend.envelope import MAGIC, MAX_UNSENT, pack_packets, pack_segment

BATCH = 10_000
#: One of so many packets finds the friend gone and back, or our window full for a while.
SELDOM = 1000
IDS = (0, 1, 2, 3, 4, 5, 700, 8191)


class Echo(Seen):
    """Says again what it hears."""

    def on_segment(self, friend, data):
        super().on_segment(friend, data)
        self.envelope.send_soon(friend, self.uuid, data)


class Attack:
    """Our side, and samples of what may be said to it."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.side = Side()
        self.echo = Echo(self.side.envelope, OTHER)
        self.side.envelope.add(OTHER, self.echo)
        self.side.come()
        packets = [bytes.fromhex(each["packet"]) for each in RECORDED["said"]]
        packets += [bytes.fromhex(packet) for long in RECORDED["long"].values() for packet in long]
        #: messages, receipts and segments that came through
        self.heard = 0
        self.samples = {0: [(None, None, packet) for packet in packets]}

    def content(self, segment_id):
        """What a segment of that id might have in it, and might not."""
        rng = self.rng
        how = rng.randrange(4)
        if how == 0:
            return rng.randbytes(rng.choice((0, 1, 2, 4, 9, 22, 1366)))
        if segment_id == 0:
            return negotiate(rng.choice((MESSAGES, OTHER, rng.randbytes(16))), rng.choice(IDS))[3:]
        if segment_id == 1:
            return answer(rng.choice(IDS), rng.choice(IDS), rng.random() < 0.8)[3:]
        if segment_id == 2:
            return (rng.choice(IDS) << 3).to_bytes(2, "big")
        value = rng.choice((0, 1, 2000, MAX_MESSAGE_SIZE, 2**63, rng.randrange(2**64)))
        kind = rng.randrange(6)
        return (
            number(kind, value, rng.randbytes(rng.choice((0, 3, 1000)))) if kind != 2 else b"\2" * how * 400
        )

    def packet(self):
        """A hostile packet."""
        rng = self.rng
        if rng.randrange(2):
            return MAGIC + mutate(rng, self.samples)[0][len(MAGIC) :][:1369]
        ids = [rng.choice(IDS) for _ in range(rng.randrange(1, 5))]
        # the numbers that are in use are those of the last question or answer
        segments = [pack_segment(each, self.content(each)) for each in ids]
        packet = rng.choice(pack_packets(segments))
        return mutate(rng, {0: [(None, None, packet)]})[0][:1373] if rng.randrange(4) == 0 else packet

    def check(self):
        """Nothing grows."""
        side = self.side
        assert 0 <= side.unfinished() <= MAX_UNFINISHED_SIZE
        for peer in side.envelope._peers.values():
            assert len(peer.unsent) <= MAX_UNSENT and not peer.answers and not peer.news
            assert {own: their_id for their_id, own in peer.theirs.items()} == peer.on and len(peer.on) <= 2
        assert len(side.envelope._peers) == 1

    def run(self, count):
        """So many packets."""
        side, rng = self.side, self.rng
        for _ in range(count):
            side.friend.connection.on_lossless(self.packet() or MAGIC)
            if rng.randrange(SELDOM) == 0:
                side.go()
                side.come()
                # what the fakes keep
                del side.stage.net_crypto.connections[:-1]
                side.stage.onion.left.clear()
            elif rng.randrange(SELDOM) == 0:
                side.crypto.room = 0
            elif rng.randrange(300) == 0:
                side.crypto.room = 1000
                side.envelope.begin_pass()
                side.taken()
        side.crypto.room = 1000
        self.check()
        side.stage.events.clear()
        for heard in (side.heard, side.receipts, self.echo.heard):
            self.heard += len(heard)
            heard.clear()

    def still_works(self):
        """After all that, the friend begins anew."""
        side = self.side
        side.go()
        assert side.come() == [NEGOTIATE + negotiate(OTHER, 4)]
        self.echo.heard.clear()
        assert side.say(NEGOTIATE)[0] == ANSWER
        assert side.segment(MOST) == [] and side.foreign.largest(side.friend) == MAX_MESSAGE_SIZE
        assert side.segment(number(3, 5, b"alive")) == [number(4, 5)] and side.heard == [b"alive"]
        assert said(side.say(MAGIC + answer(4, 9) + pack_segment(9, b"echo"))) == [b"echo"]


def attack(count, seed=1, report=print):
    """Run the whole thing; returns the figures."""
    attacker = Attack(seed)
    before_mb, spent = None, 0.0
    for done in range(0, count, BATCH):
        start = time.process_time()
        attacker.run(min(BATCH, count - done))
        spent += time.process_time() - start
        if before_mb is None and done + BATCH >= count // 10:
            before_mb = memory_mb()
        so_far = min(done + BATCH, count)
        report(f"{so_far:>8} packets, {memory_mb():.1f} MB, {spent / so_far * 1e6:.0f} us each")
    attacker.still_works()
    values = attacker.side.stage.rt.counters.values
    drops = {k: v for k, v in sorted(values.items()) if k.startswith("drop.")}
    heard = attacker.heard
    return {"before_mb": before_mb, "after_mb": memory_mb(), "drops": drops, "heard": heard, "cpu_s": spent}


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    figures = attack(count, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    for name, dropped in figures.pop("drops").items():
        print(f"{dropped:>9} {name}")
    print(figures)


if __name__ == "__main__":
    main()
