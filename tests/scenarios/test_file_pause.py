"""Each side pauses and resumes on its own; data flows while neither does."""

from tests.support.files import PAUSE, RESUME, accepted, content, fails, finish, pass_time, run


def moves(world, transfers, size):
    """Let that much arrive."""
    _, got = transfers
    size += len(got.data)
    run(world, transfers, lambda: len(got.data) >= size, "data to arrive")


def stands_still(world, transfers):
    """What was on its way arrives; then nothing more does for three seconds."""
    _, got = transfers
    for _ in range(10):
        size = len(got.data)
        pass_time(world, transfers, 3)
        if len(got.data) == size:
            break
    assert len(got.data) == size and not got.done


def test_file_pause(world):
    alice, bob = world.friends()
    data = content(6_000_000)
    transfers = sent, got = accepted(world, alice, bob, data)
    moves(world, transfers, 20_000)
    for pauser, other in ((got, sent), (sent, got)):
        pauser.control(PAUSE)
        fails("TOX_ERR_FILE_CONTROL_ALREADY_PAUSED", pauser.control, PAUSE)
        other.controls.clear()
        run(world, transfers, lambda other=other: other.controls == [PAUSE], "the pause to arrive")
        stands_still(world, transfers)
        fails("TOX_ERR_FILE_CONTROL_DENIED", other.control, RESUME)
        pauser.control(RESUME)
        fails("TOX_ERR_FILE_CONTROL_NOT_PAUSED", pauser.control, RESUME)
        moves(world, transfers, 20_000)
        assert other.controls == [PAUSE, RESUME]
    got.control(PAUSE)
    sent.control(PAUSE)
    stands_still(world, transfers)
    got.control(RESUME)
    stands_still(world, transfers)
    sent.control(RESUME)
    finish(world, sent, got)
    assert got.data == data
