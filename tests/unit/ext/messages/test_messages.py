"""Messages with ids between two of ours, and with a friend who has none of it."""

from types import SimpleNamespace

import pytest

from tests.unit.ext.messages.pair import EXTENSIONS, Liar, Pair, Side, plain
from toxpy.errors import ToxError
from toxpy.ext.messages import segments as seg
from toxpy.ext.messages.engine import ExtendedMessages
from toxpy.ext.messages.events import (
    ExtendedMessage,
    ExtendedReceipt,
    MessageDeleted,
    MessageEdited,
    MessageSeen,
    MessagesExtended,
)
from toxpy.ext.messages.foreign import ForeignMessages
from toxpy.ext.messages.remembered import KEPT_S, MAX_IDS, Remembered, unpack
from toxpy.ext.messages.sent import MessageError
from toxpy.generated import events as ev

LONG = ("Ein langer Text mit Umlauten: äöü. " * 2000).encode()[: seg.MAX_TEXT_SIZE]


@pytest.fixture
def pair():
    return Pair()


def only(events, kind):
    """The one event, which is of that kind."""
    assert [type(event) for event in events] == [kind], events
    return events[0]


def test_both_learn_that_the_other_has_them(pair):
    assert [type(event) for event in pair.extended] == [MessagesExtended, MessagesExtended]
    assert all(side.messages.has_friend_messages(0) for side in pair.sides)


def test_a_message_has_an_id_a_time_and_is_confirmed_by_its_id(pair):
    sent = pair.a.send(b"hello", 1, reply_to=b"r" * 16)
    pair.carry()
    event = only(pair.b.drain(), ExtendedMessage)
    assert (event.type, event.message, event.id, event.reply_to) == (1, b"hello", sent.id, b"r" * 16)
    assert event.sent_ms == pair.clock.unix_ms()
    assert isinstance(event, ev.FriendMessage) and len(sent.id) == seg.ID_SIZE
    receipt = only(pair.a.drain(), ExtendedReceipt)
    assert (receipt.friend_number, receipt.message_id, receipt.id) == (0, sent.message_id, sent.id)


@pytest.mark.parametrize("size", [1, 1319, 1320, 1321, 1320 + 1365, 1320 + 1366, seg.MAX_TEXT_SIZE])
def test_a_text_of_any_size_arrives_whole(pair, size):
    pair.a.send(LONG[:size])
    pair.carry()
    assert only(pair.b.drain(), ExtendedMessage).message == LONG[:size]
    assert len(pair.a.drain()) == 1


def test_a_longer_one_is_refused(pair):
    for side in (pair.a, Pair(a=True, b=False).a):
        with pytest.raises(ToxError, match="at most 65536 bytes"):
            side.send(b"x" * (seg.MAX_TEXT_SIZE + 1))
        for wrong in (b"", 2), (b"x", 2):
            with pytest.raises(ToxError):
                side.send(*wrong)
    with pytest.raises(ToxError) as caught:
        pair.a.send(b"")
    assert caught.value.name == "TOX_ERR_FRIEND_SEND_MESSAGE_EMPTY"


def test_messages_of_all_kinds_come_in_the_order_in_which_they_were_sent(pair):
    pair.a.send(b"1")
    pair.a.stage.messenger.send_message(0, 0, b"2")
    pair.a.send(LONG)
    pair.a.stage.messenger.send_message(0, 0, b"4")
    pair.b.send(b"meanwhile")
    pair.carry()
    assert [event.message for event in pair.b.drain() if isinstance(event, ev.FriendMessage)] == [
        b"1",
        b"2",
        LONG,
        b"4",
    ]


def test_edits_and_deletions(pair):
    sent = pair.a.send(b"tpyo")
    edited = pair.a.messages.edit(0, sent.id, b"typo")
    assert (edited.id, edited.message_id) == (sent.id, sent.message_id + 1)
    pair.a.messages.edit(0, sent.id, LONG)
    pair.a.messages.delete(0, sent.id)
    pair.carry()
    message, first, second, deleted = pair.b.drain()
    assert (type(first), first.id, first.raw, first.message) == (MessageEdited, sent.id, b"typo", "typo")
    assert (message.message, second.raw) == (b"tpyo", LONG)
    assert (type(deleted), deleted.id) == (MessageDeleted, sent.id)
    assert [event.message_id for event in pair.a.drain()] == [1, 2, 3]


