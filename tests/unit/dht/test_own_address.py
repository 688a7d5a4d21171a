"""Where others see us: what most of the last ones say."""

from toxpy.dht.own_address import ASK_INTERVAL_MS, MAX_TELLERS, OwnAddress

HERE, THERE = (bytes((20, 0, 0, 1)), 33445), (bytes((20, 0, 0, 2)), 33445)


def test_nobody_has_said_anything():
    assert OwnAddress().get() is None


def test_one_liar_is_not_believed():
    own = OwnAddress()
    own.note(b"a", HERE)
    own.note(b"b", HERE)
    own.note(b"liar", THERE)
    assert own.get() == HERE


def test_who_moved_is_told_so_after_some_answers():
    own = OwnAddress()
    for i in range(100):
        own.note(b"%d" % i, HERE)
    for i in range(MAX_TELLERS // 2):
        own.note(b"%d" % i, THERE)
    assert own.get() == THERE


def test_each_teller_counts_once():
    own = OwnAddress()
    own.note(b"a", HERE)
    own.note(b"b", HERE)
    for _ in range(5):
        own.note(b"liar", THERE)
    assert own.get() == HERE


def test_it_is_looked_for_while_somebody_waits_for_it_and_not_too_often():
    own = OwnAddress()
    assert not own.is_looked_for(1000)
    own.is_wanted = True
    assert own.is_looked_for(1000)
    assert not own.is_looked_for(1000 + ASK_INTERVAL_MS - 1)
    assert own.is_looked_for(1000 + ASK_INTERVAL_MS)
    own.note(b"teller", (bytes(4), 1))
    assert not own.is_looked_for(9000)
