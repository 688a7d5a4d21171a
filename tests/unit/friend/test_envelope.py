"""The envelope: what is asked, answered and handed on, in ToxExt's bytes."""

import json
import random

import pytest

from tests.support.prefix import ROOT
from tests.unit.friend.fakes import Stage
from toxpy.friend.envelope import (
    FIRST_ID,
    MAGIC,
    MAX_OWN_ID,
    MAX_SEGMENT_SIZE,
    MAX_UNSENT,
    Extension,
    pack_packets,
    pack_segment,
    unpack_packet,
)
from toxpy.friend.packets import MAX_PACKET_SIZE
from toxpy.generated.events import FriendLosslessPacket

MESSAGES = bytes.fromhex("9e100316d26f45398cdbae810042f864")
OTHER, THIRD = bytes(range(16)), bytes(range(1, 17))
#: What a live toxext library and a peer of ours said to each other; both have the messages extension as id 3.
SAID = [
    (said["by"], bytes.fromhex(said["packet"]))
    for said in json.loads((ROOT / "tests/vectors/toxext.json").read_text())["said"]
]
NEGOTIATE = bytes.fromhex("ac03dffe000016000000009e100316d26f45398cdbae810042f8640018")
ANSWER = bytes.fromhex("ac03dffe000804001800e0")


class Seen(Extension):
    """Keeps what it hears; answers with `reply` when it is ready."""

    def __init__(self, envelope=None, uuid=None, reply=b""):
        self.heard, self.envelope, self.uuid, self.reply = [], envelope, uuid, reply

    def on_ready(self, friend):
        self.heard.append("ready")
        if self.reply:
            self.envelope.send(friend, self.uuid, self.reply)

    def on_segment(self, friend, data):
        self.heard.append(data)

    def on_gone(self, friend):
        self.heard.append("gone")


class Friends:
    """One friend, who comes and goes, and the packets both sides write from its coming online on."""

    def __init__(self):
        self.stage = Stage()
        self.messenger = self.stage.messenger
        self.envelope = self.messenger.envelope()
        self.friend = self.messenger.add_norequest(self.stage.key())
        self.crypto = None

    def extension(self, uuid=MESSAGES, reply=b""):
        seen = Seen(self.envelope, uuid, reply)
        self.envelope.add(uuid, seen)
        return seen

    def come(self, room=1000):
        self.crypto = self.stage.connect(self.friend.connection)
        self.crypto.room = room
        self.friend.connection.on_lossless(b"\x18")
        return self.taken()

    def go(self):
        self.friend.connection.on_closed()
        # until it tries again
        self.stage.run(100)

    def say(self, packet):
        """The friend sends a packet; what goes out."""
        self.friend.connection.on_lossless(packet)
        return self.taken()

    def taken(self):
        """Packets of the envelope since the last time."""
        written = [packet for packet in self.crypto.written if packet[:1] == MAGIC[:1]]
        self.crypto.written.clear()
        return written

    def dropped(self, what):
        return self.stage.dropped("extension_" + what)


@pytest.fixture
def friends():
    return Friends()


def negotiate(uuid, their_id, version=0):
    return pack_segment(0, version.to_bytes(4, "big") + uuid + (their_id << 3).to_bytes(2, "big"))


def answer(our_id, their_id, has=True):
    return pack_segment(1, (our_id << 19 | their_id << 6 | has << 5).to_bytes(4, "big"))


def revoke(some_id):
    return pack_segment(2, (some_id << 3).to_bytes(2, "big"))


def test_the_bytes_of_the_live_peer(friends):
    """Our question and our answer are those in the record; what the other side said is understood."""
    seen = friends.extension()
    assert ("they", NEGOTIATE) in SAID and ("we", ANSWER) in SAID
    assert friends.come() == [NEGOTIATE]
    assert friends.say(NEGOTIATE) == [ANSWER]
    for by, packet in SAID:
        if by == "they" and packet != NEGOTIATE:
            assert friends.say(packet) == []
    segments = [
        bytes.fromhex(text) for text in ("000000000000a00000", "03000000000000000073686f7274206f6e65")
    ]
    assert seen.heard[:4] == ["ready", segments[0], segments[1], segments[0]]
    assert seen.heard[4:] == [b"\4" + number.to_bytes(8, "big") for number in (0, 1)]
    # what we would say in the extension is what we said then
    said = [packet for by, packet in SAID if by == "we" and packet not in (NEGOTIATE, ANSWER)]
    for packet in said:
        ((_, data),) = unpack_packet(packet)[0]
        friends.envelope.send(friends.friend, MESSAGES, data)
    assert len(said) == 5 and friends.taken() == said


