"""Groups as a whole: joining, talking, leaving, losses, absent members."""

import pytest

from tests.unit.group.group_world import PRIVATE, World, mesh
from toxpy.errors import ToxError
from toxpy.generated import enums
from toxpy.generated import events as ev
from toxpy.group import packets
from toxpy.group.group import CONNECTING, DISCONNECTED, NOBODY
from toxpy.group.incoming import Incoming
from toxpy.group.keys import ExtendedKeyPair
from toxpy.group.moderation import MODERATOR, OBSERVER, USER
from toxpy.group.saved import SavedGroup
from toxpy.group.state import GroupState
from toxpy.group.sync import Sync
from toxpy.group.topic import sign_topic
from toxpy.group.wire import PEER_INFO


def names(events):
    return [type(event).__name__ for event in events]


def code(name):
    return pytest.raises(ToxError, match=name)


def saved(member):
    """As the group is saved, and read again."""
    group = SavedGroup(member.group.state)
    group.name, group.status = member.group.name, member.group.status
    group.peers = member.group.peers.saved()
    return group


def test_a_founder_is_connected_at_once_and_hears_nothing():
    world = World()
    assert world.founder.group.is_connected
    assert world.founder.told() == []


def test_two_members_join():
    world = World()
    member = world.join("member")
    assert world.until(world.is_mesh, 1000)
    world.wait(1000)
    assert names(member.told()) == ["GroupSelfJoin", "GroupPeerJoin"]
    assert names(world.founder.told()) == ["GroupPeerJoin"]
    assert member.group.peers.get(world.founder.keys.public.enc).name == b"founder"
    assert world.is_agreed()


def test_settings_come_before_the_join():
    world = World(privacy=PRIVATE)
    world.founder.talk.set_peer_limit(7)
    member = world.join("member")
    assert world.until(world.is_mesh)
    expected = ["GroupPeerLimit", "GroupPrivacyState", "GroupSelfJoin", "GroupPeerJoin"]
    assert names(member.told()) == expected


@pytest.mark.parametrize(("count", "limit_ms"), [(5, 1500), (20, 4000)])
def test_many_join_at_once(count, limit_ms):
    world = World(count)
    for i in range(1, count):
        world.join(f"member {i}")
    assert world.until(world.is_mesh, limit_ms)
    assert world.is_agreed()


def test_all_see_a_newcomer_soon():
    world = mesh(8)
    world.join("late", host=world.members[5])
    assert world.until(world.is_mesh, 1000)
    assert all(names(member.told()) == ["GroupPeerJoin"] for member in world.members[:-1])


def test_messages_of_all_kinds_come_from_whom_they_are():
    world = mesh(3)
    a, b, c = world.members
    message_id = a.talk.send_message(enums.TOX_MESSAGE_TYPE_ACTION, b"waves")
    a.talk.send_private_message(a.number(b), enums.TOX_MESSAGE_TYPE_NORMAL, b"psst")
    a.talk.send_custom_packet(True, b"lossless")
    a.talk.send_custom_packet(False, b"lossy")
    a.talk.send_custom_private_packet(a.number(c), True, b"for c")
    a.talk.send_custom_private_packet(a.number(c), False, b"for c, perhaps")
    world.wait(1000)
    by_b, by_c = b.told(), c.told()
    (message,) = [event for event in by_b if isinstance(event, ev.GroupMessage)]
    assert (message.message_type, message.message, message.message_id) == (1, b"waves", message_id)
    assert message.peer_id == b.number(a)
    (private,) = [event for event in by_b if isinstance(event, ev.GroupPrivateMessage)]
    assert (private.message_type, private.message) == (0, b"psst")
    assert {e.data for e in by_b if isinstance(e, ev.GroupCustomPacket)} == {b"lossless", b"lossy"}
    assert not [event for event in by_b if isinstance(event, ev.GroupCustomPrivatePacket)]
    assert not [event for event in by_c if isinstance(event, ev.GroupPrivateMessage)]
    packets_of_c = [event.data for event in by_c if isinstance(event, ev.GroupCustomPrivatePacket)]
    assert set(packets_of_c) == {b"for c", b"for c, perhaps"}


