"""The attack of `extensions.py`, short; the long one is run by hand."""

import pytest

from tests.fuzz.extensions import attack


@pytest.mark.parametrize("seed", range(2))
def test_hostile_packets_of_extensions(seed):
    figures = attack(20_000, seed)
    assert sum(figures["drops"].values()) > 10_000
    assert figures["drops"]["drop.extension_answers"] > 100
    assert figures["heard"] > 1_000
    assert figures["after_mb"] - figures["before_mb"] < 5
