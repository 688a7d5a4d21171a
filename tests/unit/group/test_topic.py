"""The topic of a group: who sets it, which of two is the newer one, and that an old one stays away."""

import pytest

from tests.unit.group.members import ALL_FLAGS, Group
from tests.unit.group.vectors import data_of
from toxpy.errors import PacketError, ToxError
from toxpy.generated import enums
from toxpy.group import packets
from toxpy.group.checksums import data_checksum
from toxpy.group.moderation import MODERATOR, OBSERVER
from toxpy.group.shared_state import MAX_VERSION
from toxpy.group.topic import MAX_TOPIC_SIZE, no_topic, sign_topic, unpack_topic

LOCK, NO_LOCK = enums.TOX_GROUP_TOPIC_LOCK_ENABLED, enums.TOX_GROUP_TOPIC_LOCK_DISABLED
#: texts in the order of their checksums
LOW, MIDDLE, HIGH = b"\x00\x01", b"\x00\x02", b"\x00\x03"


def topic_of(member):
    return member.state.topics.topic


def set_topic(group, member, text, to_all=True):
    sent = member.changes.set_topic(text, connected=True)
    if to_all:
        group.send(member, sent)
    ((kind, data),) = sent
    assert kind == packets.TOPIC
    return data


def unlocked(count):
    group = Group(count)
    founder = group.members[0]
    group.send(founder, founder.changes.set_topic_lock(NO_LOCK, connected=True))
    # so that nobody has just joined
    group.wait(60_000)
    for member in group.members:
        member.told.clear()
    return group


def test_the_packet():
    topic = unpack_topic(data_of("TOPIC"))
    assert (topic.version, topic.text) == (2, b"a topic") and topic.is_signed()
    assert topic.pack() == data_of("TOPIC")
    for size in range(MAX_TOPIC_SIZE + 1):
        topic.text = bytes(size)
        topic.checksum = 0
        assert unpack_topic(topic.pack()).text == bytes(size)
    topic.text = bytes(MAX_TOPIC_SIZE + 1)
    with pytest.raises(PacketError):
        unpack_topic(topic.pack())


def test_a_new_group_has_an_empty_topic():
    group = Group(2)
    for member in group.members:
        assert (topic_of(member).version, topic_of(member).text) == (1, b"")
        assert topic_of(member).setter == group.members[0].key.sig
    assert not no_topic().version and Group(1).join().told == []


def test_versions_grow_while_the_topic_is_locked():
    group = Group(3)
    founder, bob, carol = group.members
    set_topic(group, founder, b"one")
    group.send(founder, founder.changes.set_role(bob.key, MODERATOR))
    set_topic(group, bob, b"two")
    assert carol.told == ["topic", (founder, bob, MODERATOR), "topic"]
    assert [(topic_of(m).version, topic_of(m).text) for m in group.members] == [(3, b"two")] * 3
    for text in b"three", b"":
        with pytest.raises(ToxError) as failure:
            carol.changes.set_topic(text, connected=True)
        assert failure.value.name == "TOX_ERR_GROUP_TOPIC_SET_PERMISSIONS"
    assert topic_of(carol).text == b"two"


def test_the_founder_hands_on_what_others_set():
    group = Group(3)
    founder, bob, carol = group.members
    group.send(founder, founder.changes.set_role(bob.key, MODERATOR))
    data = set_topic(group, bob, b"Bob's", to_all=False)
    assert founder.state.on_topic(bob.key, data).send == [(packets.TOPIC, data)]
    assert founder.state.on_topic(bob.key, data).send == []
    assert carol.state.on_topic(founder.key, data).send == []
    assert topic_of(carol).text == b"Bob's"


def test_a_user_cannot_set_a_locked_topic():
    group = Group(2)
    founder, bob = group.members
    for version in 1, 2, 50:
        forged = sign_topic(bob.keys, version, b"mine").pack()
        assert not founder.state.on_topic(bob.key, forged).topic
    assert topic_of(founder).text == b""


def test_an_older_version_is_refused_while_locked():
    group = Group(2)
    founder, bob = group.members
    old = set_topic(group, founder, HIGH)
    set_topic(group, founder, LOW)
    assert not bob.state.on_topic(founder.key, old).topic and topic_of(bob).text == LOW
    assert not bob.missing(founder) and not founder.missing(bob)


def test_two_topics_at_once_end_as_one():
    """c-toxcore swaps them, and compares the checksums later."""
    group = Group(3)
    founder, bob, carol = group.members
    group.send(founder, founder.changes.set_role(bob.key, MODERATOR))
    low, high = (
        set_topic(group, founder, LOW, to_all=False),
        set_topic(group, bob, HIGH, to_all=False),
    )
    founder.receive(bob, packets.TOPIC, high)
    bob.receive(founder, packets.TOPIC, low)
    for data in high, low:
        carol.receive(founder, packets.TOPIC, data)
    assert {topic_of(member).text for member in group.members} == {HIGH}


