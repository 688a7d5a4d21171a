"""The attack of `conference_packets.py`, short; the long one is run by hand."""

import pytest

from tests.fuzz.conference_packets import attack


@pytest.mark.parametrize("seed", range(2))
def test_hostile_packets_of_conferences(seed):
    figures = attack(10_000, seed)
    assert sum(figures["drops"].values()) > 3_000
    assert figures["frames"] > 20
    assert figures["after_mb"] - figures["before_mb"] < 5
