"""The attack of `datagrams.py`, short; the long one is run by hand with a million."""

import pytest

from tests.fuzz.datagrams import attack


@pytest.mark.timeout(240)
def test_hostile_datagrams():
    figures = attack(20_000, seed=2)
    assert sum(figures["drops"].values()) > 10_000
    assert figures["after_mb"] - figures["before_mb"] < 20
