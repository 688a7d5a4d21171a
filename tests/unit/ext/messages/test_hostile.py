"""What a hostile friend may say in extended messages: dropped, counted, and nothing grows."""

import pytest

from tests.fuzz import messages as fuzz
from tests.unit.ext.messages.pair import Liar
from toxpy.ext.messages import segments as seg
from toxpy.ext.messages.events import ExtendedMessage, MessageDeleted, MessageEdited
from toxpy.ext.messages.incoming import MAX_HALVES

ID, TIME = b"i" * 16, (1 << 64) - 1


def text(total, data, message_id=ID, kind=0, reply_to=seg.NO_ID):
    """A beginning that says whatever it wants."""
    return seg._TEXT.pack(seg.TEXT, message_id, TIME, kind, reply_to, total) + data


def edit(number, total, data, message_id=ID):
    """The same of an edit."""
    return seg._EDIT.pack(seg.EDIT, message_id, number, TIME, total) + data


@pytest.fixture
def liar():
    return Liar()


@pytest.mark.parametrize(
    "segment",
    [
        text(1, b""),
        text(0, b"x"),
        text(1, b"xy"),
        text(seg.MAX_TEXT_SIZE + 1, b"x"),
        text(2**32 - 1, b"x"),
        text(1, b"x", kind=2),
        text(1, b"x", message_id=seg.NO_ID),
        *(text(1, b"x")[:size] for size in range(1, 47)),
        edit(0, 1, b"x"),
        edit(1, 0, b"x"),
        edit(1, 1, b"xy"),
        edit(1, seg.MAX_TEXT_SIZE + 1, b"x"),
        edit(1, 1, b"x", message_id=seg.NO_ID),
        *(edit(1, 1, b"x")[:size] for size in range(1, 32)),
    ],
)
def test_no_beginning(liar, segment):
    assert not liar.say(segment) and liar.dropped("beginning") == 1
    assert not liar.say(b"\2more") and liar.dropped("without_beginning") == 1
    assert not liar.victim.take()


def test_the_largest_text_and_time_are_taken(liar):
    (event,) = liar.say(text(1, b"\xff", reply_to=b"r" * 16))
    assert (event.message, event.sent_ms, event.reply_to) == (b"\xff", TIME, b"r" * 16)


@pytest.mark.parametrize("more", [b"\2", b"\2abc"])
def test_no_continuation(liar, more):
    assert not liar.say(text(3, b"x"), more) and liar.dropped("more") == 1
    assert liar.victim.messages.capability.incoming.held == 0
    assert not liar.say(b"\2yz") and liar.dropped("without_beginning") == 1


def test_a_new_beginning_ends_the_one_before(liar):
    events = liar.say(text(3, b"x"), text(2, b"a", b"j" * 16), b"\2b")
    assert [event.message for event in events] == [b"ab"] and liar.dropped("broken_off") == 1
    assert not liar.say(text(3, b"x"), text(0, b"")) and not liar.say(b"\2yz")
    assert liar.victim.messages.capability.incoming.held == 0


def test_who_has_it_no_longer_ends_what_was_begun(liar):
    assert not liar.say(text(3, b"x"))
    liar.packet(2, (liar.OWN_ID << 3).to_bytes(2, "big"))
    assert liar.victim.messages.capability.incoming.held == 0
    assert not liar.victim.messages.has_friend_messages(0)


def test_what_comes_between_pieces_does_not_break_them(liar):
    events = liar.say(text(2, b"a"), seg.delete_segment(ID, 0), seg.id_segment(seg.GOT, [ID]), b"\2b")
    assert [event.message for event in events] == [b"ab"]


def test_a_repeated_text_is_confirmed_and_not_shown(liar):
    assert len(liar.say(text(1, b"x"), text(1, b"y"))) == 1
    assert not liar.say(text(1, b"z")) and liar.dropped("repeated") == 2


@pytest.mark.parametrize(
    ("numbers", "shown"), [([1, 1], [1]), ([5, 4, 6], [5, 6]), ([65535, 1, 65535], [65535])]
)
def test_the_number_of_an_edit_must_grow(liar, numbers, shown):
    liar.say(text(1, b"x"))
    events = liar.say(*(edit(number, 5, b"%05d" % number) for number in numbers))
    assert [type(event) for event in events] == [MessageEdited] * len(shown)
    assert [int(event.raw) for event in events] == shown


def test_what_was_deleted_stays_so(liar):
    first, second = liar.say(text(1, b"x"), seg.delete_segment(ID, 5))
    assert (type(first), type(second), second.sent_ms) == (ExtendedMessage, MessageDeleted, 5)
    assert not liar.say(seg.delete_segment(ID, 5), edit(9, 1, b"x"), text(1, b"x"))


@pytest.mark.parametrize(
    ("segment", "why"),
    [
        (b"\0", "kind"),
        (b"\7" * 1366, "kind"),
        (b"\xff", "kind"),
        (seg.delete_segment(ID, 0), "delete_unknown"),
        (seg.delete_segment(ID, 0)[:-1], "delete"),
        (seg.delete_segment(ID, 0) + b"x", "delete"),
        (seg.id_segment(seg.GOT, [ID]), "got_unknown"),
        (seg.id_segment(seg.SEEN, [ID]), "seen_unknown"),
        *(
            (bytes((kind,)) + rest, "ids")
            for kind in (seg.GOT, seg.SEEN)
            for rest in (b"", b"\0", b"\1", b"\1" + ID[:-1], b"\1" + ID + b"x", b"\2" + ID, b"\xff" + ID * 85)
        ),
    ],
)
def test_what_means_nothing(liar, segment, why):
    assert not liar.say(segment) and liar.dropped(why) == 1


def test_a_receipt_counts_once(liar):
    sent = liar.victim.send(b"x")
    got, seen = (seg.id_segment(kind, [sent.id] * 5) for kind in (seg.GOT, seg.SEEN))
    assert len(liar.say(got, got)) == 1 and len(liar.say(seen, seen)) == 1
    liar.victim.messages.delete(0, sent.id)
    assert not liar.say(seen)


def test_only_the_author_changes_a_message(liar):
    """An id of ours from the friend is a message of the friend's own."""
    sent = liar.victim.send(b"ours")
    events = liar.say(edit(1, 6, b"theirs", sent.id), seg.delete_segment(sent.id, 0))
    assert [type(event) for event in events] == [ExtendedMessage, MessageDeleted]
    assert liar.victim.messages.edit(0, sent.id, b"still ours").id == sent.id


def test_unfinished_texts_of_all_friends_have_a_limit(liar, monkeypatch):
    size = seg.MAX_TEXT_SIZE
    full = [text(size, b"x" * 1320), *[b"\2" + b"x" * 1365] * 47]
    assert not liar.say(*full)
    incoming = liar.victim.messages.capability.incoming
    assert incoming.held == 1320 + 47 * 1365 < size
    # as many friends as it takes
    incoming.held = MAX_HALVES - 1
    victim = liar.victim
    other = Liar(victim)
    assert not other.say(text(size, b"xy")) and other.dropped("too_many") == 1
    assert incoming.held == MAX_HALVES - 1
    # a text in one piece needs no room
    assert len(other.say(text(1, b"x", b"k" * 16))) == 1


def test_mutated_segments():
    """`python -m tests.fuzz.messages` has many more."""
    fuzz.run(3_000, seed=1)