def test_one_packet_asks_for_all(friends):
    for uuid in (MESSAGES, OTHER, THIRD):
        friends.extension(uuid)
    expected = negotiate(MESSAGES, 3) + negotiate(OTHER, 4) + negotiate(THIRD, 5)
    assert friends.come() == [MAGIC + expected] and len(expected) == 3 * 25


def test_it_is_asked_before_our_name_comes(friends):
    friends.extension()
    friends.messenger.user.name = b"name"
    friends.come()
    friends.go()
    crypto = friends.stage.connect(friends.friend.connection)
    friends.friend.connection.on_lossless(b"\x18")
    kinds = [packet[0] for packet in crypto.written]
    assert kinds.index(172) < kinds.index(48) and kinds.index(24) < kinds.index(172)


def test_nothing_is_asked_twice_in_one_online(friends):
    seen = friends.extension()
    friends.come()
    friends.stage.run(30_000)
    friends.friend.connection.on_lossless(b"\x18")
    assert friends.taken() == [] and seen.heard == []
    assert not friends.envelope.is_on(friends.friend, MESSAGES)
    friends.go()
    assert seen.heard == []
    assert friends.come() == [NEGOTIATE]


def test_an_answer_turns_it_on(friends):
    seen = friends.extension()
    friends.come()
    assert friends.say(MAGIC + answer(3, 700)) == []
    assert friends.envelope.is_on(friends.friend, MESSAGES) and seen.heard == ["ready"]
    friends.say(MAGIC + pack_segment(700, b"data") + pack_segment(3, b"for nobody"))
    assert seen.heard == ["ready", b"data"] and friends.dropped("unknown_id") == 1


def test_a_refusal_does_not(friends):
    seen = friends.extension()
    friends.come()
    friends.say(MAGIC + answer(3, 0, has=False))
    assert not friends.envelope.is_on(friends.friend, MESSAGES) and seen.heard == []
    assert friends.envelope.send(friends.friend, MESSAGES, b"data") == -1
    assert friends.envelope.send_many(friends.friend, MESSAGES, [b"data"]) == -1
    assert friends.taken() == []


def test_a_later_refusal_turns_it_off(friends):
    seen = friends.extension()
    friends.come()
    friends.say(NEGOTIATE)
    friends.say(MAGIC + answer(3, 0, has=False))
    assert seen.heard == ["ready", "gone"] and not friends.envelope.is_on(friends.friend, MESSAGES)


def test_two_questions_that_cross(friends):
    seen = friends.extension()
    assert friends.come() == [NEGOTIATE]
    assert friends.say(NEGOTIATE) == [ANSWER]
    assert friends.say(ANSWER) == []
    assert friends.say(NEGOTIATE) == [ANSWER]
    assert seen.heard == ["ready"]


def test_who_has_more_is_told_what_is_missing_here(friends):
    friends.extension()
    friends.come()
    said = friends.say(MAGIC + negotiate(OTHER, 9) + negotiate(MESSAGES, 10))
    assert said == [MAGIC + answer(9, 0, has=False) + answer(10, 3)]


def test_the_answer_leaves_before_what_the_extension_sends(friends):
    friends.extension(reply=b"size")
    friends.come()
    first, second = friends.say(NEGOTIATE)
    assert first == ANSWER and second == MAGIC + pack_segment(3, b"size")


def test_segments_behind_the_question_belong_to_it(friends):
    seen = friends.extension()
    friends.come()
    said = friends.say(MAGIC + negotiate(MESSAGES, 8) + pack_segment(8, b"one") + pack_segment(8, b"two"))
    assert seen.heard == ["ready", b"one", b"two"] and said == [MAGIC + answer(8, 3)]


def test_whoever_comes_back_begins_anew(friends):
    seen = friends.extension()
    friends.come()
    friends.say(NEGOTIATE)
    friends.go()
    assert seen.heard == ["ready", "gone"]
    assert not friends.envelope.is_on(friends.friend, MESSAGES)
    assert friends.come() == [NEGOTIATE]
    friends.say(MAGIC + pack_segment(3, b"of before"))
    assert friends.dropped("unknown_id") == 1
    friends.say(ANSWER)
    assert seen.heard == ["ready", "gone", "ready"]


class Shy(Seen):
    """Offered to nobody until `shown`."""

    shown = False

    def offers(self, friend):
        return self.shown and friend.number == 0