def test_a_moderator_may_have_missed_that_the_topic_was_signed_anew():
    """As of c-toxcore 0.2.22, which takes it for the topic before: it counts from the version that it has."""
    group = unlocked(3)
    founder, bob, carol = group.members
    set_topic(group, bob, HIGH)
    version = topic_of(bob).version
    group.send(founder, founder.changes.set_role(bob.key, MODERATOR))
    group.send(founder, founder.changes.set_topic_lock(LOCK, connected=True))
    assert topic_of(founder).version == version + 1
    for text, expected in (LOW, LOW), (MIDDLE, MIDDLE), (LOW, MIDDLE):
        same_version = sign_topic(bob.keys, version + 1, text).pack()
        for member in founder, carol:
            member.receive(bob, packets.TOPIC, same_version)
            assert topic_of(member).text == expected


def test_without_the_lock_users_set_the_topic():
    group = unlocked(3)
    _, bob, carol = group.members
    version = topic_of(bob).version
    set_topic(group, bob, b"Bob's")
    assert carol.told == ["topic"] and topic_of(carol).setter == bob.key.sig
    assert topic_of(carol).version == version == group.members[0].state.shared.topic_lock


def test_observers_do_not_set_the_topic():
    group = unlocked(3)
    founder, bob, carol = group.members
    set_topic(group, bob, HIGH)
    group.send(founder, founder.changes.set_role(bob.key, OBSERVER))
    with pytest.raises(ToxError) as failure:
        bob.changes.set_topic(b"no", connected=True)
    assert failure.value.name == "TOX_ERR_GROUP_TOPIC_SET_PERMISSIONS"
    forged = sign_topic(bob.keys, topic_of(carol).version, b"forged").pack()
    for sender in bob, founder:
        assert not carol.state.on_topic(sender.key, forged).topic
    assert topic_of(carol).text == HIGH


def test_a_topic_of_another_version_is_refused_without_the_lock():
    group = unlocked(3)
    founder, bob, carol = group.members
    lock = carol.state.shared.topic_lock
    for version in 0, lock - 1, lock + 2, MAX_VERSION:
        assert not carol.state.on_topic(bob.key, sign_topic(bob.keys, version, b"other").pack()).topic
    next_one = sign_topic(bob.keys, lock + 1, b"next").pack()
    assert not carol.state.on_topic(bob.key, next_one).topic
    # the founder sets it once more before it locks
    assert carol.state.on_topic(founder.key, next_one).topic


def test_one_who_just_joined_takes_any_version():
    group = unlocked(2)
    founder, bob = group.members
    carol = group.join()
    other = sign_topic(bob.keys, 40, b"other").pack()
    group.wait(11_999)
    assert carol.state.on_topic(founder.key, other).topic
    group.wait(1)
    assert not carol.state.on_topic(founder.key, sign_topic(bob.keys, 50, b"more").pack()).topic


def test_switching_the_lock_on_signs_the_topic_anew():
    group = unlocked(3)
    founder, bob, carol = group.members
    set_topic(group, bob, b"Bob's")
    version = topic_of(founder).version
    sent = founder.changes.set_topic_lock(LOCK, connected=True)
    assert [kind for kind, _ in sent] == [packets.TOPIC, packets.SHARED_STATE]
    group.send(founder, sent)
    assert carol.state.shared.topic_is_locked and topic_of(carol).text == b"Bob's"
    assert topic_of(carol).version == version + 1 and topic_of(carol).setter == founder.key.sig
    assert carol.told.count("topic") == 1, "the text is the same"
    assert group.join(2).state.topics.topic.text == b"Bob's"


def test_a_lock_is_off_even_where_there_was_no_topic():
    """The lock's value is the topic's version, and 0 would mean that it is on."""
    group = Group(2)
    founder, bob = group.members
    founder.state.topics.replace(no_topic())
    group.send(founder, founder.changes.set_topic_lock(NO_LOCK, connected=True))
    assert not bob.state.shared.topic_is_locked and not founder.state.shared.topic_is_locked


def test_the_last_version():
    group = Group(1)
    founder = group.members[0]
    founder.state.topics.replace(sign_topic(founder.keys, MAX_VERSION, b"last"))
    with pytest.raises(ToxError) as failure:
        founder.changes.set_topic(b"one more", connected=True)
    assert failure.value.name == "TOX_ERR_GROUP_TOPIC_SET_FAIL_CREATE"
    founder.state.shared.topic_lock = MAX_VERSION
    with pytest.raises(ToxError) as failure:
        founder.changes.set_topic_lock(LOCK, connected=True)
    assert failure.value.name == "TOX_ERR_GROUP_SET_TOPIC_LOCK_FAIL_SET"
    assert topic_of(founder).text == b"last"


