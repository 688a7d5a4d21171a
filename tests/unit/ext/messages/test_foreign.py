"""ToxExt's messages extension, against what the library that has it said, and between two of ours."""

import json
import random

import pytest

from tests.support.prefix import ROOT
from tests.unit.friend.test_envelope import ANSWER, NEGOTIATE, Friends
from toxpy.ext.messages.foreign import (
    MAX_MESSAGE_SIZE,
    MAX_UNFINISHED_SIZE,
    ForeignMessages,
    pack_message,
)
from toxpy.friend.envelope import MAGIC, MAX_SEGMENT_SIZE, pack_packets, pack_segment, unpack_packet

RECORDED = json.loads((ROOT / "tests/vectors/toxext.json").read_text())
THEIR_ID = 3
MOST = bytes.fromhex("000000000000010000")


class Side(Friends):
    """A friend, and what came of it."""

    def __init__(self):
        super().__init__()
        self.heard, self.receipts = [], []
        self.foreign = ForeignMessages(
            self.envelope,
            lambda _friend, data: self.heard.append(data),
            lambda _friend, number: self.receipts.append(number),
            rt=self.stage.rt,
        )

    def segment(self, data):
        """The friend sends a segment; what is sent back."""
        return said(self.say(MAGIC + pack_segment(THEIR_ID, data)))

    def lost(self, what):
        return self.stage.dropped("foreign_message_" + what)

    def unfinished(self):
        return self.foreign._unfinished_size


def said(packets):
    """The data of all segments in packets."""
    return [data for packet in packets for _, data in unpack_packet(packet)[0]]


def number(kind, value, data=b""):
    return bytes((kind,)) + value.to_bytes(8, "big") + data


@pytest.fixture
def side():
    side = Side()
    side.come()
    side.say(NEGOTIATE)
    side.segment(MOST)
    return side


# the library


def splits(segments):
    """Every way to put segments into packets, without changing their order."""
    for chosen in range(1 << len(segments) - 1):
        packets, packet = [], MAGIC
        for i, segment in enumerate(segments):
            packet += segment
            if chosen >> i & 1:
                packets.append(packet)
                packet = MAGIC
        yield [*packets, packet] if packet != MAGIC else packets


def test_what_the_library_says_in_every_split():
    packets = [bytes.fromhex(each["packet"]) for each in RECORDED["said"] if each["by"] == "they"]
    segments = [pack_segment(*segment) for packet in packets for segment in unpack_packet(packet)[0]]
    assert len(segments) == 7
    seen = set()
    for split in splits(segments):
        side = Side()
        side.come()
        sent = [segment for packet in split for segment in said(side.say(packet))]
        assert side.heard == [b"short one"] and side.receipts == [0, 1]
        # the library takes 10 MiB, we send less
        assert side.foreign.largest(side.friend) == MAX_MESSAGE_SIZE
        assert sent == [*said([ANSWER]), MOST, number(4, 0)]
        seen.add(len(split))
    assert seen == {*range(1, 8)}


@pytest.mark.parametrize("size", [3000, 2720])
def test_a_long_message_of_the_library(side, size):
    """Of the second size the library sends no last segment, and bytes that are none of the message."""
    packets = [bytes.fromhex(packet) for packet in RECORDED["long"][str(size)]]
    sent = [segment for packet in packets for segment in said(side.say(packet))]
    assert side.heard == [bytes(i * 7 % 251 for i in range(size))] and side.unfinished() == 0
    assert sent == ([number(4, 0)] if size == 3000 else [])
    # whatever comes next is a message of its own
    assert side.segment(number(3, 1, b"next")) == [number(4, 1)] and side.heard[1:] == [b"next"]


def test_our_long_message_is_what_the_library_sends(side):
    message = bytes(i * 7 % 251 for i in range(3000))
    assert side.foreign.send(side.friend, message) == 0
    assert side.taken() == [bytes.fromhex(packet) for packet in RECORDED["long"]["3000"]]


# sending


@pytest.mark.parametrize(
    "size", [1, 2, 1356, 1357, 1358, 1365, 1366, 2714, 2715, 2722, 2723, 5000, 65535, MAX_MESSAGE_SIZE]
)
def test_between_two_of_ours(side, size):
    other = Side()
    other.come()
    other.say(NEGOTIATE)
    other.segment(MOST)
    message = random.Random(size).randbytes(size)
    for count in range(2):
        assert other.foreign.send(other.friend, message) == count
        sent = other.taken()
        assert len(sent) == len([*pack_message(message, count)])
        answers = [packet for packet in sent for packet in side.say(packet)]
        assert side.heard[count:] == [message] and answers
        for packet in answers:
            other.say(packet)
        assert other.receipts == [*range(count + 1)]
    assert side.unfinished() == 0


def test_no_more_segments_than_needed():
    sizes = {size: len([*pack_message(bytes(size), 0)]) for size in (1357, 1358, 2714, 2715, 2722, 2723)}
    # what a segment without a number has room for is followed by one that has only the number
    assert sizes == {1357: 1, 1358: 2, 2714: 2, 2715: 3, 2722: 3, 2723: 3}


def test_a_segment_without_a_number_may_have_some_bytes_too_many(side):
    side.segment(number(1, 9, b"01234"))
    assert side.segment(b"\x025678surplus") == [] and side.heard == [b"012345678"]
    side.segment(number(1, 9, b"01234"))
    side.segment(b"\x025678surplus.")
    assert len(side.heard) == 1 and side.lost("size") == 1 and side.unfinished() == 0


