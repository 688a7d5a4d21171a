"""256 files each way at once, and no more."""

from tests.support.files import DATA, RESUME, Sent, content, fails, finish, received

COUNT = 256


def test_file_many(world):
    alice, bob = world.friends()
    sent = {}
    for sender in (alice, bob):
        sent[sender] = [Sent(sender, content(3000, n), name=b"%d" % n) for n in range(COUNT)]
        assert [transfer.number for transfer in sent[sender]] == list(range(COUNT))
        fails("TOX_ERR_FILE_SEND_TOO_MANY", sender.file_send, 0, DATA, 1, None, b"one more")
    got = []
    for receiver in (bob, alice):
        for n in range(COUNT):
            got.append(received(receiver, file_number=(n + 1) << 16))
            got[-1].control(RESUME)
    finish(world, *sent[alice], *sent[bob], *got)
    for transfer in got:
        assert transfer.data == content(3000, int(transfer.offer.filename))
    Sent(alice, b"room again")
