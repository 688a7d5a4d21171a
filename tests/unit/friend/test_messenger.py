"""toxpy.friend.messenger: the friend table, errors, greetings, messages, receipts."""

import pytest

from tests.unit.friend.fakes import Stage
from toxpy.errors import ToxError
from toxpy.friend.friend import FRIEND_ADDED, FRIEND_CONFIRMED, FRIEND_ONLINE, FRIEND_REQUESTED
from toxpy.generated import enums
from toxpy.ids import address_checksum


@pytest.fixture
def stage():
    return Stage()


@pytest.fixture
def messenger(stage):
    return stage.messenger


def address_of(real_pk, nospam=b"\1\2\3\4"):
    """The Tox address of a key."""
    return real_pk + nospam + address_checksum(real_pk + nospam)


def fails(name, call, *args):
    """The call raises the ToxError of that C enumerator."""
    with pytest.raises(ToxError) as caught:
        call(*args)
    assert (caught.value.code, caught.value.name) == (getattr(enums, name), name)


def shown(event):
    """Name and fields of an event, without its owner."""
    return type(event).__name__, *(getattr(event, slot) for slot in type(event).__slots__ if slot != "owner")


# numbers


def test_numbers_are_the_smallest_free_ones(stage, messenger):
    friends = [messenger.add_norequest(stage.key()) for _ in range(4)]
    assert [f.number for f in friends] == [0, 1, 2, 3]
    messenger.delete(2)
    messenger.delete(friends[0])
    assert messenger.friend(0) is None
    assert [messenger.add_norequest(stage.key()).number for _ in range(3)] == [0, 2, 4]
    assert [f.number for f in messenger.friends()] == [0, 1, 2, 3, 4]
    assert messenger.friend_by_key(friends[3].real_pk) is friends[3]


def test_numbers_restart_when_all_are_deleted(stage, messenger):
    for _ in range(3):
        messenger.add_norequest(stage.key())
    for number in (1, 2, 0):
        messenger.delete(number)
    assert [messenger.add_norequest(stage.key()).number for _ in range(4)] == [0, 1, 2, 3]


# adding: errors in c-toxcore's order


def test_add_errors(stage, messenger):
    real_pk = stage.key()
    address = address_of(real_pk)
    broken = address[:-1] + bytes([address[-1] ^ 1])
    fails("TOX_ERR_FRIEND_ADD_TOO_LONG", messenger.add, broken, b"x" * 922)
    fails("TOX_ERR_FRIEND_ADD_BAD_CHECKSUM", messenger.add, broken, b"")
    fails("TOX_ERR_FRIEND_ADD_BAD_CHECKSUM", messenger.add, address[:-1], b"x")
    invalid = real_pk[:31] + b"\xff"
    fails("TOX_ERR_FRIEND_ADD_BAD_CHECKSUM", messenger.add, address_of(invalid), b"x")
    fails("TOX_ERR_FRIEND_ADD_NO_MESSAGE", messenger.add, address, b"")
    own = address_of(stage.identity.public)
    fails("TOX_ERR_FRIEND_ADD_NO_MESSAGE", messenger.add, own, b"")
    fails("TOX_ERR_FRIEND_ADD_OWN_KEY", messenger.add, own, b"x")
    assert messenger.add(address, b"x" * 921).number == 0
    fails("TOX_ERR_FRIEND_ADD_ALREADY_SENT", messenger.add, address, b"x")
    fails("TOX_ERR_FRIEND_ADD_SET_NEW_NOSPAM", messenger.add, address_of(real_pk, b"\4\3\2\1"), b"x")
    assert messenger.friend(0).request.nospam == b"\4\3\2\1"
    fails("TOX_ERR_FRIEND_ADD_ALREADY_SENT", messenger.add, address_of(real_pk, b"\4\3\2\1"), b"x")


def test_add_norequest_errors(stage, messenger):
    real_pk = stage.key()
    messenger.add_norequest(real_pk)
    fails("TOX_ERR_FRIEND_ADD_ALREADY_SENT", messenger.add_norequest, real_pk)
    fails("TOX_ERR_FRIEND_ADD_ALREADY_SENT", messenger.add, address_of(real_pk), b"x")
    fails("TOX_ERR_FRIEND_ADD_OWN_KEY", messenger.add_norequest, stage.identity.public)
    fails("TOX_ERR_FRIEND_ADD_BAD_CHECKSUM", messenger.add_norequest, real_pk[:31] + b"\x80")
    assert len(messenger.friends()) == 1


