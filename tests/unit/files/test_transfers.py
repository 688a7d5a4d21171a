"""toxpy.files.transfers: packets, errors in c-toxcore's order, pacing, what ends a transfer, nonsense."""

import random
import struct

import pytest

from tests.support.files import CANCEL, CHUNK, PAUSE, RESUME, UNKNOWN_SIZE, fails
from tests.unit.friend.fakes import Stage
from toxpy.errors import ToxError
from toxpy.files import transfers as module
from toxpy.files.transfer import REUSE_DELAY_MS
from toxpy.files.transfers import Files
from toxpy.generated import events as ev

ID = bytes(range(32))
INCOMING = 1 << 16


def offer(number=0, kind=0, size=5000, file_id=ID, name=b"name"):
    """The packet that offers a file."""
    return struct.pack(">BBIQ32s", 80, number, kind, size, file_id) + name


def control(who, number, what, extra=b""):
    return bytes((81, who, number, what)) + extra


class Pair:
    """A messenger with one friend online, whose packets we write ourselves."""

    def __init__(self):
        self.stage = Stage()
        self.messenger = self.stage.messenger
        self.files = Files(self.messenger)
        self.messenger.capabilities.append(self.files)
        self.friend, self.crypto = self.stage.online_friend()

    def receive(self, *packets):
        for packet in packets:
            self.friend.connection.on_lossless(packet)

    def pass_(self):
        """What the core does at the end of an iterate."""
        self.files.begin_pass()

    def taken(self):
        """All events, as the core delivers them."""
        found = []
        while True:
            waiting, self.stage.events[:] = list(self.stage.events), []
            found += [event for event in waiting if not event.owner.deleted]
            if waiting:
                continue
            event = self.files.next_event()
            if event is None:
                return found
            found.append(event)

    def written(self):
        written, self.crypto.written = self.crypto.written, []
        return written

    def offer(self, size=5000, file_id=ID, name=b"name"):
        number = self.files.offer(0, 0, size, file_id, name)
        self.written()
        return number

    def sending(self, size=5000):
        """An accepted file of ours; no chunk asked for yet."""
        number = self.offer(size)
        self.receive(control(1, number, RESUME))
        assert type(self.stage.events.pop()) is ev.FileRecvControl
        return number

    def receiving(self, size=5000, number=0):
        """A file of the friend that we accepted."""
        self.receive(offer(number, size=size))
        shown = (number + 1) << 16
        self.files.control(0, shown, RESUME)
        self.stage.events.clear()
        self.written()
        return shown

    def dropped(self, reason):
        return self.stage.dropped(reason)


@pytest.fixture
def pair():
    return Pair()


def requests(events):
    return [(e.file_number, e.position, e.length) for e in events if isinstance(e, ev.FileChunkRequest)]


def chunks(events):
    return [(e.file_number, e.position, e.data) for e in events if isinstance(e, ev.FileRecvChunk)]


# packets


def test_offer_packet(pair):
    assert pair.files.offer(0, 1, 2**40, ID, b"n" * 255) == 0
    assert pair.written() == [offer(0, 1, 2**40, ID, b"n" * 255)]
    assert pair.files.offer(0, 0, 7, None, b"") == 1
    (packet,) = pair.written()
    assert packet[:14] == offer(1, 0, 7)[:14] and len(packet) == 46
    assert pair.files.file_id(0, 1) == packet[14:] != bytes(32)


def test_control_packets(pair):
    mine, theirs = pair.sending(), pair.receiving(number=3)
    pair.files.control(0, mine, PAUSE)
    pair.files.control(0, mine, RESUME)
    pair.files.control(0, theirs, PAUSE)
    pair.files.control(0, theirs, CANCEL)
    assert pair.written() == [control(0, 0, 1), control(0, 0, 0), control(1, 3, 1), control(1, 3, 2)]


def test_seek_packet(pair):
    pair.receive(offer(9, size=2**40))
    pair.files.seek(0, 10 << 16, 2**39 + 1)
    assert pair.written() == [control(1, 9, 3, (2**39 + 1).to_bytes(8, "big"))]