def test_the_longest_messages_come():
    world = mesh(2)
    a, b = world.members
    a.talk.send_message(0, bytes(1372))
    a.talk.send_private_message(a.number(b), 0, bytes(1367))
    a.talk.send_custom_packet(True, bytes(1373))
    world.wait(500)
    assert [len(e.message) for e in b.told() if hasattr(e, "message")] == [1372, 1367]


def test_messages_survive_loss():
    world = mesh(5, loss=0.05)
    sender, *others = world.members
    for i in range(100):
        sender.talk.send_message(0, b"%d " % i + bytes(1000))
        world.wait(20)
    world.wait(20_000)
    for other in others:
        numbers = [int(event.message.split()[0]) for event in other.told(ev.GroupMessage)]
        assert numbers == list(range(100))


def test_what_cannot_be_said_is_an_error():
    world = mesh(2)
    a, b = world.members
    prefix = "TOX_ERR_GROUP_SEND_MESSAGE_"
    with code(prefix + "TOO_LONG"):
        a.talk.send_message(0, bytes(1373))
    with code(prefix + "EMPTY"):
        a.talk.send_message(0, b"")
    with code(prefix + "BAD_TYPE"):
        a.talk.send_message(2, b"x")
    a.talk.set_voice_state(enums.TOX_GROUP_VOICE_STATE_FOUNDER)
    world.wait(500)
    with code(prefix + "PERMISSIONS"):
        b.talk.send_message(0, b"x")
    with code("TOX_ERR_GROUP_SEND_PRIVATE_MESSAGE_PEER_NOT_FOUND"):
        a.talk.send_private_message(9, 0, b"x")
    with pytest.raises(ToxError) as caught:
        a.talk.send_private_message(a.number(b), 0, bytes(1368))
    assert caught.value.name == "TOX_ERR_GROUP_SEND_PRIVATE_MESSAGE_TOO_LONG"
    with code("TOX_ERR_GROUP_SEND_CUSTOM_PACKET_EMPTY"):
        a.talk.send_custom_packet(True, b"")
    with code("TOX_ERR_GROUP_SEND_CUSTOM_PRIVATE_PACKET_TOO_LONG"):
        a.talk.send_custom_private_packet(a.number(b), True, bytes(1374))
    b.group.stop()
    with code(prefix + "DISCONNECTED"):
        b.talk.send_message(0, b"x")
    with code("TOX_ERR_GROUP_SET_TOPIC_LOCK_PERMISSIONS"):
        b.talk.set_topic_lock(enums.TOX_GROUP_TOPIC_LOCK_DISABLED)


def test_an_ignored_peer_is_not_heard():
    world = mesh(2)
    a, b = world.members
    b.talk.set_ignore(b.number(a), True)
    a.talk.send_message(0, b"x")
    a.talk.send_private_message(a.number(b), 0, b"x")
    a.talk.send_custom_packet(True, b"x")
    world.wait(500)
    assert names(b.told()) == ["GroupCustomPacket"]
    b.talk.set_ignore(b.number(a), False)
    a.talk.send_message(0, b"x")
    world.wait(500)
    assert names(b.told()) == ["GroupMessage"]
    with code("TOX_ERR_GROUP_SET_IGNORE_SELF"):
        b.talk.set_ignore(0, True)


def test_names_and_status():
    world = mesh(2)
    a, b = world.members
    a.talk.set_name(b"other")
    a.talk.set_status(enums.TOX_USER_STATUS_BUSY)
    world.wait(500)
    assert names(b.told()) == ["GroupPeerName", "GroupPeerStatus"]
    assert a.told() == []
    late = world.join("late", host=b)
    assert world.until(world.is_mesh)
    peer = late.group.peers.get(a.keys.public.enc)
    assert (peer.name, peer.status) == (b"other", enums.TOX_USER_STATUS_BUSY)