def test_unknown_friends_have_the_error_of_each_function(messenger):
    fails("TOX_ERR_FRIEND_DELETE_FRIEND_NOT_FOUND", messenger.delete, 0)
    fails("TOX_ERR_SET_TYPING_FRIEND_NOT_FOUND", messenger.set_typing, 0, True)
    fails("TOX_ERR_FRIEND_GET_LAST_ONLINE_FRIEND_NOT_FOUND", messenger.last_online, 0)
    fails("TOX_ERR_FRIEND_SEND_MESSAGE_FRIEND_NOT_FOUND", messenger.send_message, 0, 0, b"x")
    fails("TOX_ERR_FRIEND_CUSTOM_PACKET_FRIEND_NOT_FOUND", messenger.send_lossy_packet, 0, b"\xc8")
    fails("TOX_ERR_FRIEND_CUSTOM_PACKET_FRIEND_NOT_FOUND", messenger.send_lossless_packet, 0, b"\xa0")


# requests


def test_a_request_is_repeated_with_doubling_time_outs(stage, messenger):
    friend = messenger.add(address_of(stage.key()), b"hello")
    assert friend.status == FRIEND_ADDED
    stage.run(3_000)
    assert stage.onion.sent == []
    stage.onion.reachable = 1
    stage.run(500)
    assert stage.onion.sent == [b"\x20\1\2\3\4hello"]
    assert friend.status == FRIEND_REQUESTED
    for gap_ms in (5_000, 10_000, 20_000, 40_000):
        sent = len(stage.onion.sent)
        stage.run(gap_ms - 500)
        assert len(stage.onion.sent) == sent
        stage.run(500)
        assert len(stage.onion.sent) == sent + 1


def test_a_request_stops_when_the_friend_comes_online(stage, messenger):
    stage.onion.reachable = 1
    friend = messenger.add(address_of(stage.key()), b"hello")
    stage.run(1_000)
    stage.connect(friend.connection)
    friend.connection.on_lossless(b"\x18")
    assert friend.status == FRIEND_ONLINE
    friend.connection.on_closed()
    assert friend.status == FRIEND_CONFIRMED
    stage.run(600_000)
    assert len(stage.onion.sent) == 1


def test_a_request_goes_over_the_connection_when_there_is_one(stage, messenger):
    friend = messenger.add(address_of(stage.key()), b"hello")
    crypto = stage.connect(friend.connection)
    stage.run(500)
    assert b"\x12\1\2\3\4hello" in crypto.written


def test_an_incoming_request_is_an_event(stage, messenger):
    real_pk = stage.key()
    stage.onion.data.handlers[32](real_pk, stage.requests.nospam + b"hi there")
    assert [shown(e) for e in stage.drain()] == [("FriendRequest", real_pk, b"hi there")]


# going online and offline


def test_online_greets_and_reports(stage, messenger):
    messenger.user.set_name(b"me")
    messenger.user.set_status_message(b"here")
    messenger.user.set_status(2)
    friend = messenger.add_norequest(stage.key())
    messenger.set_typing(friend, True)
    crypto = stage.connect(friend.connection)
    assert crypto.written == [b"\x18"]
    assert friend.status == FRIEND_CONFIRMED
    friend.connection.on_lossless(b"\x18")
    assert friend.status == FRIEND_ONLINE
    assert crypto.written[1:] == [b"\x18", b"\x30me", b"\x31here", b"\x32\x02", b"\x33\x01"]
    assert [shown(e) for e in stage.drain()] == [("FriendConnectionStatus", 0, 2)]
    friend.connection.on_lossless(b"\x18")
    assert stage.drain() == []
    friend.connection.on_closed()
    assert [shown(e) for e in stage.drain()] == [("FriendConnectionStatus", 0, 0)]
    assert friend.status == FRIEND_CONFIRMED


def test_before_the_online_packet_nothing_counts(stage, messenger):
    friend = messenger.add_norequest(stage.key())
    stage.connect(friend.connection)
    for packet in (b"\x40hi", b"\x30name", b"\x18\x00", b"\x19"):
        friend.connection.on_lossless(packet)
    assert stage.events == []
    assert stage.dropped("friend_packet_offline") == 4


def test_an_offline_packet_takes_the_friend_offline(stage):
    friend, _ = stage.online_friend()
    friend.connection.on_lossless(b"\x19\x00")
    assert friend.status == FRIEND_ONLINE
    friend.connection.on_lossless(b"\x19")
    assert [shown(e) for e in stage.drain()] == [("FriendConnectionStatus", 0, 0)]
    friend.connection.on_lossless(b"\x18")
    assert [shown(e) for e in stage.drain()] == [("FriendConnectionStatus", 0, 2)]


