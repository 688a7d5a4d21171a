"""Whatever both users do at whatever time: once all packets have arrived, both sides agree about the call."""

import random

import pytest

from tests.unit.av.pair import Pair
from toxpy.av import msi
from toxpy.errors import ToxError

N, R, Q, A = msi.NONE, msi.REQUESTING, msi.REQUESTED, msi.ACTIVE
AGREED = {(N, N), (R, Q), (Q, R), (A, A)}


class Line:
    """Packets of the signalling under way, each with how many packets its sender had got before."""

    def __init__(self, pair):
        self.pair = pair
        self.under_way = {pair.a: [], pair.b: []}
        #: how many packets each side got
        self.got = {pair.a: 0, pair.b: 0}
        for side in (pair.a, pair.b):
            side.crypto.acknowledged_below = 0

    def collect(self):
        """What both sent since the last time is under way."""
        a, b = self.pair.a, self.pair.b
        for source, target in ((a, b), (b, a)):
            self.under_way[target] += [(packet, self.got[source]) for packet in source.take_sent()[0]]

    def hand_over(self, side, count):
        """The next packets that are under way to that side."""
        handed = 0
        while handed < count and self.under_way[side]:
            packet, side.crypto.acknowledged_below = self.under_way[side].pop(0)
            self.got[side] += 1
            side.receive([packet])
            side.tell()
            self.collect()
            handed += 1
        return handed


def act(rng, side):
    """Something that a user does; it may be refused."""
    what = rng.choice(["call", "answer", "cancel", "control", "rate"])
    calls = side.calls
    try:
        if what == "call":
            calls.toxav_call(0, rng.choice([0, 48]), rng.choice([0, 500]))
        elif what == "answer":
            calls.toxav_answer(0, rng.choice([0, 48]), rng.choice([0, 500]))
        elif what == "cancel":
            calls.toxav_call_control(0, 2)
        elif what == "control":
            calls.toxav_call_control(0, rng.choice([0, 1, 3, 4, 5, 6]))
        else:
            calls.toxav_audio_set_bit_rate(0, rng.choice([0, 48]))
    except ToxError:
        pass


@pytest.mark.parametrize("seed", range(8))
def test_both_agree(seed):
    rng, pair = random.Random(seed), Pair()
    line, seen = Line(pair), set()
    for _ in range(150):
        for _ in range(rng.randrange(1, 6)):
            act(rng, rng.choice([pair.a, pair.b]))
            line.collect()
            line.hand_over(rng.choice([pair.a, pair.b]), rng.randrange(3))
            # so that nobody sends too many
            for side in (pair.a, pair.b):
                side.stage.clock.now_ms += 50
        for _ in range(100):
            if line.hand_over(pair.a, 9) + line.hand_over(pair.b, 9) == 0:
                break
        else:
            pytest.fail("packets without end")
        states = (pair.a.state, pair.b.state)
        assert states in AGREED
        seen.add(states)
        if states == (A, A):
            a, b = pair.a.call.signalling, pair.b.call.signalling
            assert (a.ours, b.ours) == (b.theirs, a.theirs)
    assert seen == AGREED


def lose_and_find(pair, away_ms):
    """The connection ends for a while; what was under way is lost."""
    for side in (pair.a, pair.b):
        side.go_offline()
        side.take_sent()
    for _ in range(away_ms // 100):
        pair.clock.now_ms += 100
        for side in (pair.a, pair.b):
            side.stage.rt.timers.run_due()
    for side in (pair.a, pair.b):
        side.come_back()


@pytest.mark.parametrize("seed", range(4))
def test_both_agree_when_the_connection_was_lost(seed):
    rng, pair, seen = random.Random(seed), Pair(), set()
    for _ in range(40):
        if pair.a.state == pair.b.state == N and rng.random() < 0.7:
            pair.in_call()
        for _ in range(rng.randrange(4)):
            act(rng, rng.choice([pair.a, pair.b]))
            if rng.random() < 0.7:
                pair.carry()
        lose_and_find(pair, rng.choice([100, 1_000, 5_000, 9_000, 30_000]))
        act(rng, rng.choice([pair.a, pair.b]))
        pair.run(2_000, step_ms=50)
        # who rang again at a friend without the call waits for the answer of its user, but not for long
        pair.run(6_000, step_ms=50)
        states = (pair.a.state, pair.b.state)
        assert states in AGREED
        seen.add(states)
    assert (A, A) in seen and (N, N) in seen