def test_a_password():
    world = mesh(2)
    a, b = world.members
    a.talk.set_password(b"secret")
    world.wait(500)
    assert [event.password for event in b.told()] == [b"secret"]
    stranger = world.join("stranger", password=b"wrong")
    world.wait(5000)
    assert [event.fail_type for event in stranger.told()] == [enums.TOX_GROUP_JOIN_FAIL_INVALID_PASSWORD]
    assert stranger.group.connection == DISCONNECTED
    stranger.vanish()
    world.join("friend", host=b, password=b"secret")
    assert world.until(world.is_mesh)


def test_a_password_is_not_told_to_whoever_asks():
    world = mesh(2)
    a, _ = world.members
    a.talk.set_password(b"secret")
    stranger = world._add("stranger")
    heard = []

    class Spy(Incoming):
        def on_established(self, peer, asked, request_type, undelivered):
            peer.send(packets.PEER_INFO_REQUEST, b"")
            peer.send(packets.SYNC_REQUEST, packets.pack_sync_request(7, b"guessed"))

        def on_lossless(self, peer, kind, data):
            heard.append((kind, data))

    stranger.group._host = Spy(stranger.group)
    stranger.group.begin()
    stranger.group.connect(a.keys.public.enc, PEER_INFO, a.socket.address)
    world.wait(1000)
    assert a.rt.counters.values["drop.group_info_request"] == 1
    assert a.rt.counters.values["drop.group_sync_password"] == 1
    assert heard == []


def test_a_full_group():
    world = mesh(2)
    a, b = world.members
    a.talk.set_peer_limit(2)
    world.wait(500)
    stranger = world.join("stranger", host=b)
    world.wait(5000)
    assert [event.fail_type for event in stranger.told()] == [enums.TOX_GROUP_JOIN_FAIL_PEER_LIMIT]
    assert len(a.group.peers) == len(b.group.peers) == 1


def test_roles_and_a_kick():
    world = mesh(4)
    founder, moderator, user, other = world.members
    founder.talk.set_role(founder.number(moderator), MODERATOR)
    world.wait(500)
    assert {member.role(moderator) for member in world.members} == {MODERATOR}
    (event,) = user.told()
    assert (event.source_peer_id, event.target_peer_id) == (user.number(founder), user.number(moderator))
    (event,) = moderator.told()
    assert (event.source_peer_id, event.target_peer_id) == (moderator.number(founder), 0)
    moderator.talk.set_role(moderator.number(user), OBSERVER)
    world.wait(500)
    assert {member.role(user) for member in world.members} == {OBSERVER}
    with code("TOX_ERR_GROUP_SEND_MESSAGE_PERMISSIONS"):
        user.talk.send_message(0, b"x")
    for member in world.members:
        member.told()
    number, at_other = moderator.number(user), other.number(user)
    moderator.talk.kick_peer(number)
    world.wait(3000)
    assert moderator.told() == []
    told = user.told()
    assert names(told)[-3:] == ["GroupPeerExit"] * 3
    assert {event.exit_type for event in told[-3:]} == {enums.TOX_GROUP_EXIT_TYPE_SELF_DISCONNECTED}
    assert [event.mod_type for event in told[:-3]] == [
        enums.TOX_GROUP_MOD_EVENT_USER,
        enums.TOX_GROUP_MOD_EVENT_KICK,
    ]
    assert user.group.connection == DISCONNECTED
    told = other.told()
    assert names(told) == ["GroupModeration", "GroupModeration", "GroupPeerExit"]
    assert (told[-1].peer_id, told[-1].exit_type) == (at_other, enums.TOX_GROUP_EXIT_TYPE_KICK)
    world.members.remove(user)
    assert world.is_agreed()
    with code("TOX_ERR_GROUP_KICK_PEER_SELF"):
        moderator.talk.kick_peer(0)
    with code("TOX_ERR_GROUP_KICK_PEER_PERMISSIONS"):
        other.talk.kick_peer(other.number(moderator))


def test_a_kicked_member_is_told_though_packets_are_lost():
    world = mesh(3)
    founder, _, user = world.members
    user.cut_off = {founder.socket.address}
    founder.talk.kick_peer(founder.number(user))
    world.wait(1000)
    assert user.group.connection != DISCONNECTED
    user.cut_off = set()
    assert world.until(lambda: user.group.connection == DISCONNECTED, 2000)