def test_direct_and_relayed_are_told_apart(stage, messenger):
    friend = messenger.add_norequest(stage.key())
    crypto = stage.connect(friend.connection)
    crypto.connection_type = 1
    friend.connection.on_transport()
    assert stage.events == []
    friend.connection.on_lossless(b"\x18")
    crypto.connection_type = 2
    friend.connection.on_transport()
    friend.connection.on_transport()
    shown_events = [shown(e) for e in stage.drain()]
    assert shown_events == [("FriendConnectionStatus", 0, 1), ("FriendConnectionStatus", 0, 2)]


def test_changes_are_sent_to_online_friends_only_when_they_change(stage, messenger):
    friend, crypto = stage.online_friend()
    messenger.add_norequest(stage.key())
    messenger.user.set_name(b"new")
    messenger.user.set_name(b"new")
    messenger.user.set_status_message(b"busy")
    messenger.user.set_status(1)
    messenger.user.set_status(3)
    messenger.set_typing(0, True)
    messenger.set_typing(friend, True)
    assert crypto.written == [b"\x30new", b"\x31busy", b"\x32\x01", b"\x33\x01"]
    assert messenger.user.status == 1


def test_a_full_window_delays_what_we_tell_and_sends_the_last_value(stage, messenger):
    _, crypto = stage.online_friend()
    crypto.room = 0
    messenger.user.set_name(b"one")
    messenger.user.set_name(b"two")
    messenger.user.set_status(1)
    stage.run(1_000)
    assert [p for p in crypto.written if p != b"\x10"] == []
    crypto.room = 100
    stage.run(200)
    assert [p for p in crypto.written if p != b"\x10"] == [b"\x30two", b"\x32\x01"]


def test_limits_of_our_texts(messenger):
    messenger.user.set_name(b"x" * 128)
    fails("TOX_ERR_SET_INFO_TOO_LONG", messenger.user.set_name, b"x" * 129)
    messenger.user.set_status_message(b"x" * 1007)
    fails("TOX_ERR_SET_INFO_TOO_LONG", messenger.user.set_status_message, b"x" * 1008)
    assert (len(messenger.user.name), len(messenger.user.status_message)) == (128, 1007)


# what friends tell us


def test_what_a_friend_tells_is_kept_and_reported(stage):
    friend, _ = stage.online_friend()
    told = (b"\x30bob", b"\x31busy", b"\x32\x02", b"\x33\x05", b"\x33\x00", b"\x40hi", b"\x41waves", b"\x30")
    for packet in told:
        friend.connection.on_lossless(packet)
    assert [shown(e) for e in stage.drain()] == [
        ("FriendName", 0, b"bob"),
        ("FriendStatusMessage", 0, b"busy"),
        ("FriendStatus", 0, 2),
        ("FriendTyping", 0, True),
        ("FriendTyping", 0, False),
        ("FriendMessage", 0, 0, b"hi"),
        ("FriendMessage", 0, 1, b"waves"),
        ("FriendName", 0, b""),
    ]
    assert (friend.name, friend.status_message, friend.user_status) == (b"", b"busy", 2)
    assert friend.is_typing is False


def test_limits_of_what_a_friend_tells(stage):
    friend, _ = stage.online_friend()
    bad = [b"\x30" + bytes(129), b"\x31" + bytes(1008), b"\x32", b"\x32\x03", b"\x32\x00\x00"]
    bad += [b"\x33", b"\x33\x01\x01", b"\x40", b"\x41", b"\x13", b"\x9f", b"\x45"]
    for packet in bad:
        friend.connection.on_lossless(packet)
    assert stage.events == []
    assert sum(v for k, v in stage.rt.counters.values.items() if k.startswith("drop.")) == len(bad)
    for packet in (b"\x30" + bytes(128), b"\x31" + bytes(1007), b"\x40" + bytes(1372)):
        friend.connection.on_lossless(packet)
    assert len(stage.events) == 3


def test_any_bytes_from_a_friend_are_survived(stage):
    friend, _ = stage.online_friend()
    for kind in range(256):
        for size in (0, 1, 2, 4, 38, 128, 129, 1007, 1372):
            friend.connection.on_lossless(bytes([kind]) + stage.rt.rng.bytes(size))
            friend.connection.on_lossy(bytes([kind]) + stage.rt.rng.bytes(size))


