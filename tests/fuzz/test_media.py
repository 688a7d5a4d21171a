"""The attack of `media.py`, short; the long one is run by hand."""

from tests.fuzz.media import attack
from tests.support import compiled_avcodecs


def test_hostile_packets_for_decoders(tmp_path_factory):
    compiled_avcodecs.use(tmp_path_factory)
    figures = attack(5000)
    assert figures["refused"] > 1000 and figures["decoded"] > 1000
    assert figures["after_mb"] - figures["before_mb"] < 20