def test_what_is_not_offered_to_a_friend(friends):
    shy = Shy()
    friends.envelope.add(OTHER, shy)
    friends.extension()
    assert friends.come() == [MAGIC + negotiate(MESSAGES, 4)]
    said = friends.say(MAGIC + negotiate(OTHER, 9) + negotiate(MESSAGES, 10) + answer(3, 9))
    assert said == [MAGIC + answer(9, 0, has=False) + answer(10, 4)]
    assert shy.heard == [] and friends.dropped("answer") == 1
    shy.shown = True
    assert friends.say(MAGIC + negotiate(OTHER, 9)) == [MAGIC + answer(9, 3)]
    assert shy.heard == ["ready"]
    friends.go()
    assert friends.come() == [MAGIC + negotiate(OTHER, 3) + negotiate(MESSAGES, 4)]


def test_a_deleted_friend_is_gone(friends):
    seen = friends.extension()
    friends.come()
    friends.say(NEGOTIATE)
    friends.messenger.delete(friends.friend)
    assert seen.heard == ["ready", "gone"]
    assert friends.envelope.send(friends.friend, MESSAGES, b"data") == -1


def test_an_extension_for_friends_who_are_there_already():
    late = Friends()
    assert late.come() == []
    seen = late.extension()
    assert late.say(NEGOTIATE) == [ANSWER] and seen.heard == ["ready"]


def test_an_envelope_for_friends_who_are_there_already():
    stage = Stage()
    friend, crypto = stage.online_friend()
    seen = Seen()
    stage.messenger.envelope().add(MESSAGES, seen)
    friend.connection.on_lossless(NEGOTIATE)
    assert crypto.written == [ANSWER] and seen.heard == ["ready"]


# revoking


def test_a_revocation_by_the_friends_own_id(friends):
    seen = friends.extension()
    friends.come()
    friends.say(MAGIC + answer(3, 700))
    friends.say(MAGIC + revoke(700))
    assert seen.heard == ["ready", "gone"] and not friends.envelope.is_on(friends.friend, MESSAGES)
    friends.say(MAGIC + pack_segment(700, b"data"))
    assert seen.heard == ["ready", "gone"]


def test_a_revocation_by_our_id_as_toxexts_library_does(friends):
    seen = friends.extension()
    friends.come()
    friends.say(MAGIC + answer(3, 700))
    friends.say(MAGIC + revoke(3))
    assert seen.heard == ["ready", "gone"]


def test_a_revocation_that_may_mean_either_is_none(friends):
    one, two = friends.extension(MESSAGES), friends.extension(OTHER)
    friends.come()
    # the friend calls the first 4, which is our id of the second
    friends.say(MAGIC + answer(3, 4) + answer(4, 5))
    friends.say(MAGIC + revoke(4))
    assert one.heard == two.heard == ["ready"] and friends.dropped("revocation") == 1
    friends.say(MAGIC + revoke(3) + revoke(5))
    assert one.heard == two.heard == ["ready", "gone"]


def test_a_revocation_of_what_is_off(friends):
    seen = friends.extension()
    friends.come()
    friends.say(MAGIC + revoke(3))
    friends.say(MAGIC + pack_segment(2, bytes(3)))
    assert seen.heard == [] and friends.dropped("revocation") == 2


def test_it_can_be_on_again(friends):
    seen = friends.extension()
    friends.come()
    friends.say(NEGOTIATE)
    friends.say(MAGIC + revoke(3))
    assert friends.say(NEGOTIATE) == [ANSWER]
    assert seen.heard == ["ready", "gone", "ready"]


# ids


def test_the_newest_id_of_the_friend_counts(friends):
    seen = friends.extension()
    friends.come()
    friends.say(MAGIC + negotiate(MESSAGES, 8))
    friends.say(MAGIC + negotiate(MESSAGES, 9) + pack_segment(8, b"old") + pack_segment(9, b"new"))
    assert seen.heard == ["ready", b"new"] and friends.dropped("unknown_id") == 1


def test_an_id_means_one_extension(friends):
    one, two = friends.extension(MESSAGES), friends.extension(OTHER)
    friends.come()
    friends.say(MAGIC + negotiate(MESSAGES, 8) + negotiate(OTHER, 8) + pack_segment(8, b"data"))
    assert one.heard == ["ready", "gone"] and two.heard == ["ready", b"data"]


