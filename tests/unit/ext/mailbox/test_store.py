"""What both stores of a mailbox promise: order, limits, whose a blob is, who goes first, how long."""

import pytest

from tests.support.mailbox_stores import MAKERS, TOKENS, Room, in_memory, on_disk, queue, runtime
from toxpy.ext.mailbox.keeping import (
    EPOCHS_AHEAD,
    EPOCHS_BEHIND,
    KEPT_S,
    MIN_OPEN,
    MIN_QUOTA,
    OPEN_COST,
    REMOVED_AT_ONCE,
    REOPENED_S,
    number_of,
)
from toxpy.ext.mailbox.room import MIN_ROOM
from toxpy.ext.mailbox.store import GO_ON_MS, LOOK_MS, token_hash
from toxpy.ext.offline.keys import EPOCH_S, epoch_at
from toxpy.ext.offline.ops import (
    BAD_SIZE,
    END_NUMBER,
    FULL,
    MAX_PER_QUEUE,
    OK,
    OPEN_QUEUES,
    QUEUE_FULL,
    REFUSED,
)

BIG = bytes(4096)


@pytest.fixture
def rt():
    return runtime()


@pytest.fixture(params=MAKERS)
def make(request, tmp_path, rt):
    """Makes stores of one kind; they are closed at the end."""
    made = []

    def maker(**options):
        made.append(MAKERS[request.param](tmp_path, rt, **options))
        return made[-1]

    yield maker
    for store in made:
        store.close()


def now_epoch(store):
    return epoch_at(store.rt.clock.unix_s())


def test_what_was_put_is_there_in_its_order(make):
    store = make(open_to_all=True)
    blobs = [bytes((number,)) * size for number, size in enumerate((256, 4096, 1024, 256, 1024))]
    assert [store.put(1, blob) for blob in blobs] == [OK] * 5
    assert store.put(2, bytes(256)) == OK
    found = store.read(1)
    assert [data for _, data in found] == blobs
    assert store.get(queue(1), found[1][0], 2) == found[2:4]
    assert store.stats.blobs == 6 and store.stats.bytes == 256 * 3 + 2048 + 4096 and store.stats.queues == 2
    assert store.stats.gets == 7 and store.stats.answers == {OK: 6}


def test_a_queue_says_whether_it_is_empty(make):
    store = make(open_to_all=True)
    store.put(1)
    # names that begin alike
    other = queue(1)[:8] + b"\xff" * 24
    store.store.put(other, bytes(256), 0, lambda _code: None)
    prefixes = [queue(number)[:8] for number in range(3)]
    assert store.has(prefixes) == [False, True, False]
    for name in (queue(1), other):
        assert store.has([name[:8], b"\xff" * 8, bytes(8)]) == [True, False, False]
        ((place, _),) = store.get(name, 0, 5)
        assert store.delete(name, [number_of(place)]) == OK
    assert store.has(prefixes) == [False, False, False]
    assert store.stats.queues == store.stats.blobs == store.stats.bytes == 0


def test_delete_takes_what_is_in_the_queue_and_of_these_numbers(make):
    store = make(open_to_all=True)
    for number in (1, 1, 1, 2):
        store.put(number)
    first, second, third = (number_of(place) for place, _ in store.read(1))
    ((place, _),) = store.read(2)
    assert store.delete(queue(1), [second, second, number_of(place), third + 5, END_NUMBER]) == OK
    assert [number_of(place) for place, _ in store.read(1)] == [first, third]
    assert len(store.read(2)) == 1
    assert store.delete(queue(3), [first]) == OK and store.delete(queue(1), []) == OK
    assert store.stats.blobs == 3


def test_numbers_do_not_come_again(make):
    """An ACK that comes late must not delete something new."""
    store = make(open_to_all=True)
    seen = set()
    for _ in range(5):
        store.put(1)
        ((place, _),) = store.read(1)
        seen.add(number_of(place))
        store.delete(queue(1), [number_of(place)])
    assert len(seen) == 5 and 0 not in seen