def test_what_cannot_be_edited(pair):
    theirs = pair.b.send(b"mine")
    pair.carry()
    ours = pair.a.send(b"x")
    pair.a.messages.delete(0, ours.id)
    for unknown in (theirs.id, ours.id, b"?" * 16):
        with pytest.raises(MessageError) as caught:
            pair.a.messages.edit(0, unknown, b"text")
        assert caught.value.name == "MESSAGE_ERROR_UNKNOWN"
        with pytest.raises(MessageError):
            pair.a.messages.delete(0, unknown)
    sent = pair.a.send(b"x")
    pair.a.messages.capability.friends.ids(pair.a.friend).sent.put(sent.id, 0, seg.MAX_EDIT_NUMBER - 1)
    pair.a.messages.edit(0, sent.id, b"the last one")
    with pytest.raises(MessageError, match="edited 65535 times"):
        pair.a.messages.edit(0, sent.id, b"one more")


def test_an_edit_of_a_message_that_is_not_known_is_a_message(pair):
    """For example since it went to an older version of the friend's program."""
    sent = pair.a.send(b"lost")
    pair.a.take()
    pair.a.messages.edit(0, sent.id, b"found")
    pair.a.messages.edit(0, sent.id, b"and changed")
    pair.carry()
    message, edit = pair.b.drain()
    assert (type(message), message.message, message.id) == (ExtendedMessage, b"found", sent.id)
    assert (type(edit), edit.raw) == (MessageEdited, b"and changed")


def test_who_saw_a_message_says_so_only_when_told_to(pair):
    ids = [pair.a.send(b"%d" % i).id for i in range(100)]
    pair.carry()
    pair.b.drain()
    assert len(pair.a.drain()) == 100
    pair.b.messages.mark_seen(0, ids)
    pair.b.messages.mark_seen(0, ids[:3])
    pair.b.messages.mark_seen(0, [])
    pair.carry()
    seen = pair.a.drain()
    assert {type(event) for event in seen} == {MessageSeen} and [event.id for event in seen] == ids


def test_a_connection_that_ends_in_the_middle_leaves_nothing(pair):
    sent = pair.a.send(LONG)
    pair.carry(most=20)
    incoming = pair.b.messages.capability.incoming
    assert incoming.held > 20_000
    pair.connect()
    assert incoming.held == 0 and not pair.a.drain() and not pair.b.drain()
    pair.a.send(b"next")
    pair.carry()
    assert only(pair.b.drain(), ExtendedMessage).message == b"next"
    assert only(pair.a.drain(), ExtendedReceipt).id != sent.id


def test_what_was_deleted_is_not_sent_again(pair):
    """The friend would drop it as long as it remembers the id, and show it afterwards."""
    sent = pair.a.send(b"hello")
    pair.a.messages.delete(0, sent.id)
    with pytest.raises(MessageError, match="as a new one"):
        pair.a.send(b"hello", again=sent.id)


def test_what_is_sent_again_is_shown_once_and_confirmed(pair):
    sent = pair.a.send(b"hello")
    pair.b.receive(pair.a.take()[0])
    # the receipt gets lost with the connection
    pair.b.end_pass()
    pair.b.take()
    pair.connect()
    again = pair.a.send(b"hello", again=sent.id)
    assert again.id == sent.id
    pair.carry()
    assert not pair.b.drain()
    assert only(pair.a.drain(), ExtendedReceipt).message_id == again.message_id


def test_ids_are_in_the_save(pair):
    sent = pair.a.send(b"hello")
    pair.carry()
    for side, direction in ((pair.a, "sent"), (pair.b, "received")):
        record = side.stage.messenger.records().collect()
        again = Side(4, pair.clock, extended=False)
        again.add(side.friend.real_pk)
        records = again.stage.messenger.records()
        records.load([record])
        capability = extended(again)
        assert getattr(capability.friends.ids(again.friend), direction).get(sent.id) == (0, 0)
        assert records.collect() == record
        # of a stranger nothing is remembered
        stranger = Side(5, pair.clock, extended=False)
        stranger.stage.messenger.records().load([record])
        extended(stranger)
        assert stranger.stage.messenger.records().collect() is None


def extended(side):
    """Have extended messages from now on."""
    layers = SimpleNamespace(messenger=side.stage.messenger, rt=side.stage.rt)
    return ExtendedMessages(layers)


def test_ids_are_forgotten_with_time_and_number(pair):
    first = pair.a.send(b"0")
    pair.carry()
    ids = pair.b.messages.capability.friends.ids(pair.b.friend).received
    for i in range(MAX_IDS - 1):
        ids.put(i.to_bytes(16, "big"), pair.clock.unix_s())
    assert ids.get(first.id) is not None and len(ids) == MAX_IDS
    pair.a.send(b"1")
    pair.carry()
    assert ids.get(first.id) is None and len(ids) == MAX_IDS
    pair.clock.now_ms += (KEPT_S + 1) * 1000
    pair.a.send(b"2")
    pair.carry()
    assert len(ids) == 1