def test_incoming_offer(pair):
    pair.receive(offer(255, 7, UNKNOWN_SIZE, ID, b"\0../\xff"))
    (event,) = pair.taken()
    assert (event.friend_number, event.file_number, event.kind) == (0, 256 << 16, 7)
    assert (event.file_size, event.filename) == (UNKNOWN_SIZE, b"\0../\xff")
    assert pair.files.file_id(0, 256 << 16) == ID


def test_bad_offers(pair):
    pair.receive(b"\x50", offer()[:45], offer(name=b"n" * 256))
    assert pair.taken() == [] and pair.dropped("file_offer_size") == 3
    pair.receive(offer(name=b"first"), offer(name=b"second", size=1))
    assert [event.filename for event in pair.taken()] == [b"first"]
    assert pair.dropped("file_offer_taken") == 1


# errors


def test_send_errors(pair):
    call = pair.files.offer
    fails("TOX_ERR_FILE_SEND_FRIEND_NOT_FOUND", call, 1, 0, 1, None, b"n" * 256)
    fails("TOX_ERR_FILE_SEND_NAME_TOO_LONG", call, 0, 0, 1, None, b"n" * 256)
    for n in range(256):
        assert call(0, 0, 1, None, b"") == n
    fails("TOX_ERR_FILE_SEND_TOO_MANY", call, 0, 0, 1, None, b"")
    pair.crypto.room = 0
    pair.files.on_friend_gone(pair.friend)
    fails("TOX_ERR_FILE_SEND_FRIEND_NOT_CONNECTED", call, 0, 0, 1, None, b"")
    pair.receive(b"\x19")
    fails("TOX_ERR_FILE_SEND_FRIEND_NOT_CONNECTED", call, 0, 0, 1, None, b"")


def test_control_errors(pair):
    call = pair.files.control
    fails("TOX_ERR_FILE_CONTROL_FRIEND_NOT_FOUND", call, 4, 0, RESUME)
    for number in (0, 256, INCOMING, 257 << 16, 2**32 - 1):
        fails("TOX_ERR_FILE_CONTROL_NOT_FOUND", call, 0, number, RESUME)
    mine = pair.offer()
    fails("TOX_ERR_FILE_CONTROL_DENIED", call, 0, mine, RESUME)
    fails("TOX_ERR_FILE_CONTROL_ALREADY_PAUSED", call, 0, mine, PAUSE)
    fails("TOX_ERR_FILE_CONTROL_DENIED", call, 0, mine, 3)
    pair.receive(control(1, mine, RESUME))
    fails("TOX_ERR_FILE_CONTROL_NOT_PAUSED", call, 0, mine, RESUME)
    pair.receive(control(1, mine, PAUSE))
    fails("TOX_ERR_FILE_CONTROL_DENIED", call, 0, mine, RESUME)
    call(0, mine, PAUSE)
    fails("TOX_ERR_FILE_CONTROL_ALREADY_PAUSED", call, 0, mine, PAUSE)
    pair.crypto.room = 0
    fails("TOX_ERR_FILE_CONTROL_SENDQ", call, 0, mine, CANCEL)
    pair.crypto.room = 1
    call(0, mine, CANCEL)
    fails("TOX_ERR_FILE_CONTROL_NOT_FOUND", call, 0, mine, CANCEL)
    pair.receive(b"\x19")
    fails("TOX_ERR_FILE_CONTROL_FRIEND_NOT_CONNECTED", call, 0, mine, CANCEL)


def test_pausing_a_finished_file(pair):
    mine = pair.sending(1)
    pair.taken()
    pair.files.send_chunk(0, mine, 0, b"x")
    fails("TOX_ERR_FILE_CONTROL_ALREADY_PAUSED", pair.files.control, 0, mine, PAUSE)
    fails("TOX_ERR_FILE_CONTROL_NOT_PAUSED", pair.files.control, 0, mine, RESUME)
    pair.files.control(0, mine, CANCEL)