# an old topic does not come back


def test_checksums_are_in_order():
    assert data_checksum(LOW) < data_checksum(MIDDLE) < data_checksum(HIGH)


def test_a_late_peer_does_not_bring_back_a_topic_of_a_greater_checksum():
    """Without the lock versions say nothing, and c-toxcore takes the greater checksum."""
    group = unlocked(4)
    _, bob, carol, late = group.members
    set_topic(group, bob, HIGH)
    late.is_online = False
    set_topic(group, bob, LOW)
    group.wait(600_000)
    late.is_online = True
    assert not carol.missing(late) & packets.SYNC_TOPIC
    carol.ask(late)
    assert topic_of(carol).text == LOW
    # it is a peer like others: what is really new is taken, and asked for
    set_topic(group, late, MIDDLE, to_all=False)
    assert carol.missing(late) == packets.SYNC_TOPIC
    carol.ask(late, packets.SYNC_TOPIC)
    assert topic_of(carol).text == MIDDLE


def test_its_setter_may_set_it_again_and_the_founder_hand_it_on():
    group = unlocked(4)
    founder, bob, carol, dave = group.members
    first = set_topic(group, bob, HIGH)
    set_topic(group, carol, LOW)
    group.wait(59_000)
    assert not dave.state.on_topic(carol.key, first).topic
    assert dave.state.on_topic(bob.key, first).topic
    set_topic(group, carol, MIDDLE)
    group.wait(59_000)
    assert dave.state.on_topic(founder.key, first).topic


def test_the_topic_before_does_not_come_back_at_once():
    group = unlocked(3)
    _, bob, carol = group.members
    first = set_topic(group, bob, HIGH)
    set_topic(group, bob, LOW)
    group.wait(57_999)
    assert not carol.state.on_topic(bob.key, first).topic
    group.wait(1)
    assert carol.state.on_topic(bob.key, first).topic


def test_somebody_else_may_set_the_topic_before_at_once():
    group = unlocked(3)
    _, bob, carol = group.members
    set_topic(group, bob, HIGH)
    set_topic(group, bob, LOW)
    set_topic(group, carol, HIGH)
    assert {topic_of(member).text for member in group.members} == {HIGH}


def test_who_still_has_a_replaced_topic_is_known():
    group = unlocked(3)
    _, bob, carol = group.members
    set_topic(group, bob, HIGH)
    carol.is_online = False
    set_topic(group, bob, LOW)
    theirs, ours = carol.state.ping(), bob.state.ping()
    assert bob.state.topics.was_replaced(theirs.topic_version, theirs.topic_checksum)
    assert not carol.state.topics.was_replaced(ours.topic_version, ours.topic_checksum)
    assert not bob.state.topics.was_replaced(ours.topic_version, ours.topic_checksum)
    assert not bob.state.topics.was_replaced(theirs.topic_version + 1, theirs.topic_checksum)


def test_only_the_last_topics_are_remembered():
    group = unlocked(3)
    _, bob, carol = group.members
    first = set_topic(group, bob, b"first")
    for number in range(16):
        set_topic(group, bob, b"topic %d" % number)
    assert not carol.state.on_topic(group.members[0].key, b"").topic
    group.wait(60_000)
    assert not carol.state.on_topic(carol.key, first).topic
    set_topic(group, bob, b"one more")
    assert len(carol.state.topics._replaced) == 16
    assert carol.state.on_topic(carol.key, first).topic


def test_what_was_replaced_is_forgotten_when_the_lock_changes():
    group = unlocked(4)
    founder, bob, carol, dave = group.members
    set_topic(group, bob, HIGH)
    set_topic(group, bob, LOW)
    for lock in LOCK, NO_LOCK:
        group.send(founder, founder.changes.set_topic_lock(lock, connected=True))
    set_topic(group, carol, HIGH, to_all=False)
    assert dave.missing(carol) == packets.SYNC_TOPIC
    dave.ask(carol, packets.SYNC_TOPIC)
    assert topic_of(dave).text == HIGH


def test_the_same_text_of_another_setter_is_no_news():
    group = unlocked(3)
    founder, bob, carol = group.members
    set_topic(group, bob, HIGH)
    carol.told.clear()
    set_topic(group, founder, HIGH)
    assert carol.hears_nothing() and topic_of(carol).setter == founder.key.sig


def test_a_joiner_gets_the_topic_before_it_is_told():
    group = Group(1)
    set_topic(group, group.members[0], b"hello")
    joiner = group.join()
    assert topic_of(joiner).text == b"hello" and joiner.told == []
    # one that is not connected itself has no topic to give
    joiner.state.connected_ms = None
    assert packets.TOPIC not in dict(joiner.state.sync(ALL_FLAGS))
