"""A file of 0 bytes is accepted and over; its sender is asked for nothing."""

from tests.support.files import accepted, finish


def test_file_zero(world):
    alice, bob = world.friends()
    sent, got = accepted(world, alice, bob, b"", name=b"empty.txt")
    assert (got.offer.file_size, got.offer.filename) == (0, b"empty.txt")
    finish(world, sent, got)
    assert got.data == b"" and not sent.requests