def test_seek_errors(pair):
    call = pair.files.seek
    fails("TOX_ERR_FILE_SEEK_FRIEND_NOT_FOUND", call, 4, INCOMING, 0)
    fails("TOX_ERR_FILE_SEEK_DENIED", call, 0, 5, 0)
    fails("TOX_ERR_FILE_SEEK_NOT_FOUND", call, 0, INCOMING, 0)
    pair.receive(offer(size=10))
    fails("TOX_ERR_FILE_SEEK_INVALID_POSITION", call, 0, INCOMING, 10)
    pair.crypto.room = 0
    fails("TOX_ERR_FILE_SEEK_SENDQ", call, 0, INCOMING, 9)
    pair.crypto.room = 5
    call(0, INCOMING, 9)
    pair.files.control(0, INCOMING, RESUME)
    fails("TOX_ERR_FILE_SEEK_DENIED", call, 0, INCOMING, 9)
    pair.receive(b"\x19")
    fails("TOX_ERR_FILE_SEEK_FRIEND_NOT_CONNECTED", call, 0, INCOMING, 9)


def test_query_errors(pair):
    fails("TOX_ERR_FILE_GET_FRIEND_NOT_FOUND", pair.files.file_id, 1, 0)
    fails("TOX_ERR_FILE_GET_NOT_FOUND", pair.files.file_id, 0, 0)
    fails("TOX_ERR_FILE_BY_ID_FRIEND_NOT_FOUND", pair.files.by_id, 1, ID)
    fails("TOX_ERR_FILE_BY_ID_NOT_FOUND", pair.files.by_id, 0, ID)
    pair.receive(offer(0), offer(1, file_id=bytes(32)))
    assert pair.files.by_id(0, ID) == INCOMING
    pair.offer(file_id=bytes(32))
    pair.offer(file_id=bytes(32))
    assert pair.files.by_id(0, bytes(32)) == 0
    pair.files.control(0, 0, CANCEL)
    assert pair.files.by_id(0, bytes(32)) == 1


def test_chunk_errors(pair):
    call = pair.files.send_chunk
    fails("TOX_ERR_FILE_SEND_CHUNK_FRIEND_NOT_FOUND", call, 1, 0, 0, b"x")
    fails("TOX_ERR_FILE_SEND_CHUNK_NOT_FOUND", call, 0, 256, 0, b"x")
    fails("TOX_ERR_FILE_SEND_CHUNK_NOT_TRANSFERRING", call, 0, 0, 0, b"x")
    mine = pair.sending(CHUNK + 10)
    fails("TOX_ERR_FILE_SEND_CHUNK_WRONG_POSITION", call, 0, mine, 0, bytes(CHUNK))
    pair.taken()
    fails("TOX_ERR_FILE_SEND_CHUNK_INVALID_LENGTH", call, 0, mine, 0, bytes(CHUNK + 1))
    fails("TOX_ERR_FILE_SEND_CHUNK_INVALID_LENGTH", call, 0, mine, 0, bytes(CHUNK - 1))
    fails("TOX_ERR_FILE_SEND_CHUNK_INVALID_LENGTH", call, 0, mine, 0, b"")
    fails("TOX_ERR_FILE_SEND_CHUNK_WRONG_POSITION", call, 0, mine, CHUNK, bytes(CHUNK))
    pair.crypto.room = 0
    fails("TOX_ERR_FILE_SEND_CHUNK_SENDQ", call, 0, mine, 0, bytes(CHUNK))
    pair.crypto.room = 9
    call(0, mine, 0, bytes(CHUNK))
    fails("TOX_ERR_FILE_SEND_CHUNK_INVALID_LENGTH", call, 0, mine, CHUNK, bytes(11))
    call(0, mine, CHUNK, bytes(10))
    fails("TOX_ERR_FILE_SEND_CHUNK_NOT_TRANSFERRING", call, 0, mine, CHUNK + 10, b"")
    pair.receive(b"\x19")
    fails("TOX_ERR_FILE_SEND_CHUNK_FRIEND_NOT_CONNECTED", call, 0, mine, 0, b"x")