def test_an_id_does_not_last_longer_for_being_used():
    ids = Remembered()
    ids.put(b"1", 0)
    ids.put(b"1", KEPT_S - 1, 1)
    ids.put(b"2", KEPT_S)
    assert ids.get(b"1") == (1, 0)
    ids.put(b"3", KEPT_S + 1)
    assert ids.get(b"1") is None and len(ids) == 2


def test_a_damaged_record_gives_what_it_has(pair):
    for i in range(3):
        pair.a.send(b"%d" % i)
    pair.carry()
    record = pair.b.messages.capability.friends.collect()
    sizes = [sum(len(found.received) for _, found in unpack(record[:size], 0)) for size in range(len(record))]
    assert sizes == sorted(sizes) and sizes[0] == 0 and sizes[-1] == 2
    assert sum(len(found.received) for _, found in unpack(record + b"\xff" * 36, 0)) == 3


def test_a_deleted_friend_is_forgotten(pair):
    pair.a.send(b"x")
    pair.carry()
    assert pair.b.stage.messenger.records().collect() is not None
    pair.b.stage.messenger.delete(0)
    assert pair.b.stage.messenger.records().collect() is None


def test_a_full_queue_is_an_error_and_nothing_is_sent(pair):
    pair.a.crypto.takes = False
    for call in (
        lambda: pair.a.send(LONG),
        lambda: pair.a.messages.mark_seen(0, [b"x" * 16]),
    ):
        with pytest.raises(ToxError) as caught:
            call()
        assert caught.value.name == "TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ" and caught.value.retryable
    pair.a.crypto.takes, pair.a.crypto.room = True, 40
    with pytest.raises(ToxError):
        pair.a.send(LONG)
    assert not pair.a.take()


def test_confirmations_wait_for_room(pair):
    sent = [pair.a.send(b"%d" % i) for i in range(200)]
    pair.b.crypto.room = 0
    pair.carry()
    assert len(pair.b.drain()) == 200 and not pair.a.drain()
    pair.b.crypto.room = 1000
    pair.b.end_pass()
    packets = pair.b.take()
    assert [packet[0] for packet in packets] == [EXTENSIONS] * 3
    for packet in packets:
        pair.a.receive(packet)
    assert [event.id for event in pair.a.drain()] == [one.id for one in sent]


# with a friend who has none of it


@pytest.fixture
def mixed():
    """Only the first of them has extended messages."""
    return Pair(b=False)


def test_an_old_friend_gets_ordinary_messages(mixed):
    sent = mixed.a.send(b"hello", 1, reply_to=b"r" * 16)
    assert mixed.a.take() == [plain(b"hello", 1)]
    assert len(sent.id) == 16
    mixed.a.end_pass()
    receipt = only(mixed.a.drain(), ExtendedReceipt)
    assert (receipt.id, receipt.message_id) == (sent.id, sent.message_id)


def test_an_old_friend_gets_all_of_a_text_or_nothing(mixed):
    """Many small messages fill the window long before they are much."""
    mixed.a.send(b"hello")
    mixed.a.take()
    mixed.a.crypto.room = 60
    with pytest.raises(ToxError, match="SENDQ"):
        mixed.a.send(LONG)
    assert not mixed.a.take()
    mixed.a.send(b"next")
    assert mixed.a.take() == [plain(b"next")]


def test_an_old_friend_gets_long_texts_in_pieces(mixed):
    mixed.a.crypto.acknowledged_below = 0
    mixed.a.send(LONG)
    mixed.a.send(b"next")
    packets = mixed.a.take()
    texts = [packet[1:] for packet in packets]
    assert b"".join(texts[:-1]) == LONG and texts[-1] == b"next"
    assert len(texts) == 49 and all(text.decode() and len(text) <= 1372 for text in texts)
    mixed.a.end_pass()
    assert not mixed.a.drain()
    mixed.a.crypto.acknowledged_below = len(mixed.a.crypto.written) - 2
    mixed.a.end_pass()
    assert not mixed.a.drain()
    mixed.a.crypto.acknowledged_below += 1
    mixed.a.end_pass()
    assert len(mixed.a.drain()) == 1
    mixed.a.crypto.acknowledged_below += 1
    mixed.a.end_pass()
    assert len(mixed.a.drain()) == 1


def test_an_old_friend_cannot_have_more(mixed):
    sent = mixed.a.send(b"tpyo")
    mixed.carry()
    for call in (
        lambda: mixed.a.messages.edit(0, sent.id, b"typo"),
        lambda: mixed.a.messages.delete(0, sent.id),
        lambda: mixed.a.messages.mark_seen(0, [b"x" * 16]),
    ):
        with pytest.raises(MessageError, match="the friend's program") as caught:
            call()
        assert caught.value.name == "MESSAGE_ERROR_NOT_EXTENDED"
    assert mixed.a.messages.edit(0, sent.id, b"typo", as_new=True).id == sent.id
    assert mixed.a.take() == [plain(b"typo")]