def test_a_topic_comes_and_a_user_may_not_set_it():
    world = mesh(3)
    a, b, c = world.members
    a.talk.set_topic(b"topic")
    world.wait(500)
    (event,) = b.told()
    assert (event.topic, event.peer_id) == (b"topic", b.number(a))
    with code("TOX_ERR_GROUP_TOPIC_SET_PERMISSIONS"):
        b.talk.set_topic(b"mine")
    a.talk.set_topic_lock(enums.TOX_GROUP_TOPIC_LOCK_DISABLED)
    world.wait(500)
    b.talk.set_topic(b"mine")
    world.wait(500)
    told = [e for e in c.told() if isinstance(e, ev.GroupTopic)]
    assert [(e.topic, e.peer_id) for e in told] == [(b"topic", c.number(a)), (b"mine", c.number(b))]


def test_who_leaves_says_so():
    world = mesh(3)
    a, b, c = world.members
    number = a.number(b)
    assert b.group.leave(b"bye")
    world.wait(500)
    (event,) = a.told()
    fields = event.peer_id, event.exit_type, event.name, event.part_message
    assert fields == (number, enums.TOX_GROUP_EXIT_TYPE_QUIT, b"member 1", b"bye")
    world.members.remove(b)
    assert b.told() == []
    # nobody looks for it
    world.wait(120_000)
    assert world.is_mesh() and len(a.group.peers) == len(c.group.peers) == 1


def test_numbers_are_used_again_from_the_smallest():
    world = mesh(4)
    a = world.founder
    gone = next(member for member in world.members[1:] if a.number(member) == 2)
    gone.group.leave()
    world.members.remove(gone)
    world.wait(500)
    late = world.join("late")
    assert world.until(world.is_mesh)
    assert a.number(late) == 2


def test_who_vanishes_is_missed():
    world = mesh(3)
    a, b, _ = world.members
    b.vanish()
    world.wait(50_000)
    assert a.told() == []
    world.wait(10_000)
    assert [event.exit_type for event in a.told()] == [enums.TOX_GROUP_EXIT_TYPE_TIMEOUT]


def test_a_restarted_member_is_back_at_once():
    world = mesh(5)
    old = world.members[3]
    old.vanish()
    new = world.restore("again", saved(old), socket=world.universe.socket())
    for peer in saved(old).peers:
        new.group.peers.remember(peer)
    new.group.begin()
    assert world.until(world.is_mesh, 1500)
    assert names(new.told()) == ["GroupSelfJoin"] + ["GroupPeerJoin"] * 4
    # the others have had it in the table all the time; it told its name anew
    assert all(names(member.told()) == ["GroupPeerName"] for member in world.members[:-1])


def test_a_restarted_member_that_is_found_is_back_at_once():
    """Others may know where it is, while it knows nobody."""
    world = mesh(2)
    founder, old = world.members
    old.vanish()
    founder.group.drop(founder.group.peers.confirmed()[0], enums.TOX_GROUP_EXIT_TYPE_TIMEOUT)
    new = world.restore("again", saved(old), socket=world.universe.socket())
    new.group.begin()
    founder.group.connect(new.keys.public.enc, PEER_INFO, new.socket.address)
    assert world.until(lambda: new.group.is_connected and world.is_mesh(), 1500)


def test_an_address_is_tried_as_soon_as_it_is_known():
    world = mesh(2)
    founder, old = world.members
    old.vanish()
    founder.group.drop(founder.group.peers.confirmed()[0], enums.TOX_GROUP_EXIT_TYPE_TIMEOUT)
    new = world.restore("again", saved(old), socket=world.universe.socket())
    new.group.begin()
    founder.group.connect(new.keys.public.enc, PEER_INFO, old.socket.address)
    founder.group.connect(new.keys.public.enc, PEER_INFO, new.socket.address)
    assert world.until(world.is_mesh, 1500)


def test_who_was_let_in_and_asks_nothing_is_greeted(monkeypatch):
    """c-toxcore that comes back asks nobody for up to 13 s."""
    world = World()
    monkeypatch.setattr(Sync, "ask", lambda *_arguments, **_options: None)
    joiner = world.join("joiner")
    assert world.until(lambda: world.founder.sees(joiner) and joiner.sees(world.founder), 4000)