# sending


def test_sending_to_the_end(pair):
    mine = pair.sending(2 * CHUNK + 5)
    pair.pass_()
    assert requests(pair.taken()) == [(0, 0, CHUNK), (0, CHUNK, CHUNK), (0, 2 * CHUNK, 5)]
    for position, length in ((0, CHUNK), (CHUNK, CHUNK), (2 * CHUNK, 5)):
        pair.files.send_chunk(0, mine, position, bytes(length))
    assert [len(packet) - 2 for packet in pair.written()] == [CHUNK, CHUNK, 5]
    pair.pass_()
    assert pair.taken() == [] and not pair.files.has_event()
    pair.crypto.acknowledged_below = 10
    pair.pass_()
    assert pair.files.has_event()
    assert requests(pair.taken()) == [(0, 2 * CHUNK + 5, 0)]
    fails("TOX_ERR_FILE_GET_NOT_FOUND", pair.files.file_id, 0, mine)
    pair.pass_()
    assert pair.taken() == []


def test_requests_fill_the_window_and_no_more(pair):
    mine = pair.sending(UNKNOWN_SIZE)
    pair.crypto.room = 10
    pair.pass_()
    assert len(pair.taken()) == 10 and not pair.files.has_event()
    pair.pass_()
    assert pair.taken() == []
    for n in range(4):
        pair.files.send_chunk(0, mine, n * CHUNK, bytes(CHUNK))
    pair.crypto.room = 10
    assert pair.files.has_event()
    assert requests(pair.taken()) == [(0, n * CHUNK, CHUNK) for n in range(10, 14)]


def test_requests_per_pass_are_limited(pair):
    pair.sending(UNKNOWN_SIZE)
    pair.crypto.room = 100_000
    pair.pass_()
    assert len(pair.taken()) == module.MAX_REQUESTS
    assert pair.files.has_event()
    pair.pass_()
    assert len(pair.taken()) == module.MAX_REQUESTS


def test_files_take_turns(pair):
    for _ in range(3):
        pair.sending(3 * CHUNK)
    pair.pass_()
    assert [number for number, _, _ in requests(pair.taken())] == [0, 1, 2] * 3


def test_a_full_window_does_not_hold_up_other_friends(pair):
    pair.sending(UNKNOWN_SIZE)
    friend, crypto = pair.stage.online_friend()
    other = pair.files.offer(friend.number, 0, 2 * CHUNK, ID, b"")
    friend.connection.on_lossless(control(1, other, RESUME))
    pair.stage.events.clear()
    pair.crypto.room = 1
    pair.pass_()
    assert sorted((e.friend_number, e.position) for e in pair.taken()) == [(0, 0), (1, 0), (1, CHUNK)]
    assert crypto.written[-1][0] == 80


@pytest.mark.parametrize(
    "pause", [lambda p: p.files.control(0, 0, PAUSE), lambda p: p.receive(control(1, 0, PAUSE))]
)
def test_no_request_is_made_for_a_paused_file(pair, pause):
    pair.sending(UNKNOWN_SIZE)
    pair.pass_()
    assert pair.files.next_event().position == 0
    pause(pair)
    pair.stage.events.clear()
    assert pair.taken() == []
    # what was asked for may still be sent
    pair.files.send_chunk(0, 0, 0, bytes(CHUNK))


def test_a_stream_ends_with_a_short_chunk_and_forgets_its_requests(pair):
    mine = pair.sending(UNKNOWN_SIZE)
    pair.crypto.room = 10
    pair.pass_()
    pair.taken()
    pair.files.send_chunk(0, mine, 0, b"")
    assert pair.written() == [b"\x52\x00"]
    other = pair.sending(UNKNOWN_SIZE)
    pair.crypto.room, pair.crypto.acknowledged_below = 3, 1
    pair.pass_()
    assert requests(pair.taken()) == [(mine, 0, 0), *((other, n * CHUNK, CHUNK) for n in range(3))]