def test_custom_packets(stage, messenger):
    friend, crypto = stage.online_friend()
    for kind in (160, 191):
        friend.connection.on_lossless(bytes([kind]) + b"x")
    for kind in (192, 199, 200, 254):
        friend.connection.on_lossy(bytes([kind]) + b"y")
    assert [shown(e) for e in stage.drain()] == [
        ("FriendLosslessPacket", 0, b"\xa0x"),
        ("FriendLosslessPacket", 0, b"\xbfx"),
        ("FriendLossyPacket", 0, b"\xc8y"),
        ("FriendLossyPacket", 0, b"\xfey"),
    ]
    messenger.send_lossy_packet(0, b"\xc0" + bytes(1372))
    messenger.send_lossless_packet(friend, b"\x45msi")
    messenger.send_lossless_packet(friend, b"\xa0" + bytes(1372))
    assert crypto.lossy == [b"\xc0" + bytes(1372)]
    assert crypto.written == [b"\x45msi", b"\xa0" + bytes(1372)]


def test_packets_for_calls_are_events_while_somebody_wants_them(stage, messenger):
    friend, _ = stage.online_friend()

    def arrive():
        friend.connection.on_lossless(b"\x45msi")
        for kind in (192, 199):
            friend.connection.on_lossy(bytes([kind]) + b"y")
        return [shown(event)[2] for event in stage.drain()]

    for kind in (69, 192):
        messenger.incoming.report_call_packets(kind, True)
        messenger.incoming.report_call_packets(kind, True)
    assert arrive() == [b"\x45msi", b"\xc0y"]
    for kind in (69, 192, 199):
        messenger.incoming.report_call_packets(kind, False)
    assert arrive() == []
    # whoever handles calls keeps them
    heard = []
    messenger.packets.claim(69, lambda *args: heard.append(args))
    messenger.incoming.report_call_packets(69, True)
    messenger.incoming.report_call_packets(69, False)
    assert arrive() == [] and len(heard) == 1
    stage.connections.packets.claim(199, lambda *args: heard.append(args))
    messenger.incoming.report_call_packets(199, True)
    assert arrive() == [] and len(heard) == 3


def test_custom_packet_errors(stage, messenger):
    friend, crypto = stage.online_friend()
    lossy, lossless = messenger.send_lossy_packet, messenger.send_lossless_packet
    for send in (lossy, lossless):
        fails("TOX_ERR_FRIEND_CUSTOM_PACKET_EMPTY", send, 9, b"")
    for first in (159, 191, 255):
        fails("TOX_ERR_FRIEND_CUSTOM_PACKET_INVALID", lossy, 9, bytes([first]))
    for first in (64, 159, 192):
        fails("TOX_ERR_FRIEND_CUSTOM_PACKET_INVALID", lossless, 0, bytes([first]))
        fails("TOX_ERR_FRIEND_CUSTOM_PACKET_FRIEND_NOT_FOUND", lossless, 9, bytes([first]))
        fails("TOX_ERR_FRIEND_CUSTOM_PACKET_TOO_LONG", lossless, 0, bytes([first]) * 1374)
    fails("TOX_ERR_FRIEND_CUSTOM_PACKET_TOO_LONG", lossy, 0, b"\xc8" * 1374)
    crypto.room = 0
    fails("TOX_ERR_FRIEND_CUSTOM_PACKET_SENDQ", lossy, 0, b"\xc8")
    fails("TOX_ERR_FRIEND_CUSTOM_PACKET_SENDQ", lossless, 0, b"\xa0")
    friend.connection.on_closed()
    fails("TOX_ERR_FRIEND_CUSTOM_PACKET_FRIEND_NOT_CONNECTED", lossy, 0, b"\xc8")
    fails("TOX_ERR_FRIEND_CUSTOM_PACKET_FRIEND_NOT_CONNECTED", lossless, 0, b"\xa0")


def test_a_kind_can_be_claimed_once(stage, messenger):
    friend, _ = stage.online_friend()
    seen = []
    messenger.packets.claim(95, lambda friend, data: seen.append((friend, data)))
    friend.connection.on_lossless(b"\x5ffile")
    assert seen == [(friend, b"\x5ffile")]
    with pytest.raises(ValueError, match="claimed"):
        messenger.packets.claim(64, seen.append)


# messages and receipts


