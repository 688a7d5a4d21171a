"""A file arrives whole, under the name and ID it was sent with, in both directions."""

from tests.support.files import DATA, RESUME, Sent, content, fails, finish, received


def test_file_transfer(world):
    alice, bob = world.friends()
    for sender, receiver in ((alice, bob), (bob, alice)):
        data, name, file_id = content(150_000), b"n" * 255, bytes(range(32))
        fails("TOX_ERR_FILE_SEND_NAME_TOO_LONG", sender.file_send, 0, DATA, 1, None, b"n" * 256)
        fails("TOX_ERR_FILE_SEND_FRIEND_NOT_FOUND", sender.file_send, 7, DATA, 1, None, b"n")
        sent = Sent(sender, data, name=name, file_id=file_id)
        assert sent.number == 0 and sent.file_id == file_id
        got = received(receiver)
        assert (got.offer.kind, got.offer.file_size, got.offer.filename) == (DATA, len(data), name)
        assert got.number == 1 << 16
        assert receiver.file_get_file_id(0, got.number) == file_id
        fails("TOX_ERR_FILE_SEND_CHUNK_NOT_TRANSFERRING", sender.file_send_chunk, 0, sent.number, 0, b"x")
        fails("TOX_ERR_FILE_CONTROL_DENIED", sender.file_control, 0, sent.number, RESUME)
        fails("TOX_ERR_FILE_CONTROL_NOT_FOUND", receiver.file_control, 0, 2 << 16, RESUME)
        got.control(RESUME)
        finish(world, sent, got)
        assert got.data == data
        assert sent.controls == [RESUME]
        fails("TOX_ERR_FILE_GET_NOT_FOUND", receiver.file_get_file_id, 0, got.number)
        fails("TOX_ERR_FILE_GET_NOT_FOUND", sender.file_get_file_id, 0, sent.number)
        world.run_for(1)