def test_an_empty_file_asks_for_nothing_and_waits_for_room(pair):
    mine = pair.sending(0)
    pair.crypto.room = 0
    pair.pass_()
    assert pair.taken() == [] and pair.written() == []
    pair.crypto.room = 1
    pair.pass_()
    assert pair.taken() == [] and pair.written() == [b"\x52\x00"]
    pair.crypto.acknowledged_below = 1
    pair.pass_()
    assert requests(pair.taken()) == [(mine, 0, 0)]


def test_seek_by_the_friend(pair):
    mine = pair.offer(10_000)
    position = (9_000).to_bytes(8, "big")
    pair.receive(control(1, mine, 3, position[1:]), control(1, mine, 3, (10_000).to_bytes(8, "big")))
    assert pair.dropped("file_control") == 2
    pair.receive(control(1, mine, 3, position), control(1, mine, RESUME))
    pair.pass_()
    assert requests(pair.taken()) == [(mine, 9_000, 1_000)]
    pair.receive(control(1, mine, 3, position))
    assert pair.dropped("file_control") == 3


# numbers


def test_a_number_is_free_after_an_acknowledged_end(pair):
    """As in c-toxcore: clients and their tests expect 0 again."""
    for size in (0, 3, CHUNK):
        assert pair.sending(size) == 0
        if size:
            # what we said before the end the friend has seen with it
            pair.files.control(0, 0, PAUSE)
            pair.files.control(0, 0, RESUME)
            assert requests(pair.taken()) == [(0, 0, size)]
            pair.files.send_chunk(0, 0, 0, bytes(size))
        assert requests(pair.taken()) == []
        # not before
        assert pair.offer() == 1
        pair.receive(control(1, 1, CANCEL))
        pair.taken()
        pair.crypto.acknowledged_below = 10**6
        pair.pass_()
        assert requests(pair.taken()) == [(0, size, 0)]
        pair.crypto.acknowledged_below = 0


def test_a_number_rests_after_we_cancelled(pair):
    for n in range(3):
        assert pair.offer() == n
        pair.files.control(0, n, CANCEL)
    pair.stage.clock.now_ms += REUSE_DELAY_MS
    assert pair.offer() == 0


def test_a_number_does_not_rest_when_the_friend_cancelled(pair):
    """Nothing about that transfer follows a friend's cancel, and toxic's users see these numbers."""
    for _ in range(3):
        assert pair.offer() == 0
        pair.receive(control(1, 0, CANCEL))
        assert len(pair.taken()) == 1
    # c-toxcore answers a late pause with one more cancel
    assert pair.offer() == 0
    pair.receive(control(1, 0, RESUME))
    pair.files.control(0, 0, PAUSE)
    pair.receive(control(1, 0, CANCEL))
    pair.taken()
    assert pair.offer() == 1


def test_all_numbers_can_be_used_again_at_once(pair):
    assert [pair.offer() for _ in range(256)] == list(range(256))
    for n in (200, 7, 9):
        pair.files.control(0, n, CANCEL)
        pair.stage.clock.now_ms += 1
    assert [pair.offer() for _ in range(3)] == [200, 7, 9]


def test_a_number_is_taken_until_its_cancel_was_delivered(pair):
    for _ in range(256):
        pair.offer()
    pair.receive(control(1, 5, CANCEL))
    fails("TOX_ERR_FILE_SEND_TOO_MANY", pair.files.offer, 0, 0, 1, None, b"")
    (event,) = pair.taken()
    assert (event.file_number, event.control) == (5, CANCEL)
    assert pair.offer() == 5


# receiving