def test_messages_have_ids_and_receipts_in_order(stage, messenger):
    friend, crypto = stage.online_friend()
    assert [messenger.send_message(0, *what) for what in ((0, b"a"), (1, b"b"), (0, b"c"))] == [1, 2, 3]
    assert crypto.written == [b"\x40a", b"\x41b", b"\x40c"]
    stage.run(1_000)
    assert stage.events == []
    crypto.acknowledged_below = 2
    messenger.check_receipts()
    assert [shown(e) for e in stage.drain()] == [("FriendReadReceipt", 0, 1), ("FriendReadReceipt", 0, 2)]
    crypto.acknowledged_below = 3
    messenger.check_receipts()
    (event,) = stage.drain()
    assert shown(event) == ("FriendReadReceipt", 0, 3)
    assert event.owner is friend
    stage.run(1_000)
    assert stage.events == []
    assert messenger.send_message(0, 0, b"x" * 1372) == 4


def test_receipts_of_a_lost_connection_never_come(stage, messenger):
    friend, crypto = stage.online_friend()
    messenger.send_message(friend, 0, b"a")
    friend.connection.on_closed()
    crypto.acknowledged_below = 1
    stage.drain()
    stage.run(100)
    stage.connect(friend.connection)
    friend.connection.on_lossless(b"\x18")
    stage.drain()
    friend.connection.crypto.acknowledged_below = 100
    stage.run(1_000)
    assert stage.events == []
    assert messenger.send_message(friend, 0, b"b") == 2
    stage.run(1_000)
    assert [shown(e) for e in stage.drain()] == [("FriendReadReceipt", 0, 2)]


def test_message_ids_wrap_around(stage, messenger):
    friend, _ = stage.online_friend()
    friend.last_message_id = 2**32 - 1
    assert messenger.send_message(friend, 0, b"x") == 0


def test_message_errors(stage, messenger):
    friend, crypto = stage.online_friend()
    send = messenger.send_message
    fails("TOX_ERR_FRIEND_SEND_MESSAGE_EMPTY", send, 9, 0, b"")
    fails("TOX_ERR_FRIEND_SEND_MESSAGE_FRIEND_NOT_FOUND", send, 9, 0, b"x" * 1373)
    fails("TOX_ERR_FRIEND_SEND_MESSAGE_TOO_LONG", send, 0, 0, b"x" * 1373)
    fails("TOX_ERR_FRIEND_SEND_MESSAGE_NULL", send, 0, 2, b"x")
    crypto.room = 0
    fails("TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ", send, 0, 0, b"x")
    friend.connection.on_closed()
    fails("TOX_ERR_FRIEND_SEND_MESSAGE_FRIEND_NOT_CONNECTED", send, 0, 0, b"x")
    assert friend.last_message_id == 0


def test_last_online(stage, messenger):
    friend, _ = stage.online_friend()
    assert messenger.last_online(0) == stage.clock.unix_s()
    friend.connection.on_closed()
    left_s = stage.clock.unix_s()
    stage.run(100_000)
    assert messenger.last_online(friend) == left_s
    assert messenger.last_online(messenger.add_norequest(stage.key())) == 0


# deleting


def test_delete_tells_the_friend_and_ends_everything(stage, messenger):
    friend, crypto = stage.online_friend()
    messenger.send_message(friend, 0, b"x")
    friend.connection.on_lossless(b"\x40hi")
    messenger.delete(0)
    assert crypto.written[-1] == b"\x19"
    assert crypto.killed
    assert friend.deleted
    assert [e.owner.deleted for e in stage.drain()] == [True]
    crypto.acknowledged_below = 100
    stage.run(600_000)
    assert stage.events == []
    assert stage.rt.timers.next_deadline_ms() is None
    fails("TOX_ERR_FRIEND_SEND_MESSAGE_FRIEND_NOT_FOUND", messenger.send_message, friend, 0, b"x")
    assert messenger.friend_by_key(friend.real_pk) is None


def test_a_deleted_friend_can_ask_again(stage, messenger):
    real_pk = stage.key()
    handler = stage.onion.data.handlers[32]
    handler(real_pk, stage.requests.nospam + b"one")
    messenger.add_norequest(real_pk)
    messenger.delete(0)
    handler(real_pk, stage.requests.nospam + b"two")
    assert [e.message for e in stage.drain()] == [b"one", b"two"]


def test_a_deleted_friend_whose_request_waits(stage, messenger):
    friend = messenger.add(address_of(stage.key()), b"hello")
    messenger.delete(friend)
    stage.onion.reachable = 1
    stage.run(100_000)
    assert stage.onion.sent == []
    assert stage.rt.timers.next_deadline_ms() is None