def test_own_ids_stay_below_what_toxexts_library_reads(friends):
    assert MAX_OWN_ID < 1 << 10
    for number in range(FIRST_ID, MAX_OWN_ID + 1):
        friends.envelope.add(number.to_bytes(16, "big"), Extension())
    with pytest.raises(ValueError, match="cannot be added"):
        friends.extension()
    packets = friends.come()
    asked = [segment for packet in packets for segment in unpack_packet(packet)[0]]
    assert all(len(packet) <= MAX_PACKET_SIZE for packet in packets)
    # those that have no place among what may wait are not lost while there is room
    assert len(asked) == MAX_OWN_ID - FIRST_ID + 1


def test_what_cannot_be_added(friends):
    friends.extension()
    for uuid in (MESSAGES, b"", bytes(15), bytes(17)):
        with pytest.raises(ValueError, match="cannot be added"):
            friends.extension(uuid)


# what friends should not send


@pytest.mark.parametrize(
    ("what", "packet"),
    [
        ("cut", MAGIC + b"\0"),
        ("cut", MAGIC + b"\0\0"),
        ("cut", MAGIC + pack_segment(3, b"data")[:-1]),
        ("cut", MAGIC + (3 << 11 | 2047).to_bytes(3, "big") + bytes(1366)),
        ("cut", NEGOTIATE[:-1]),
        ("negotiation", MAGIC + pack_segment(0, b"")),
        ("negotiation", MAGIC + pack_segment(0, bytes(23))),
        ("negotiation", MAGIC + negotiate(MESSAGES, 3, version=1)),
        ("negotiation", MAGIC + negotiate(MESSAGES, 2)),
        ("answer", MAGIC + pack_segment(1, bytes(5))),
        ("answer", MAGIC + pack_segment(1, b"")),
        ("answer", MAGIC + answer(3, 2)),
        ("answer", MAGIC + answer(4, 4)),
        ("answer", MAGIC + pack_segment(1, bytes(1) + answer(3, 3)[3:])),
        ("unknown_id", MAGIC + pack_segment(3, b"data")),
        ("unknown_id", MAGIC + pack_segment(8191, b"data")),
    ],
)
def test_what_is_not_understood_is_dropped(friends, what, packet):
    seen = friends.extension()
    friends.come()
    assert friends.say(packet) == [] and friends.dropped(what) == 1 and seen.heard == []
    assert friends.say(NEGOTIATE) == [ANSWER] and seen.heard == ["ready"]


def test_what_comes_before_a_cut_counts(friends):
    seen = friends.extension()
    friends.come()
    assert friends.say(NEGOTIATE + pack_segment(3, b"whole") + pack_segment(3, b"cut")[:-1]) == [ANSWER]
    assert seen.heard == ["ready", b"whole"] and friends.dropped("cut") == 1


def test_empty_segments_are_dropped(friends):
    seen = friends.extension()
    friends.come()
    friends.say(NEGOTIATE)
    full = MAGIC + (3 << 11).to_bytes(3, "big") * 456
    for _ in range(18):
        assert friends.say(full) == []
    assert seen.heard == ["ready"] and friends.dropped("empty") == 18 * 456 > 8191


def test_a_packet_without_segments(friends):
    friends.extension()
    friends.come()
    assert friends.say(MAGIC) == [] and friends.stage.rt.counters.values == {}


def test_other_packets_of_that_kind_are_for_the_program(friends):
    friends.extension()
    friends.come()
    friends.stage.drain()
    for packet in (b"\xac", MAGIC[:3], b"\xac something else", MAGIC[:3] + b"\xff" + NEGOTIATE[4:]):
        assert friends.say(packet) == []
        (event,) = friends.stage.drain()
        assert isinstance(event, FriendLosslessPacket) and event.data == packet
    assert friends.say(MAGIC) == friends.stage.drain() == []


def test_without_extensions_all_of_them_are():
    stage = Stage()
    friend, crypto = stage.online_friend()
    friend.connection.on_lossless(NEGOTIATE)
    (event,) = stage.drain()
    assert event.data == NEGOTIATE and crypto.written == []


# sending


def test_a_segment_fills_a_packet(friends):
    friends.extension()
    friends.come()
    friends.say(NEGOTIATE)
    assert friends.envelope.send(friends.friend, MESSAGES, bytes(MAX_SEGMENT_SIZE)) == 0
    (packet,) = friends.taken()
    assert len(packet) == MAX_PACKET_SIZE == 1373
    for wrong in (b"", bytes(MAX_SEGMENT_SIZE + 1)):
        with pytest.raises(ValueError, match="segment"):
            friends.envelope.send(friends.friend, MESSAGES, wrong)
    assert friends.taken() == []


