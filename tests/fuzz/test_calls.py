"""The attack of `calls.py`, short; the long one is run by hand with a million."""

from tests.fuzz.calls import attack

#: Reasons for which something was refused, at least: each check is reached.
MIN_DROPS = 8


def test_a_hostile_friend_in_a_call():
    figures = attack(4000, seed=2, report=lambda _: None)
    drops = [name for name in figures["drops"] if name.startswith(("drop.audio", "drop.picture", "drop.rtp"))]
    assert len(drops) >= MIN_DROPS, drops
    assert figures["after_mb"] - figures["before_mb"] < 5
    # it can end its own call
    assert figures["again"] > 3
