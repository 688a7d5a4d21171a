"""Files of more than 4 GiB: positions and sizes are 64 bits all the way."""

from tests.support.files import RESUME, Sent, content, finish, received


def test_file_big_position(world):
    alice, bob = world.friends()
    data = content(100_000)
    for size in (2**32 + 50_000, 2**63 + 50_000):
        start = size - len(data)
        sent = Sent(alice, data, size=size, start=start)
        got = received(bob, file_size=size)
        got.seek(start)
        got.control(RESUME)
        finish(world, sent, got)
        assert got.data == data
