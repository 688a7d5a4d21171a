"""A file of unknown size ends with a short chunk, also with an empty one."""

import pytest

from tests.support.files import CHUNK, UNKNOWN_SIZE, accepted, content, finish


@pytest.mark.parametrize("size", [50 * CHUNK + 17, 50 * CHUNK, 0], ids=["short", "empty-chunk", "nothing"])
def test_file_stream(world, size):
    alice, bob = world.friends()
    data = content(size)
    sent, got = accepted(world, alice, bob, data, size=UNKNOWN_SIZE)
    assert got.offer.file_size == UNKNOWN_SIZE
    finish(world, sent, got)
    assert got.data == data