def test_a_connection_that_ends_takes_receipts_of_ordinary_messages_along(mixed):
    mixed.a.crypto.acknowledged_below = 0
    mixed.a.send(b"hello")
    mixed.connect()
    mixed.a.end_pass()
    assert not mixed.a.drain()


def test_without_the_option_there_is_nothing_of_it(mixed):
    sent = mixed.b.send(b"hello")
    assert (sent.id, mixed.b.take()) == (b"", [plain(b"hello")])
    assert mixed.b.messages.capability is None and not mixed.b.messages.has_friend_messages(0)
    for call in (
        lambda: mixed.b.send(b"x", reply_to=b"r" * 16),
        lambda: mixed.b.send(b"x", again=b"r" * 16),
        lambda: mixed.b.messages.edit(0, b"x" * 16, b"x"),
        lambda: mixed.b.messages.delete(0, b"x" * 16),
        lambda: mixed.b.messages.mark_seen(0, []),
    ):
        with pytest.raises(MessageError, match="extended_messages=True"):
            call()


def test_a_friend_who_is_offline(pair):
    sent = pair.a.send(b"x")
    pair.a.crypto, pair.a.friend.connection.crypto = None, None
    pair.a.friend.connection.on_closed()
    for call in (
        lambda: pair.a.send(b"x"),
        lambda: pair.a.messages.edit(0, sent.id, b"x"),
        lambda: pair.a.messages.delete(0, sent.id),
        lambda: pair.a.messages.mark_seen(0, []),
    ):
        with pytest.raises(ToxError) as caught:
            call()
        assert caught.value.name == "TOX_ERR_FRIEND_SEND_MESSAGE_FRIEND_NOT_CONNECTED"
    with pytest.raises(ToxError, match="NOT_FOUND"):
        pair.a.messages.send(7, 0, b"x")


def test_a_friend_who_confirms_nothing_costs_no_memory():
    liar = Liar()
    liar.victim.crypto.room = 1 << 30
    ids = [liar.victim.send(b"x").id for _ in range(MAX_IDS + 10)]
    talk = liar.victim.messages.capability.friends.talk(liar.victim.friend)
    assert len(talk.awaiting) == MAX_IDS
    assert not liar.say(seg.id_segment(seg.GOT, ids[:10]))
    assert len(liar.say(seg.id_segment(seg.GOT, ids[-10:]))) == 10


# with a friend who has the messages of ToxExt only


@pytest.fixture
def foreign():
    """The second of them has these, as `heard`."""
    pair = Pair(b=False)
    messenger, pair.heard = pair.b.stage.messenger, []
    envelope = messenger.envelope()
    pair.theirs = ForeignMessages(
        envelope, lambda _friend, text: pair.heard.append(text), lambda *_: None, rt=pair.b.stage.rt
    )
    pair.connect()
    return pair


def test_texts_go_whole_as_messages_of_toxext(foreign):
    a = foreign.a
    assert not a.messages.has_friend_messages(0)
    sent = [a.send(text) for text in (b"short", LONG, b"end")]
    a.send(b"waves", 1)
    assert plain(b"waves", 1) in foreign.a.crypto.written
    foreign.carry()
    assert foreign.heard == [b"short", LONG, b"end"]
    receipts = [(event.message_id, event.id) for event in a.drain()]
    assert sorted(receipts)[:3] == [(one.message_id, one.id) for one in sent] and len(receipts) == 4
    with pytest.raises(MessageError, match="as_new"):
        a.messages.edit(0, sent[0].id, b"x")
    a.messages.edit(0, sent[0].id, b"x", as_new=True)
    foreign.carry()
    assert foreign.heard[-1] == b"x" and len(a.drain()) == 1


def test_what_comes_as_messages_of_toxext_is_a_message(foreign):
    foreign.theirs.send(foreign.b.friend, LONG)
    foreign.carry()
    event = only(foreign.a.drain(), ExtendedMessage)
    assert (event.message, event.id, event.sent_ms, event.reply_to) == (LONG, None, None, None)


def test_a_receipt_that_nobody_waits_for(foreign):
    foreign.a.send(b"x")
    foreign.a.messages.capability.outgoing.on_foreign_receipt(foreign.a.friend, 7)
    assert not foreign.a.drain() and foreign.a.stage.dropped("extended_message_got_unknown") == 1
    foreign.a.crypto.takes = False
    with pytest.raises(ToxError, match="SENDQ"):
        foreign.a.send(b"x")


def test_one_who_confirms_nothing_costs_no_memory_either(foreign):
    foreign.a.crypto.room = 1 << 30
    for _ in range(MAX_IDS + 10):
        foreign.a.send(b"x")
    assert len(foreign.a.messages.capability.friends.talk(foreign.a.friend).foreign) == MAX_IDS