def test_messages_go_on_after_a_restart():
    world = mesh(3)
    a, b, c = world.members
    old = saved(b)
    b.vanish()
    a.talk.send_message(0, b"while away")
    new = world.restore("member 1", old)
    for peer in old.peers:
        new.group.peers.remember(peer)
    world.wait(3000)
    new.group.begin()
    assert world.until(world.is_mesh, 3000)
    a.talk.send_message(0, b"now")
    new.talk.send_message(0, b"back")
    world.wait(2000)
    assert [event.message for event in new.told(ev.GroupMessage)] == [b"while away", b"now"]
    assert [event.message for event in c.told(ev.GroupMessage)][-1] == b"back"


@pytest.mark.parametrize(("seed", "loss"), [(0, 0.0), (1, 0.1), (2, 0.1)])
def test_what_is_said_while_a_member_restarts_comes_once_and_in_order(seed, loss):
    world = mesh(3, seed, loss=loss)
    speaker, old, _ = world.members
    said = iter(range(1000))

    def talk(count):
        for i in range(count):
            speaker.talk.send_message(0, b"%d" % next(said))
            if i % 10 == 0:
                speaker.talk.send_custom_packet(True, b"custom")
            world.wait(50)

    talk(20)
    save = saved(old)
    world.wait(5000)
    old.vanish()
    talk(20)
    new = world.restore("again", save)
    for peer in save.peers:
        new.group.peers.remember(peer)
    new.group.begin()
    talk(40)
    world.wait(8000)
    events = new.told()
    heard = [event.message for event in events if isinstance(event, ev.GroupMessage)]
    assert heard == [b"%d" % i for i in range(20, 80)]
    assert sum(isinstance(event, ev.GroupCustomPacket) for event in events) == 6


def test_what_is_said_to_a_member_that_does_not_come_back_is_an_error_in_the_end():
    world = mesh(2)
    speaker, silent = world.members
    (peer,) = speaker.group.peers.confirmed()
    peer.hold_back([])
    for _ in range(256):
        speaker.talk.send_message(0, b"held back")
    with pytest.raises(ToxError, match="FAIL_SEND"):
        speaker.talk.send_message(0, b"one too many")
    peer.deliver()
    world.wait(2000)
    assert len(silent.told(ev.GroupMessage)) == 256
    # what is said at last does not wait
    peer.hold_back([])
    speaker.talk.send_message(0, b"last words")
    speaker.group.leave(b"bye")
    world.wait(1000)
    message, leave = silent.told()
    assert (message.message, leave.part_message) == (b"last words", b"bye")


def test_a_message_counts_once():
    """A session that began anew repeats what was not acknowledged in time."""
    world = mesh(2)
    speaker, hearer = world.members
    (peer,) = speaker.group.peers.confirmed()
    for text in (b"one", b"two", b"one"):
        peer.send(packets.BROADCAST, packets.pack_message(packets.MESSAGE, 7, text))
        peer.send(packets.BROADCAST, packets.pack_private_message(0, 7, text))
    world.wait(1000)
    assert [event.message for event in hearer.told(ev.GroupMessage)] == [b"one", b"two"]
    assert hearer.rt.counters.values["drop.group_message_copy"] == 2


def test_the_founder_is_away():
    world = mesh(3)
    founder, b, c = world.members
    founder.talk.set_role(founder.number(b), MODERATOR)
    world.wait(500)
    founder.vanish()
    late = world.join("late", host=c)
    assert world.until(world.is_mesh)
    assert late.role(b) == MODERATOR
    b.talk.set_role(b.number(late), OBSERVER)
    world.wait(500)
    assert c.role(late) == OBSERVER
    old = saved(founder)
    again = world.restore("founder", old)
    for peer in old.peers:
        again.group.peers.remember(peer)
    again.group.begin()
    assert world.until(lambda: world.is_mesh() and world.is_agreed(), 60_000)
    assert again.role(late) == OBSERVER
    assert late.role(again) == enums.TOX_GROUP_ROLE_FOUNDER


