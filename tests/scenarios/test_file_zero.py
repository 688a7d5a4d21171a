"""Files of 0 bytes are accepted and over, each with the same number; their sender is asked for nothing."""

from tests.support.files import accepted, finish


def test_file_zero(world):
    alice, bob = world.friends()
    for _ in range(3):
        sent, got = accepted(world, alice, bob, b"", name=b"empty.txt")
        assert sent.number == 0
        assert (got.offer.file_size, got.offer.filename) == (0, b"empty.txt")
        finish(world, sent, got)
        assert got.data == b"" and not sent.requests
