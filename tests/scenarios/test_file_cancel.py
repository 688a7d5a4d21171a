"""A file is refused, or given up by either side in the middle; both forget it."""

from tests.support.files import CANCEL, RESUME, Sent, accepted, content, fails, finish, received, run


def test_file_cancel(world):
    alice, bob = world.friends()
    data = content(6_000_000)

    sent = Sent(alice, data)
    got = received(bob)
    got.control(CANCEL)
    run(world, [sent, got], lambda: sent.controls == [CANCEL], "the refusal")
    fails("TOX_ERR_FILE_CONTROL_NOT_FOUND", sent.control, CANCEL)
    fails("TOX_ERR_FILE_CONTROL_NOT_FOUND", got.control, RESUME)

    sent = Sent(alice, data)
    got = received(bob)
    sent.control(CANCEL)
    run(world, [sent, got], lambda: got.controls == [CANCEL], "the offer to be taken back")

    for canceller in (0, 1):
        transfers = accepted(world, alice, bob, data)
        _, got = transfers
        run(world, transfers, lambda got=got: len(got.data) > 20_000, "data to arrive")
        transfers[canceller].control(CANCEL)
        other = transfers[1 - canceller]
        run(world, transfers, lambda other=other: CANCEL in other.controls, "the cancel to arrive")
        assert not got.done and bytes(got.data) == data[: len(got.data)]
        for transfer in transfers:
            fails("TOX_ERR_FILE_CONTROL_NOT_FOUND", transfer.control, CANCEL)

    transfers = accepted(world, alice, bob, data[:5000])
    finish(world, *transfers)
    assert transfers[1].data == data[:5000]