def test_a_founder_who_was_away_hears_that_it_is_back_when_it_meets_somebody():
    world = mesh(2)
    founder, member = world.members
    founder.group.disconnect()
    founder.told()
    founder.group.begin()
    assert founder.told() == []
    founder.ask(member)
    world.wait(1000)
    assert names(founder.told()) == ["GroupSelfJoin", "GroupPeerJoin"]


def test_a_topic_does_not_come_back_to_who_set_it():
    """The founder hands it on: c-toxcore would take its own for the one before, and refuse the next."""
    world = mesh(3)
    founder, setter, other = world.members
    founder.talk.set_topic_lock(enums.TOX_GROUP_TOPIC_LOCK_DISABLED)
    world.wait(1000)
    setter.talk.set_topic(b"set by a user")
    world.wait(1000)
    assert founder.group.state.topics.topic.text == b"set by a user"
    # twice at the other one, from the setter and from the founder
    assert other.rt.counters.values["drop.group_topic"] == 1
    assert "drop.group_topic" not in setter.rt.counters.values


@pytest.mark.parametrize("seconds", [10, 60, 70])
def test_after_a_partition_all_are_together_again(seconds):
    world = mesh(6)
    halves = world.members[:3], world.members[3:]
    for half, others in (halves, halves[::-1]):
        for member in half:
            member.cut_off = {other.socket.address for other in others}
    world.wait(1000)
    for i, half in enumerate(halves):
        half[0].talk.send_message(0, b"%d" % i)
    world.founder.talk.set_topic(b"here")
    world.wait(seconds * 1000)
    for member in world.members:
        member.cut_off = set()
    assert world.until(lambda: world.is_mesh() and world.is_agreed(), 45_000)
    if seconds == 10:
        world.wait(5000)
        for half, i in ((halves[0], 1), (halves[1], 0)):
            for member in half:
                assert b"%d" % i in [event.message for event in member.told(ev.GroupMessage)]


def test_disconnected_for_a_while():
    world = mesh(3)
    a, b = world.members[:2]
    b.group.disconnect()
    told = b.told()
    assert names(told) == ["GroupPeerExit"] * 2
    assert {event.exit_type for event in told} == {enums.TOX_GROUP_EXIT_TYPE_SELF_DISCONNECTED}
    world.wait(1000)
    assert [event.exit_type for event in a.told()] == [enums.TOX_GROUP_EXIT_TYPE_QUIT]
    assert a.group.peers.count_confirmed() == 1
    b.group.begin()
    assert b.group.connection == CONNECTING
    assert world.until(world.is_mesh, 2000)


def test_a_stolen_signature_key_makes_no_moderator():
    world = mesh(3)
    founder, moderator, user = world.members
    founder.talk.set_role(founder.number(moderator), MODERATOR)
    world.wait(500)
    thief = world._add("thief")
    thief.group.own.sig_pk = moderator.keys.public.sig
    thief.group.begin()
    thief.ask(user)
    world.wait(3000)
    assert not user.sees(thief)
    assert user.rt.counters.values["drop.group_foreign_key"] >= 1


def test_a_member_by_announcement_only_gets_no_table_full():
    world = mesh(2)
    a = world.founder
    for i in range(1000):
        key = ExtendedKeyPair(i.to_bytes(32, "little")).public.enc
        a.group.connect(key, PEER_INFO, (b"\x14\0\0\xfe", 1 + i))
    assert len(a.group.peers) <= 200
    world.wait(20_000)
    assert len(a.group.peers) == 1
    assert a.group.number_of(None) == NOBODY


def test_a_user_has_no_say():
    world = mesh(3)
    founder, a, b = world.members
    enc, sig = founder.keys.public.enc, founder.keys.public.sig
    for data in (
        packets.pack_kick(enc),
        packets.pack_kick(b.keys.public.enc),
        packets.pack_set_moderator(True, a.keys.public.sig),
        packets.pack_set_observer(True, enc, sig, bytes(271)),
    ):
        a.group.send_all(packets.BROADCAST, data)
    world.wait(1000)
    assert world.is_mesh() and world.is_agreed()
    assert founder.role(a) == USER
    assert founder.told() == b.told() == []