@pytest.mark.parametrize("kind", MAKERS)
def test_no_number_is_that_of_the_end(kind, tmp_path):
    rt = runtime(END_NUMBER - 1)
    store = MAKERS[kind](tmp_path, rt, open_to_all=True)
    for _ in range(4):
        store.put(1)
    places = [place for place, _ in store.read(1)]
    assert places == [END_NUMBER - 1, END_NUMBER + 1, END_NUMBER + 2, END_NUMBER + 3]
    assert [number_of(place) for place in places] == [END_NUMBER - 1, 0, 1, 2]
    store.close()


@pytest.mark.parametrize("size", [0, 1, 255, 257, 1023, 1025, 4095, 4097, 100_000])
def test_sizes(make, size):
    store = make(open_to_all=True)
    assert store.put(1, bytes(size)) == BAD_SIZE
    assert store.stats.blobs == 0 and store.stats.answers == {BAD_SIZE: 1}


def test_a_queue_holds_a_hundred(make):
    store = make(open_to_all=True)
    assert {store.put(1) for _ in range(MAX_PER_QUEUE)} == {OK}
    assert store.put(1) == QUEUE_FULL and store.put(2) == OK
    store.delete(queue(1), [number_of(store.read(1)[0][0])])
    assert store.put(1) == OK and store.put(1) == QUEUE_FULL


# members


def test_tokens(make):
    store = make()
    assert store.member(TOKENS[0]) == store.member(bytes(32)) == 0
    first, second = (store.add_member(token) for token in TOKENS[:2])
    assert 0 < first != second > 0
    assert [store.member(token) for token in TOKENS[:3]] == [first, second, 0]
    assert store.add_member(TOKENS[0]) == first
    assert store.stats.members == 2


def test_strangers_are_refused_where_nobody_opened(make):
    store = make()
    member = store.add_member(TOKENS[0])
    assert store.put(1) == REFUSED
    # a member's friends are elsewhere
    assert store.put(1, member=member) == OK
    assert store.open_queues(member, now_epoch(store), [queue(2)]) == OK
    assert store.put(2) == OK and store.put(3) == REFUSED
    assert len(store.read(2)) == 1


def test_only_members_open(make):
    store = make(open_to_all=True)
    assert store.open_queues(0, now_epoch(store), [queue(1)]) == REFUSED


def test_queues_are_opened_for_a_week_and_no_longer(make):
    store = make()
    member = store.add_member(TOKENS[0])
    now = now_epoch(store)
    ahead = {epoch: store.open_queues(member, epoch, [queue(epoch)]) for epoch in range(now - 6, now + 35)}
    allowed = {epoch for epoch, code in ahead.items() if code == OK}
    assert allowed == {*range(now - EPOCHS_BEHIND, now + EPOCHS_AHEAD + 1)}
    assert EPOCHS_AHEAD * EPOCH_S >= 7 * 24 * 3600 and EPOCHS_BEHIND * EPOCH_S >= KEPT_S
    assert store.stats.open_queues == len(allowed)
    # six epochs later those of the first two are over
    store.rt.clock.ahead_s += 2 * EPOCH_S
    store.tidy()
    assert {epoch for epoch in allowed if store.put(epoch) == OK} == allowed - {now - 4, now - 3}


def test_without_a_date_queues_can_be_opened(make):
    store = make()
    store.rt.clock.ahead_s = -60 * 365 * 86400
    member = store.add_member(TOKENS[0])
    assert store.open_queues(member, 7, [queue(1)]) == OK
    store.tidy()
    assert store.put(1) == OK