def test_receiving_to_the_end(pair):
    theirs = pair.receiving(CHUNK + 2)
    first = bytes([7]) * CHUNK
    pair.receive(b"\x52\x00" + first, b"\x52\x00ab")
    assert chunks(pair.taken()) == [(theirs, 0, first), (theirs, CHUNK, b"ab"), (theirs, CHUNK + 2, b"")]
    pair.receive(b"\x52\x00more")
    assert pair.taken() == [] and pair.dropped("file_data_unknown") == 1


@pytest.mark.parametrize(
    ("size", "data", "seen"),
    [
        (5, b"123456789", [(0, b"12345"), (5, b"")]),
        (0, b"12345", [(0, b"")]),
        (5, b"", [(0, b"")]),
        (CHUNK, bytes(CHUNK), [(0, bytes(CHUNK)), (CHUNK, b"")]),
        (UNKNOWN_SIZE, bytes(CHUNK), [(0, bytes(CHUNK))]),
        (UNKNOWN_SIZE, b"x", [(0, b"x"), (1, b"")]),
        (9999, b"short", [(0, b"short"), (5, b"")]),
    ],
)
def test_what_one_data_packet_does(pair, size, data, seen):
    theirs = pair.receiving(size)
    pair.receive(b"\x52\x00" + data)
    assert chunks(pair.taken()) == [(theirs, *item) for item in seen]
    assert (pair.files.of_friend(pair.friend).receiving == {}) == (seen[-1][1] == b"")


def test_data_before_accepting_is_dropped(pair):
    pair.receive(offer(), b"\x52\x00data", b"\x52")
    assert chunks(pair.taken()) == [] and pair.dropped("file_data_unknown") == 2


def test_data_near_the_largest_position(pair):
    pair.receive(offer(size=UNKNOWN_SIZE))
    pair.files.seek(0, INCOMING, UNKNOWN_SIZE - 3)
    pair.files.control(0, INCOMING, RESUME)
    pair.receive(b"\x52\x00" + bytes(CHUNK))
    end = UNKNOWN_SIZE
    assert chunks(pair.taken()) == [(INCOMING, end - 3, bytes(3)), (INCOMING, end, b"")]


def test_events_of_a_file_we_cancelled_are_not_delivered(pair):
    theirs = pair.receiving()
    pair.receive(b"\x52\x00" + bytes(CHUNK), control(0, 0, PAUSE))
    pair.files.control(0, theirs, CANCEL)
    assert pair.taken() == []


def test_sender_gone(pair):
    theirs = pair.receiving()
    pair.receive(b"\x52\x00" + bytes(CHUNK), control(0, 0, CANCEL))
    assert [type(event) for event in pair.taken()] == [ev.FileRecvChunk, ev.FileRecvControl]
    fails("TOX_ERR_FILE_GET_NOT_FOUND", pair.files.file_id, 0, theirs)


# controls from friends


def test_controls_that_make_no_sense(pair):
    mine, theirs = pair.offer(), 1
    pair.receive(offer(theirs))
    pair.taken()
    pair.receive(
        control(1, mine, PAUSE),  # not accepted yet
        control(0, theirs, RESUME),  # they cannot accept their own
        control(0, theirs, PAUSE),
        control(0, theirs, 3, bytes(8)),  # only the receiver seeks
        control(1, mine, 4),
        control(1, mine, 255),
    )
    assert pair.dropped("file_control") == 6
    pair.receive(control(1, mine, RESUME), control(1, mine, RESUME))
    assert pair.dropped("file_control") == 7
    pair.receive(control(1, mine, PAUSE), control(1, mine, PAUSE))
    assert pair.dropped("file_control") == 8
    assert [event.control for event in pair.taken() if isinstance(event, ev.FileRecvControl)] == [
        RESUME,
        PAUSE,
    ]


def test_unknown_transfers_are_answered_with_a_cancel_but_cancels_are_not(pair):
    pair.receive(control(1, 3, RESUME), control(0, 4, PAUSE), control(7, 5, 9))
    assert pair.written() == [control(0, 3, CANCEL), control(1, 4, CANCEL), control(1, 5, CANCEL)]
    pair.receive(control(1, 3, CANCEL), control(0, 4, CANCEL))
    assert pair.written() == [] and pair.taken() == []
    pair.receive(b"\x51", b"\x51\x01", b"\x51\x01\x00")
    assert pair.dropped("file_control_size") == 3


