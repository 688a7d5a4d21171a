"""The receiver has the file start later; only before accepting, and only inside the file."""

from tests.support.files import RESUME, Sent, content, fails, finish, received


def test_file_seek(world):
    alice, bob = world.friends()
    data, position = content(200_000), 123_457
    sent = Sent(alice, data)
    got = received(bob)
    fails("TOX_ERR_FILE_SEEK_INVALID_POSITION", got.seek, len(data))
    fails("TOX_ERR_FILE_SEEK_DENIED", alice.file_seek, 0, sent.number, 5)
    fails("TOX_ERR_FILE_SEEK_NOT_FOUND", bob.file_seek, 0, 9 << 16, 5)
    fails("TOX_ERR_FILE_SEEK_FRIEND_NOT_FOUND", bob.file_seek, 3, got.number, 5)
    got.seek(77)
    got.seek(position)
    got.control(RESUME)
    fails("TOX_ERR_FILE_SEEK_DENIED", got.seek, 5)
    got.start = position
    finish(world, sent, got)
    assert got.data == data[position:]
    assert sent.sent == len(data) - position