def test_who_opens_again_and_again_loses_the_oldest(make):
    """As a program does that is started often: what it needs, and each time other random ones."""
    store = make(room=Room(MIN_ROOM))
    member, other = (store.add_member(token) for token in TOKENS[:2])
    now = now_epoch(store)
    limit = MIN_ROOM * 9 // 10 // 2 // OPEN_COST
    needed, others = [queue(number) for number in range(50)], [queue(10**6), queue(10**6 + 1)]
    assert store.open_queues(other, now, others) == OK
    for start in range(10):
        first = 1000 * (start + 1)
        names = [*needed, *(queue(number) for number in range(first, first + 950))]
        assert store.open_queues(member, now, names) == OK
        assert store.stats.open_queues == min(50 + 950 * (start + 1), limit) + 2
        store.pass_s(REOPENED_S + 1)
    # the needed ones are open, and the other member's
    assert [store.put(number) for number in range(50)] == [OK] * 50
    assert store.put(10**6) == OK and store.put(1000) == REFUSED


def test_each_member_has_queues_for_a_week():
    assert MIN_OPEN >= (EPOCHS_AHEAD + EPOCHS_BEHIND + 1) * OPEN_QUEUES


def test_who_opened_first_keeps_a_queue(make):
    store = make(room=Room(MIN_ROOM))
    one, two = (store.add_member(token) for token in TOKENS[:2])
    now = now_epoch(store)
    for member in (one, two, one):
        assert store.open_queues(member, now, [queue(1), queue(1)]) == OK
    assert store.stats.open_queues == 1