def test_every_segment_fits():
    for size in range(1, 5000):
        segments = [*pack_message(bytes(size), 0)]
        assert max(map(len, segments)) <= MAX_SEGMENT_SIZE
        assert len(pack_packets([pack_segment(3, segment) for segment in segments])) == len(segments)


def test_how_much_the_friend_takes():
    side = Side()
    side.come()
    assert (side.foreign.is_on(side.friend), side.foreign.largest(side.friend)) == (False, 0)
    assert said(side.say(NEGOTIATE)) == [*said([ANSWER]), MOST]
    assert not side.foreign.is_on(side.friend)
    for most, known in ((0, 0), (5, 5), (2**64 - 1, MAX_MESSAGE_SIZE)):
        side.segment(number(0, most))
        assert side.foreign.largest(side.friend) == known and side.foreign.is_on(side.friend) == (known > 0)
    side.segment(number(0, 5))
    for wrong in (b"", b"longer"):
        with pytest.raises(ValueError, match="from 1 to 5"):
            side.foreign.send(side.friend, wrong)
    assert side.foreign.send(side.friend, b"short") == 0
    side.go()
    assert side.foreign.largest(side.friend) == 0


def test_what_cannot_be_sent_now_takes_no_number(side):
    side.crypto.room = 2
    assert side.foreign.send(side.friend, bytes(3000)) == -1
    side.crypto.room = 1000
    assert side.foreign.send(side.friend, b"message") == 0
    assert side.foreign.send(side.friend, b"message") == 1


# what friends should not send


def test_a_total_that_is_too_much(side):
    for total in (MAX_MESSAGE_SIZE + 1, 2**63, 2**64 - 1):
        assert side.segment(number(1, total, b"begin")) == []
        assert side.segment(b"\2more") == [] and side.unfinished() == 0
        assert side.segment(number(3, 0, b"end")) == []
    assert side.heard == [] and side.unfinished() == 0 and side.lost("size") == 3
    assert side.segment(number(3, 1, b"next")) == [number(4, 1)]
    assert side.heard == [b"next"]


@pytest.mark.parametrize(
    ("lost", "segments"),
    [
        # more than the total
        ("size", [number(1, 9, b"0123456789"), number(3, 0, b"end")]),
        ("size", [number(1, 9, b"01234"), b"\2" + bytes(4 + 8), b"\2more", number(3, 0)]),
        ("size", [number(1, 9, b"01234"), number(3, 0, b"56789")]),
        # less than it
        ("size", [number(1, 9, b"01234"), number(3, 0, b"567")]),
        ("size", [number(1, 9, b""), number(3, 0, b"")]),
        ("size", [number(1, 0, b""), number(3, 0, b"")]),
        # no message at all
        ("size", [number(3, 0)]),
        # the beginning is missing
        ("order", [b"\2more", number(3, 0, b"end")]),
        ("order", [b"\2", number(3, 0, b"end")]),
        # the end is
        ("unfinished", [number(1, 9, b"01234"), number(1, 2, b""), number(3, 0, b"")]),
        ("segment", [b"\0"]),
        ("segment", [number(0, 1)[:-1]]),
        ("segment", [b"\1"]),
        ("segment", [b"\3" + bytes(7)]),
        ("segment", [b"\4"]),
        ("segment", [b"\5" + bytes(8)]),
        ("segment", [b"\xff" + bytes(100)]),
    ],
)
def test_what_is_not_understood_is_dropped(side, lost, segments):
    assert [answer for segment in segments for answer in side.segment(segment)] == []
    assert (side.heard, side.receipts, side.unfinished()) == ([], [], 0)
    assert side.lost(lost) == 1
    assert side.foreign.largest(side.friend) == MAX_MESSAGE_SIZE
    assert side.segment(number(3, 7, b"next")) == [number(4, 7)] and side.heard == [b"next"]


def test_a_new_message_replaces_one_without_an_end(side):
    side.segment(number(1, 9, b"01234"))
    side.segment(number(1, 4, b"ab"))
    assert side.segment(number(3, 0, b"cd")) == [number(4, 0)]
    assert side.heard == [b"abcd"] and side.unfinished() == 0 and side.lost("unfinished") == 1


def test_the_end_of_a_session_in_the_middle(side):
    side.segment(number(1, 9, b"01234"))
    assert side.unfinished() == 5
    side.go()
    assert side.unfinished() == 0
    side.come()
    side.say(NEGOTIATE)
    side.segment(b"\x0256")
    assert side.segment(number(3, 0, b"78")) == [] and side.heard == []


def test_a_total_takes_no_memory():
    """Only what has come, and not more than the bound for all friends together."""
    side = Side()
    friends = []
    for _ in range(140):
        friend = side.messenger.add_norequest(side.stage.key())
        crypto = side.stage.connect(friend.connection)
        friend.connection.on_lossless(b"\x18")
        friend.connection.on_lossless(NEGOTIATE)
        friends.append(friend)
        friend.connection.on_lossless(MAGIC + pack_segment(THEIR_ID, number(1, MAX_MESSAGE_SIZE)))
        assert crypto is not None
    assert side.unfinished() == 0
    part = MAGIC + pack_segment(THEIR_ID, b"\2" + bytes(1365))
    for friend in friends:
        for _ in range(47):
            friend.connection.on_lossless(part)
    assert 0.99 * MAX_UNFINISHED_SIZE < side.unfinished() <= MAX_UNFINISHED_SIZE
    assert side.lost("memory") == 140 - MAX_UNFINISHED_SIZE // (47 * 1365)
    for friend in friends:
        side.messenger.delete(friend)
    assert side.unfinished() == 0 and side.heard == []