def test_many_segments_take_few_packets(friends):
    friends.extension()
    friends.come()
    friends.say(NEGOTIATE)
    pieces = [bytes(MAX_SEGMENT_SIZE), b"a" * 600, b"b" * 600, b"c" * 151, b"d" * 3, b"e"]
    assert friends.envelope.send_many(friends.friend, MESSAGES, pieces) == 2
    packets = friends.taken()
    assert [len(unpack_packet(packet)[0]) for packet in packets] == [1, 4, 1]
    assert [data for packet in packets for _, data in unpack_packet(packet)[0]] == pieces


def test_all_of_them_or_none(friends):
    friends.extension()
    friends.come()
    friends.say(NEGOTIATE)
    friends.crypto.room = 3
    assert friends.envelope.send_many(friends.friend, MESSAGES, [bytes(1000)] * 2) == -1
    friends.crypto.room, friends.crypto.takes = 1000, False
    assert friends.envelope.send_many(friends.friend, MESSAGES, [b"piece"]) == -1
    assert friends.taken() == []
    # a receipt goes past what waits, as long as there is a place
    assert friends.envelope.send(friends.friend, MESSAGES, b"receipt") == 0
    friends.crypto.room = 0
    assert friends.envelope.send(friends.friend, MESSAGES, b"receipt") == -1


def test_what_shall_leave_soon_may_wait(friends):
    friends.extension()
    friends.envelope.send_soon(friends.friend, MESSAGES, b"for nobody")
    friends.come()
    friends.envelope.send_soon(friends.friend, MESSAGES, b"for nobody")
    assert friends.say(NEGOTIATE) == [ANSWER]
    friends.crypto.room = 1
    for data in (b"at once", b"later"):
        friends.envelope.send_soon(friends.friend, MESSAGES, data)
    assert friends.taken() == [MAGIC + pack_segment(3, b"at once")]
    friends.crypto.room = 1
    friends.envelope.begin_pass()
    assert friends.taken() == [MAGIC + pack_segment(3, b"later")]


def test_what_has_no_room_leaves_later_and_in_order(friends):
    seen = friends.extension(reply=b"size")
    # room for the packet that says who we are
    assert friends.come(room=1) == []
    assert friends.say(NEGOTIATE) == []
    # not before the answer: the friend would not know what it is
    assert seen.heard == ["ready"]
    friends.envelope.begin_pass()
    assert friends.taken() == []
    friends.crypto.room = 1
    friends.envelope.begin_pass()
    assert friends.taken() == [NEGOTIATE]
    friends.crypto.room = 1
    assert friends.envelope.send(friends.friend, MESSAGES, b"later") == -1
    assert friends.taken() == [ANSWER]
    friends.crypto.room = 1
    assert friends.envelope.send(friends.friend, MESSAGES, b"now") == 0
    friends.envelope.begin_pass()
    assert friends.taken() == [MAGIC + pack_segment(3, b"now")]


def test_what_waits_is_bounded(friends):
    friends.extension()
    friends.come(room=0)
    for _ in range(1000):
        friends.say(NEGOTIATE)
    assert friends.dropped("answers") == 1000 + 1 - MAX_UNSENT
    friends.crypto.room = 1000
    friends.envelope.begin_pass()
    assert friends.taken() == [NEGOTIATE] + [ANSWER] * (MAX_UNSENT - 1)


def test_what_waits_dies_with_the_connection(friends):
    friends.extension()
    friends.come(room=0)
    friends.say(NEGOTIATE)
    friends.go()
    assert friends.come() == [NEGOTIATE]
    friends.envelope.begin_pass()
    assert friends.taken() == []


# both ways


@pytest.mark.parametrize("seed", range(20))
def test_packing_and_unpacking(seed):
    rng = random.Random(seed)
    segments = [(rng.randrange(8192), rng.randbytes(rng.choice((0, 1, 9, 500, 1366)))) for _ in range(50)]
    packets = pack_packets([pack_segment(*segment) for segment in segments])
    assert [segment for packet in packets for segment in unpack_packet(packet)[0]] == segments
    assert all(unpack_packet(packet)[1] and len(packet) <= MAX_PACKET_SIZE for packet in packets)
    assert all(packet.startswith(MAGIC) for packet in packets)


def test_every_cut_is_seen():
    packet = MAGIC + pack_segment(3, b"one") + pack_segment(4, b"two")
    whole = [end for end in range(len(MAGIC), len(packet) + 1) if unpack_packet(packet[:end])[1]]
    assert whole == [4, 10, 16]