# the end of it all


def test_offline_and_deleted(pair):
    pair.sending(UNKNOWN_SIZE)
    pair.receiving()
    pair.pass_()
    pair.receive(b"\x52\x00" + bytes(CHUNK), b"\x19")
    names = [type(event).__name__ for event in pair.taken()]
    assert names == ["FileRecvChunk", "FriendConnectionStatus"]
    assert pair.files.of_friend(pair.friend) is None and not pair.files.has_event()
    pair.receive(b"\x18")
    pair.stage.events.clear()
    mine = pair.sending(UNKNOWN_SIZE)
    assert mine == 0
    pair.receiving()
    pair.receive(b"\x52\x00" + bytes(CHUNK))
    pair.messenger.delete(0)
    assert pair.taken() == []


def test_haste_while_data_moves(pair):
    def interval_ms():
        return pair.stage.rt.pace.interval_ms(pair.stage.clock.now_ms, None)

    pair.receiving()
    pair.stage.clock.now_ms += 60_000
    assert interval_ms() == 50
    pair.receive(b"\x52\x00" + bytes(CHUNK))
    assert interval_ms() == 1
    pair.stage.clock.now_ms += 999
    assert interval_ms() == 1
    pair.stage.clock.now_ms += 1
    assert interval_ms() == 2


@pytest.mark.parametrize("seed", range(5))
def test_nonsense(seed):
    """Any packet of the three kinds, with a user who does anything: nothing raised, nothing unbounded."""
    pair, rng = Pair(), random.Random(seed)
    for step in range(3000):
        kind = rng.choice((80, 81, 82))
        if kind == 80 and rng.random() < 0.7:
            sizes = (0, 1, 5000, 2**63, UNKNOWN_SIZE)
            packet = offer(rng.randrange(256), rng.randrange(9), rng.choice(sizes), rng.randbytes(32))
        elif kind == 81 and rng.random() < 0.9:
            packet = control(
                rng.randrange(3), rng.randrange(256), rng.randrange(6), rng.randbytes(rng.choice((0, 8)))
            )
        else:
            packet = bytes((kind,)) + rng.randbytes(rng.choice((0, 1, 2, 45, 46, 300, 1372)))
        pair.receive(packet)
        pair.crypto.room = rng.choice((0, 1, 50))
        act(pair, rng)
        if step % 10 == 0:
            pair.crypto.acknowledged_below = len(pair.crypto.written)
            pair.pass_()
            assert len(pair.stage.events) <= 30
            pair.taken()
        files = pair.files.of_friend(pair.friend)
        if files is not None:
            assert max(map(len, (files.sending, files.receiving, files.freed_ms))) <= 256
            assert files.unanswered == sum(transfer.unanswered for transfer in files.sending.values()) >= 0
            assert set(files.ready) | set(files.finished) <= set(files.sending.values())


def act(pair, rng):
    """One call of our user."""
    number = rng.choice((rng.randrange(256), rng.randrange(1, 257) << 16))
    try:
        which = rng.randrange(4)
        if which == 0:
            pair.files.offer(0, 0, rng.choice((0, 1, CHUNK, 5000, UNKNOWN_SIZE)), None, b"n")
        elif which == 1:
            pair.files.control(0, number, rng.randrange(4))
        elif which == 2:
            pair.files.seek(0, number, rng.choice((0, 1, 2**63)))
        elif pair.files.of_friend(pair.friend) is not None and pair.files.of_friend(pair.friend).sending:
            transfer = rng.choice(list(pair.files.of_friend(pair.friend).sending.values()))
            length = rng.choice((0, 1, CHUNK))
            pair.files.send_chunk(0, transfer.number, transfer.transferred, bytes(length))
    except ToxError as error:
        assert error.name.startswith("TOX_ERR_FILE_")
