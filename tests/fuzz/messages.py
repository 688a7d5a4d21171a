"""Mutated and forged segments of extended messages from a friend.

    python -m tests.fuzz.messages [COUNT] [SEED]

The friend says what extended messages say, then cut, lengthened, with bits flipped, in any order, and goes
offline now and then. Nothing may be raised, what is remembered and kept has its limits, and in the end a good
message arrives.
"""

from __future__ import annotations

import random
import sys

from tests.fuzz.datagrams import memory_mb
from tests.fuzz.groups import mutated
from tests.unit.ext.messages.pair import Liar
from toxpy.ext.messages import segments as seg
from toxpy.ext.messages.incoming import MAX_HALVES
from toxpy.ext.messages.remembered import MAX_IDS

#: Segments between two looks at what is kept.
BATCH = 500


def sayings(rng, liar):
    """What a friend may say; ids come again, so that edits and deletions meet something."""
    ids = [bytes((rng.randrange(40),)) * 16 for _ in range(3)]
    if rng.random() < 0.3:
        ids.append(liar.victim.send(b"x" * rng.choice([1, 5000])).id)
    long = rng.randbytes(rng.choice([1, 1320, 4000, seg.MAX_TEXT_SIZE]))
    return [
        *seg.text_segments(rng.choice(ids), rng.randrange(2**64), rng.randrange(2), rng.choice(ids), long),
        *seg.edit_segments(rng.choice(ids), 1 + rng.randrange(65535), rng.randrange(2**64), long),
        seg.delete_segment(rng.choice(ids), rng.randrange(2**64)),
        seg.id_segment(seg.GOT, ids * rng.randrange(1, 22)),
        seg.id_segment(seg.SEEN, ids * rng.randrange(1, 22)),
    ]


def check(liar):
    """What is kept has its limits."""
    engine = liar.victim.messages.capability
    pair = engine.friends.ids(liar.victim.friend)
    assert len(pair.received) <= MAX_IDS and len(pair.sent) <= MAX_IDS
    assert 0 <= engine.incoming.held <= MAX_HALVES
    half = engine.friends.talk(liar.victim.friend).half
    assert engine.incoming.held == (len(half.data) if half is not None else 0)


def run(count, seed):
    """So many segments; the counters of the victim."""
    rng = random.Random(seed)
    liar = Liar()
    said = 0
    while said < count:
        liar.victim.crypto.written.clear()
        liar.victim.taken, liar.victim.crypto.room = 0, 100_000
        for _ in range(BATCH // 50):
            segments = sayings(rng, liar)
            for segment in rng.sample(segments, min(len(segments), 50)):
                changed = segment if rng.random() < 0.3 else mutated(rng, segment)[: seg.MAX_SEGMENT_SIZE]
                if changed:
                    liar.packet(liar.OWN_ID, changed)
                said += 1
            liar.victim.end_pass()
        liar.victim.drain()
        check(liar)
        if rng.random() < 0.1:
            liar.come()
    good = seg.text_segments(b"good" * 4, 0, 0, seg.NO_ID, b"good")
    assert [event.message for event in liar.say(*good)] == [b"good"]
    return liar.victim.stage.rt.counters.values


def main():
    """Run and tell."""
    count, seed = (int(word) for word in [*sys.argv[1:], "100000", "1"][:2])
    before = memory_mb()
    counters = run(count, seed)
    print(f"{count} segments, memory {before:.0f} -> {memory_mb():.0f} MB")
    for name, value in sorted(counters.items()):
        print(f"  {name} {value}")


if __name__ == "__main__":
    main()