@pytest.mark.parametrize(
    ("room", "limit"), [(MIN_ROOM, MIN_OPEN), (4 << 20, (4 << 20) * 9 // 10 // len(TOKENS) // OPEN_COST)]
)
def test_open_queues_are_limited_by_the_quota(make, room, limit):
    store = make(room=Room(room))
    members = [store.add_member(token) for token in TOKENS]
    now = now_epoch(store)
    names = [queue(number) for number in range(limit + 1)]
    assert store.open_queues(members[0], now, names) == FULL
    assert store.stats.open_queues == limit
    assert store.open_queues(members[1], now, names[-1:]) == OK
    # what is open already needs no room
    assert store.open_queues(members[0], now, names[:5]) == OK


# room


def fill(store, numbers, data=BIG, member=0):
    """Put until a code other than OK; how many there was room for, and the code."""
    count = 0
    for number in numbers:
        code = store.put(number, data, member)
        if code:
            return count, code
        count += 1
    return count, OK


def test_each_member_has_a_share(make):
    store = make(room=Room(MIN_ROOM))
    members = [store.add_member(token) for token in TOKENS[:2]]
    share = MIN_ROOM * 9 // 10 // 2 // 4096
    assert fill(store, range(1000), member=members[0]) == (share, FULL)
    # smaller ones still fit
    assert store.put(2000, bytes(256), members[0]) == OK
    assert fill(store, range(1000), member=members[1]) == (share, FULL)
    assert store.stats.evicted == 0 and store.stats.blobs == 2 * share + 1


def test_what_is_put_into_an_open_queue_is_its_members(make):
    store = make(room=Room(MIN_ROOM))
    one, two = (store.add_member(token) for token in TOKENS[:2])
    share = MIN_ROOM * 9 // 10 // 2 // 4096
    names = [queue(number) for number in range(share)]
    store.open_queues(one, now_epoch(store), names)
    assert fill(store, range(share), member=two) == (share, OK)
    assert store.put(0, BIG, two) == FULL and store.put(2000, BIG, two) == OK
    assert store.put(2001, BIG, one) == FULL


def test_many_members_have_a_little_each(make):
    store = make(room=Room(MIN_ROOM))
    for number in range(40):
        member = store.add_member(bytes((number,)) * 32)
    assert fill(store, range(100), member=member) == (MIN_QUOTA // 4096, FULL)


def test_strangers_have_a_tenth_and_their_oldest_go(make):
    store = make(room=Room(MIN_ROOM), open_to_all=True)
    tenth = (MIN_ROOM - MIN_ROOM * 9 // 10) // 4096
    assert fill(store, range(tenth)) == (tenth, OK)
    assert fill(store, range(tenth, tenth + 3)) == (3, OK)
    assert store.stats.evicted == 3 and store.stats.blobs == tenth
    left = [number for number in range(tenth + 3) if store.read(number)]
    assert left == [*range(3, tenth + 3)]
    # one big one for many small ones
    for number in (100, 101):
        assert store.put(number, bytes(1024)) == OK
    assert store.stats.bytes <= MIN_ROOM - MIN_ROOM * 9 // 10


def test_members_take_what_strangers_have(make):
    store = make(room=Room(MIN_ROOM), open_to_all=True)
    member = store.add_member(TOKENS[0])
    tenth, share = (MIN_ROOM - MIN_ROOM * 9 // 10) // 4096, MIN_ROOM * 9 // 10 // 4096
    fill(store, range(1000, 1000 + tenth))
    assert fill(store, range(1000), member=member) == (share, FULL)
    assert store.stats.bytes <= MIN_ROOM and store.stats.evicted <= 1


def test_nothing_is_evicted_in_vain(make):
    """With more members than there is room for, their blobs leave none for strangers."""
    store = make(room=Room(MIN_ROOM), open_to_all=True)
    members = [store.add_member(bytes((number,)) * 32) for number in range(20)]
    assert store.put(1) == OK
    total = 0
    for member in members:
        total += fill(store, range(1000 * member, 1000 * member + 16), member=member)[0]
    assert total == MIN_ROOM // 4096
    assert store.read(1) == [] and store.stats.evicted == 1
    assert store.put(1, BIG) == FULL and store.put(2, BIG, members[0]) == FULL
    assert store.stats.evicted == 1 and store.stats.blobs == total


#: A small room, of which a member has all but a kilobyte.
SMALL = 10 * 4096


def nearly_full(make):
    store = make(room=Room(SMALL), open_to_all=True)
    member = store.add_member(TOKENS[0])
    assert fill(store, range(9), member=member) == (9, OK)
    assert fill(store, range(9, 12), bytes(1024), member) == (3, OK)
    return store, member


def test_a_put_that_makes_room_in_its_own_queue(make):
    store = make(room=Room(SMALL), open_to_all=True)
    assert store.put(1, BIG) == store.put(1, b"\1" * 4096) == OK
    assert [data for _, data in store.read(1)] == [b"\1" * 4096]
    assert store.stats.queues == store.stats.blobs == store.stats.evicted == 1


def test_strangers_keep_what_would_not_be_enough(make):
    store, member = nearly_full(make)
    assert store.put(100) == store.put(101) == OK
    assert store.put(10, BIG, member) == FULL
    assert store.stats.evicted == 0 and len(store.read(100)) == 1
    # but what is enough they give
    assert store.put(10, bytes(1024), member) == OK
    assert store.stats.evicted == 2 and store.stats.bytes == SMALL


def test_strangers_have_no_more_than_there_is(make):
    """Members may leave less than a tenth."""
    store, _ = nearly_full(make)
    assert fill(store, range(100, 106), bytes(256)) == (6, OK)
    assert store.stats.bytes == SMALL and store.stats.evicted == 2
    assert store.read(101) == [] and len(store.read(102)) == 1


def test_in_a_room_that_shrinks_the_oldest_go_strangers_first(make):
    room = Room(MIN_ROOM)
    store = make(room=room, open_to_all=True)
    member = store.add_member(TOKENS[0])
    assert (
        store.put(1, BIG, member) == store.put(2, BIG, member) == store.put(3, BIG) == store.put(4, BIG) == OK
    )
    room.size = 3 * 4096
    store.tidy()
    assert [bool(store.read(number)) for number in range(1, 5)] == [True, True, False, True]
    room.size = 4096
    store.tidy()
    assert [bool(store.read(number)) for number in range(1, 5)] == [False, True, False, False]
    assert store.stats.evicted == 3 and store.stats.bytes == 4096 and store.stats.queues == 1


# time


def test_a_day(make):
    store = make(open_to_all=True)
    store.put(1)
    store.pass_s(3600)
    store.put(2)
    store.pass_s(KEPT_S - 3600 - 1)
    assert store.stats.expired == 0
    store.pass_s(LOOK_MS // 1000)
    assert store.read(1) == [] and len(store.read(2)) == 1
    assert store.stats.expired == 1 and store.stats.evicted == 0
    store.pass_s(3600)
    assert store.stats.blobs == store.stats.bytes == store.stats.queues == 0


@pytest.mark.parametrize("ahead_s", [-(10**10), -4000, 4000, 10**10])
def test_setting_the_clock_empties_nothing(make, ahead_s):
    store = make(open_to_all=True)
    store.put(1)
    store.rt.clock.ahead_s += ahead_s
    store.pass_s(KEPT_S - 1)
    assert len(store.read(1)) == 1
    store.pass_s(LOOK_MS // 1000 + 1)
    assert store.read(1) == []


def test_more_than_can_go_at_once(make):
    store = make()
    member = store.add_member(TOKENS[0])
    for number in range(2 * REMOVED_AT_ONCE + 10):
        assert store.put(number, member=member) == OK
    store.pass_s(KEPT_S)
    for left in (REMOVED_AT_ONCE + 10, 10, 0):
        assert store.stats.blobs == left
        store.pass_s(GO_ON_MS / 1000)
    assert store.rt.timers.next_deadline_ms() > store.rt.clock.now_ms + GO_ON_MS


def test_the_look_comes_by_itself_and_ends_with_the_store(make):
    store = make(open_to_all=True)
    assert store.rt.timers.next_deadline_ms() == store.rt.clock.now_ms + LOOK_MS
    store.pass_s(LOOK_MS // 1000)
    assert store.rt.timers.next_deadline_ms() == store.rt.clock.now_ms + LOOK_MS
    store.close()
    store.close()
    assert store.rt.timers.next_deadline_ms() is None


def test_tokens_are_kept_as_hashes():
    assert token_hash(TOKENS[0]) != token_hash(TOKENS[1]) and len(token_hash(TOKENS[0])) == 32
    assert TOKENS[0] not in token_hash(TOKENS[0])


def test_both_stores_answer_alike(tmp_path):
    """A random walk through all operations: every answer and all figures are the same, and add up."""
    import random

    rng = random.Random(15)
    worlds = [runtime(), runtime()]
    room = 40 * 4096
    stores = [
        in_memory(None, worlds[0], room=Room(room), open_to_all=True),
        on_disk(tmp_path, worlds[1], room=Room(room), open_to_all=True),
    ]
    members = [[store.add_member(token) for token in TOKENS[:2]] for store in stores]
    assert members[0] == members[1]
    for _ in range(1500):
        choice, number = rng.random(), rng.randrange(12)
        member = rng.choice([0, *members[0]])
        if choice < 0.6:
            data = rng.randbytes(rng.choice((256, 256, 1024, 1024, 4096, 4096, 100)))
            answers = [store.put(number, data, member) for store in stores]
        elif choice < 0.8:
            answers = [store.read(number) for store in stores]
            wanted = [number_of(place) for place, _ in answers[0] if rng.random() < 0.5]
            assert len({store.delete(queue(number), wanted) for store in stores}) == 1
        elif choice < 0.9:
            names = [queue(rng.randrange(12)) for _ in range(2)]
            answers = [store.open_queues(member, now_epoch(store), names) for store in stores]
        elif choice < 0.95:
            answers = [store.has([queue(name)[:8] for name in range(12)]) for store in stores]
        else:
            seconds = rng.choice((10, 3600, 4 * 3600))
            answers = [store.pass_s(seconds) for store in stores]
        assert answers[0] == answers[1]
        figures = [{name: getattr(store.stats, name) for name in store.stats.__slots__} for store in stores]
        assert figures[0] == figures[1]
        held = [data for name in range(12) for _, data in stores[0].read(name)]
        [stores[1].read(name) for name in range(12)]
        assert (len(held), sum(map(len, held))) == (stores[0].stats.blobs, stores[0].stats.bytes)
        assert stores[0].stats.bytes <= room
    figures = stores[0].stats
    assert figures.evicted and figures.expired and {OK, FULL, BAD_SIZE} <= {*figures.answers}
    for store in stores:
        store.close()
