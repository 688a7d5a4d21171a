"""Sender and recipient killed at any step: nothing is lost, and nothing is a second message to the user.

`TOXPY_KILLS=1000 python -m pytest tests/unit/ext/offline/test_kills.py` kills each of them so often.
"""

import os
import random

import pytest

from tests.support.offline_people import Stage, check, journey
from tests.support.offline_posts import MemoryPost

KILLS = int(os.environ.get("TOXPY_KILLS", "20"))
#: the second one goes in two parts
TEXTS = [b"hello", b"long " * 1000]


def play(seed, kills=()):
    """The whole way with these kills; the stage afterwards."""
    stage = Stage(seed, kills, MemoryPost)
    journey(stage, TEXTS)
    check(stage)
    return stage


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_killed_at_each_step(who):
    steps = play(0).steps[who]
    assert steps > 80
    rest, killed = random.Random(1), 0
    for number in range(KILLS):
        seed, at = divmod(number, steps) if steps < KILLS else (0, number * steps // KILLS)
        kills = {(who, 1 + at)}
        if number % 3 == 2:
            # and once more, soon or later
            kills.add((who, 2 + at + rest.randrange(steps // 2)))
        try:
            killed += play(seed, kills).killed
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, kills {sorted(kills)}") from error
    assert killed >= KILLS