def test_pings_are_cheap_while_nobody_comes_or_goes(monkeypatch):
    """In a group of two hundred each member gets and sends 17 a second."""
    world = mesh(4)
    world.wait(20_000)
    asked = []
    role = GroupState.role
    monkeypatch.setattr(GroupState, "role", lambda state, key: asked.append(key) or role(state, key))
    before = world.founder.group.state.ping()
    world.wait(30_000)
    assert asked == []
    world.founder.talk.set_role(1, MODERATOR)
    assert world.founder.group.state.ping().roles_checksum != before.roles_checksum
    world.founder.talk.set_role(2, OBSERVER)
    world.wait(500)
    assert world.is_agreed()
    world.members[3].vanish()
    assert world.until(lambda: world.founder.group.state.ping().peer_count == 3)
    assert world.founder.group.state.ping().peers_checksum != before.peers_checksum
    assert world.until(world.is_agreed)


def unlocked_with_topics(count):
    """A group without a lock; two members set the topic at once, the first one's has the greater checksum."""
    world = mesh(count)
    world.founder.talk.set_topic_lock(enums.TOX_GROUP_TOPIC_LOCK_DISABLED)
    world.wait(1000)
    states = [member.group.state for member in world.members]
    version = states[0].shared.topic_lock
    a, b = world.members[1:3]
    return world, states, (sign_topic(a.keys, version, b"zz"), sign_topic(b.keys, version, b"aa"))


def test_two_topics_that_came_in_another_order_to_each_end_as_one():
    world, states, (great, small) = unlocked_with_topics(4)
    for state, order in zip(
        states, [(great, small), (great, small), (small, great), (great, small)], strict=True
    ):
        for topic in order:
            state.topics.replace(topic)
    # who set the greater one has the other, so nobody sees it from its setter
    assert world.until(lambda: {state.topics.topic.text for state in states} == {b"zz"}, 40_000)


def test_a_late_member_is_told_the_topic_although_its_own_has_the_greater_checksum():
    world, states, (great, small) = unlocked_with_topics(3)
    for state in states:
        state.topics.replace(great)
    for state in states[:2]:
        state.topics.replace(small)
    assert world.until(lambda: {state.topics.topic.text for state in states} == {b"aa"}, 20_000)


def test_who_was_away_comes_in_with_the_new_password():
    world = mesh(2)
    a, b = world.members
    a.talk.set_password(b"old")
    world.wait(500)
    b.group.disconnect()
    world.wait(500)
    a.talk.set_password(b"new")
    b.told()
    b.group.come_in(b"")
    assert world.until(lambda: b.told(ev.GroupJoinFail), 20_000)
    assert b.group.connection == DISCONNECTED
    b.group.come_in(b"wrong")
    assert world.until(lambda: b.told(ev.GroupJoinFail), 20_000)
    # the state that others may be told is the signed one
    assert b.group.state.shared.password == b"old"
    b.group.come_in(b"new")
    assert world.until(world.is_mesh, 20_000)
    assert b.group.state.shared.password == b"new" and b.group.state.given_password == b""
    attempts = b.group.attempts
    b.group.come_in(b"whatever")
    assert b.group.attempts == attempts and world.is_mesh()


def test_who_lost_all_members_looks_anew():
    world = mesh(2)
    a, b = world.members
    a.group.disconnect()
    world.wait(500)
    assert b.group.is_connected and not len(b.group.peers)
    attempts = b.group.attempts
    b.group.come_in(b"")
    assert b.group.attempts == attempts + 1 and not b.group.is_connected
    b.group.come_in(b"")
    assert b.group.attempts == attempts + 1
    a.group.come_in(b"founder's")
    assert a.group.state.shared.password == b"" and world.until(world.is_mesh, 20_000)


def test_who_names_no_password_is_no_member():
    world = mesh(2)
    a, b = world.members
    a.talk.set_password(b"secret")
    world.wait(500)
    stranger = world._add("stranger")
    stranger.group.begin()
    stranger.group.connect(b.keys.public.enc, PEER_INFO, b.socket.address)
    world.wait(5000)
    assert not b.sees(stranger) and not a.sees(stranger)
