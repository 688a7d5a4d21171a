"""Moderators and observers: lists in any order that fits, roles from lists, and who may do what."""

from itertools import permutations

import pytest

from tests.unit.group.members import Group, Member, pair
from toxpy.errors import PacketError, ToxError
from toxpy.generated import enums
from toxpy.group import packets
from toxpy.group.keys import ExtendedPublicKey
from toxpy.group.moderation import (
    FOUNDER,
    MAX_MODERATORS,
    MODERATOR,
    OBSERVER,
    USER,
    Moderators,
    may_kick,
    may_set_role,
    may_set_topic,
    may_speak,
    may_speak_privately,
    moderators_hash,
    pack_moderators,
    unpack_moderators,
)
from toxpy.group.sanctions import (
    CREDENTIALS_SIZE,
    MAX_SANCTIONS,
    SANCTION_SIZE,
    Credentials,
    Sanction,
    Sanctions,
    make_credentials,
    make_sanction,
    unpack_sanctions,
)

KEYS = [bytes((n,)) * 32 for n in (5, 1, 4, 2, 3, 9, 7)]


def setting_role(group, actor, target, role):
    """As the API call does it."""
    group.send(actor, actor.changes.set_role(target.key, role))


# the list of moderators


def test_the_packet_of_moderators():
    assert unpack_moderators(pack_moderators(KEYS)) == KEYS
    assert unpack_moderators(b"\0\0") == []
    full = pack_moderators([bytes((n,)) * 32 for n in range(MAX_MODERATORS)])
    assert len(unpack_moderators(full)) == MAX_MODERATORS
    for wrong in b"", b"\0", full[:-1], full + b"x", b"\0\x65" + bytes(101 * 32):
        with pytest.raises(PacketError):
            unpack_moderators(wrong)


@pytest.mark.parametrize("count", range(len(KEYS) + 1))
def test_a_list_fits_as_it_came_or_sorted(count):
    keys = KEYS[:count]
    for signed in keys, sorted(keys):
        moderators = Moderators()
        assert moderators.take([keys], moderators_hash(signed))
        assert moderators.sig_pks == signed
        assert moderators.hash() == moderators_hash(signed)


def test_a_short_list_fits_in_any_order():
    for order in permutations(KEYS[:4]):
        moderators = Moderators()
        assert moderators.take([sorted(KEYS[:4])], moderators_hash(order))
        assert moderators.sig_pks == list(order)


def test_lists_that_do_not_fit():
    moderators = Moderators()
    moderators.set(KEYS[:2])
    wrong_hash = moderators_hash(KEYS[:3])
    for wrong in [KEYS[:2], [], KEYS[:1] * 2, KEYS[2:5], KEYS]:
        assert not moderators.take([wrong], wrong_hash)
        assert moderators.sig_pks == sorted(KEYS[:2])
    twice = [KEYS[0], KEYS[0]]
    assert not moderators.take([twice], moderators_hash(twice))
    many = [bytes((n, 1)) * 16 for n in range(MAX_MODERATORS + 1)]
    assert not moderators.take([many], moderators_hash(many))


class OldFounder:
    """A founder before 0.2.22: moderators in the order of appointment, and the last one moves into gaps."""

    def __init__(self, group):
        self.group, self.founder, self.order = group, group.members[0], []

    def sign(self):
        shared = self.founder.state.shared.copy()
        shared.moderators_hash = moderators_hash(self.order)
        self.founder.state.moderators._be(list(self.order))
        return self.founder.changes._sign(shared)

    def appoint(self, target, tell=True):
        self.order.append(target.key.sig)
        self.tell(True, target, tell)

    def remove(self, target):
        place, last = self.order.index(target.key.sig), self.order.pop()
        if place < len(self.order):
            self.order[place] = last
        self.tell(False, target, True)

    def tell(self, add, target, tell):
        sent = self.sign()
        if tell:
            sent.append((packets.BROADCAST, packets.pack_set_moderator(add, target.key.sig)))
        self.group.send(self.founder, sent)


def descending(group):
    """The members but the founder so that the order of appointment is not the sorted one."""
    return sorted(group.members[1:], key=lambda member: member.key.sig, reverse=True)


def test_moderators_of_an_old_founder_are_known_to_a_later_joiner():
    group = Group(6)
    old, members = OldFounder(group), descending(group)
    for member in members[:4]:
        old.appoint(member)
    old.remove(members[1])
    for member in members:
        assert member.state.moderators.sig_pks == old.order != sorted(old.order)
    # the founder leaves; a joiner asks a member, and one that asks the joiner gets a list that fits, too
    group.members[0].is_online = False
    for host in members[4], members[0]:
        joiner = group.join(group.members.index(host))
        assert [joiner.role(member) for member in members[:4]] == [MODERATOR, USER, MODERATOR, MODERATOR]
        assert joiner.state.moderators.hash() == joiner.state.shared.moderators_hash


def test_moderators_of_an_old_founder_handed_on_by_a_new_member():
    """A member of 0.2.22 sorts what it got, and it does not fit any more: short lists are put in order."""
    group = Group(5)
    old, members = OldFounder(group), descending(group)
    for member in members[:3]:
        old.appoint(member)
    joiner = Member(group, pair(40))
    group.members.append(joiner)
    new_member = group.members[1].state
    new_member.moderators._be(sorted(old.order))
    joiner.ask(group.members[1])
    assert joiner.state.moderators.sig_pks == old.order != sorted(old.order)


def test_an_appointment_that_was_missed_is_asked_for():
    group = Group(4)
    old, members = OldFounder(group), descending(group)
    old.appoint(members[0], tell=False)
    member = members[2]
    body = packets.pack_set_moderator(True, members[1].key.sig)[1:]
    result = member.state.on_set_moderator(group.members[0].key, body)
    assert result.needs_state and not result.roles
    member.ask(group.members[0])
    assert member.role(members[0]) == MODERATOR


# roles


def test_roles_follow_from_the_lists():
    group = Group(4)
    founder, bob, carol, _dave = group.members
    setting_role(group, founder, bob, MODERATOR)
    setting_role(group, bob, carol, OBSERVER)
    for member in group.members:
        assert [member.role(other) for other in group.members] == [FOUNDER, MODERATOR, OBSERVER, USER]
        assert member.state.own_role == founder.role(member)
    assert all(not member.missing(other) for member in group.members for other in group.members)
    joiner = group.join(3)
    assert [joiner.role(other) for other in group.members[:4]] == [FOUNDER, MODERATOR, OBSERVER, USER]


def test_who_is_told_of_a_role():
    group = Group(4)
    founder, bob, carol, dave = group.members
    setting_role(group, founder, bob, MODERATOR)
    assert founder.told == [] and bob.told == carol.told == dave.told == [(founder, bob, MODERATOR)]
    setting_role(group, bob, carol, OBSERVER)
    assert bob.told == [(founder, bob, MODERATOR)] and founder.told == [(bob, carol, OBSERVER)]
    setting_role(group, bob, carol, USER)
    assert founder.told[1:] == [(bob, carol, USER)] == carol.told[2:]


def test_two_steps_from_moderator_to_observer_and_back():
    group = Group(3)
    founder, bob, carol = group.members
    setting_role(group, founder, bob, MODERATOR)
    setting_role(group, founder, bob, OBSERVER)
    assert carol.told[1:] == [(founder, bob, USER), (founder, bob, OBSERVER)]
    setting_role(group, founder, bob, MODERATOR)
    assert carol.told[3:] == [(founder, bob, USER), (founder, bob, MODERATOR)]
    assert all(member.role(bob) == MODERATOR for member in group.members)


def test_a_kick_takes_the_role_first():
    group = Group(3)
    founder, bob, carol = group.members
    setting_role(group, founder, bob, MODERATOR)
    sent = founder.changes.kick(bob.key)
    assert packets.unpack_broadcast(sent[-1][1]) == (packets.KICK, bob.key.enc)
    group.send(founder, sent)
    assert carol.role(bob) == USER and carol.told[1:] == [(founder, bob, USER)]
    ((kind, data),) = founder.changes.kick(carol.key)
    assert (kind, packets.unpack_kick(data[1:])) == (packets.BROADCAST, carol.key.enc)


@pytest.mark.parametrize(
    "actor, target, role, error",
    [
        ("user", "user2", OBSERVER, "PERMISSIONS"),
        ("observer", "user", OBSERVER, "PERMISSIONS"),
        ("moderator", "user", MODERATOR, "PERMISSIONS"),
        ("moderator", "moderator2", USER, "PERMISSIONS"),
        ("moderator", "founder", USER, "PERMISSIONS"),
        ("moderator", "user", FOUNDER, "ASSIGNMENT"),
        ("moderator", "user", USER, "ASSIGNMENT"),
        ("moderator", "user", 4, "ASSIGNMENT"),
        ("founder", "founder", USER, "SELF"),
        ("user", "user", OBSERVER, "SELF"),
    ],
)
def test_who_may_not_set_a_role(actor, target, role, error):
    group = Group(6)
    names = dict(
        zip(("founder", "moderator", "moderator2", "user", "user2", "observer"), group.members, strict=True)
    )
    for name in "moderator", "moderator2":
        setting_role(group, names["founder"], names[name], MODERATOR)
    setting_role(group, names["founder"], names["observer"], OBSERVER)
    before = [member.state.ping().roles_checksum for member in group.members]
    with pytest.raises(ToxError) as failure:
        names[actor].changes.set_role(names[target].key, role)
    assert failure.value.name == f"TOX_ERR_GROUP_SET_ROLE_{error}"
    assert [member.state.ping().roles_checksum for member in group.members] == before


def test_who_may_not_kick():
    group = Group(4)
    founder, bob, carol, dave = group.members
    for moderator in bob, carol:
        setting_role(group, founder, moderator, MODERATOR)
    for actor, target in (bob, carol), (bob, founder), (dave, bob), (dave, founder):
        with pytest.raises(ToxError) as failure:
            actor.changes.kick(target.key)
        assert failure.value.name == "TOX_ERR_GROUP_KICK_PEER_PERMISSIONS"
    assert bob.changes.kick(dave.key)


def test_the_table_of_permissions():
    roles = FOUNDER, MODERATOR, USER, OBSERVER
    for_all, for_moderators, for_founder = range(3)
    assert [may_speak(role, for_all) for role in roles] == [True, True, True, False]
    assert [may_speak(role, for_moderators) for role in roles] == [True, True, False, False]
    assert [may_speak(role, for_founder) for role in roles] == [True, False, False, False]
    assert [may_speak_privately(role) for role in roles] == [True, True, True, False]
    assert [may_set_topic(role, True) for role in roles] == [True, True, False, False]
    assert [may_set_topic(role, False) for role in roles] == [True, True, True, False]
    for own in roles:
        for current in roles:
            assert may_kick(own, current) == (own <= MODERATOR and current > own)
            for new in roles:
                allowed = own == FOUNDER != current or (own == MODERATOR and current >= USER and new >= USER)
                assert may_set_role(own, current, new) == allowed


# observers


def test_a_demoted_moderator_leaves_nothing_signed_behind():
    group = Group(5)
    founder, bob, carol, dave, _ = group.members
    setting_role(group, founder, bob, MODERATOR)
    setting_role(group, bob, carol, OBSERVER)
    setting_role(group, founder, dave, OBSERVER)
    group.send(bob, bob.changes.set_topic(b"Bob's", connected=True))
    setting_role(group, founder, bob, USER)
    for member in group.members:
        assert {entry.setter for entry in member.state.sanctions.entries} == {founder.key.sig}
        assert member.state.topics.topic.setter == founder.key.sig
        assert (member.role(carol), member.role(dave)) == (OBSERVER, OBSERVER)
        assert member.state.topics.topic.text == b"Bob's"
    joiner = group.join(4)
    assert (joiner.role(carol), joiner.role(dave)) == (OBSERVER, OBSERVER)
    assert joiner.state.topics.topic.text == b"Bob's"


def test_the_topic_of_a_new_observer_is_signed_by_who_made_it_one():
    group = Group(3)
    founder, bob, carol = group.members
    group.send(founder, founder.changes.set_topic_lock(enums.TOX_GROUP_TOPIC_LOCK_DISABLED, connected=True))
    group.send(bob, bob.changes.set_topic(b"Bob's", connected=True))
    setting_role(group, founder, bob, OBSERVER)
    assert carol.state.topics.topic.setter == founder.key.sig and carol.state.topics.topic.text == b"Bob's"
    assert group.join(2).state.topics.topic.text == b"Bob's"


def test_sanctions_of_members_before_0_2_22_fit():
    """They hash the signatures in the order in which they were made, with the time of the clock."""
    group = Group(6)
    founder = group.members[0]
    targets = sorted(group.members[1:4], key=lambda m: make_sanction(founder.keys, m.key.enc).signature)
    entries = [make_sanction(founder.keys, member.key.enc) for member in targets[::-1]]
    credentials = make_credentials(founder.keys, 2, entries)
    member = group.members[5]
    full = len(entries).to_bytes(2, "big") + b"".join(e.packed for e in entries) + credentials.packed
    assert member.state.on_sanctions(group.members[4].key, full).roles
    assert member.state.sanctions.entries == unpack_order(full)
    # what it hands on is the same, so that all versions take it
    assert dict(member.state.sync(packets.SYNC_STATE))[packets.SANCTIONS] == full
    # and one more, at the end of an unsorted list
    added = make_sanction(founder.keys, group.members[4].key.enc)
    body = added.packed + make_credentials(founder.keys, 3, [*entries, added]).packed
    body = packets.pack_set_observer(True, group.members[4].key.enc, bytes(32), body)[1:]
    assert member.state.on_set_observer(founder.key, body).roles
    # and one less, with the last one in its place
    left = [entries[0], added, entries[2]]
    body = make_credentials(founder.keys, 4, left).packed
    body = packets.pack_set_observer(False, targets[1].key.enc, bytes(32), body)[1:]
    assert member.state.on_set_observer(founder.key, body).roles
    assert [entry.target for entry in member.state.sanctions.entries] == [e.target for e in left]


def unpack_order(full):
    """Entries that compare with those of a state."""
    return ListOf(unpack_sanctions(full)[0])


class ListOf(list):
    """Equal to a list of sanctions of the same bytes."""

    def __eq__(self, other):
        return [entry.packed for entry in self] == [entry.packed for entry in other]

    __hash__ = None


def test_of_two_lists_of_one_version_the_greater_checksum_wins():
    group = Group(5)
    founder, bob, carol, dave, _ = group.members
    setting_role(group, founder, bob, MODERATOR)
    # both at the same moment
    by_founder = founder.changes.set_role(carol.key, OBSERVER)
    by_bob = bob.changes.set_role(dave.key, OBSERVER)
    group.send(founder, by_founder)
    group.send(bob, by_bob)
    for _ in range(3):
        for member in group.members:
            for other in group.members:
                flags = member.missing(other)
                if flags:
                    member.ask(other, flags)
    assert len({member.state.sanctions.pack() for member in group.members}) == 1
    assert len({member.state.ping().roles_checksum for member in group.members}) == 1


def test_who_may_not_sanction():
    group = Group(4)
    founder, bob, carol, dave = group.members
    setting_role(group, founder, bob, MODERATOR)

    def body(by, target, version):
        sanction = make_sanction(by.keys, target.key.enc)
        lists = sanction.packed + make_credentials(by.keys, version, [sanction]).packed
        return packets.pack_set_observer(True, target.key.enc, target.key.sig, lists)[1:]

    state = dave.state
    for sender, packet in (
        (carol, body(carol, dave, 2)),
        (bob, body(carol, dave, 2)),
        (carol, body(bob, dave, 2)),
        (bob, body(bob, founder, 2)),
        (founder, body(bob, bob, 2)),
        (bob, body(bob, bob, 2)),
        (bob, body(bob, carol, 0)),
    ):
        assert not state.on_set_observer(sender.key, packet).roles and not state.sanctions.entries
    # the outer key is not the one of the sanction
    packet = body(bob, carol, 2)
    other = packet[:1] + dave.key.enc + packet[33:]
    assert not state.on_set_observer(bob.key, other).roles
    assert state.on_set_observer(bob.key, packet).roles


def test_nobody_clears_the_list_with_old_credentials():
    """The credentials of an empty list fit any version: the founder's first ones are known to all."""
    group = Group(4)
    founder, bob, carol, _ = group.members
    first = founder.state.sanctions.pack()
    setting_role(group, founder, bob, OBSERVER)
    forged = first[:2] + (2**32 - 2).to_bytes(4, "big") + first[6:]
    assert not carol.state.on_sanctions(bob.key, forged).roles
    assert carol.role(bob) == OBSERVER
    # nor is a list without entries replaced, after which no other version would count
    setting_role(group, founder, bob, USER)
    version = carol.state.sanctions.version
    carol.state.on_sanctions(bob.key, forged)
    assert carol.state.sanctions.version == version
    # but who joins takes it, and a moderator's word
    assert group.join(2).state.sanctions.version == version
    carol.state.on_sanctions(founder.key, forged)
    assert carol.state.sanctions.version == 2**32 - 2


def test_the_version_of_sanctions_starts_again_after_the_last():
    group = Group(3)
    founder, bob, carol = group.members
    for member in group.members:
        member.state.sanctions.credentials = make_credentials(founder.keys, 2**32 - 1, [])
    setting_role(group, founder, bob, OBSERVER)
    assert carol.state.sanctions.version == 0 and carol.role(bob) == OBSERVER


def test_a_moderator_who_was_made_an_observer_at_once():
    """Both lists change in the same moment: the moderator stays one, and the founder frees it."""
    group = Group(4)
    founder, bob, carol, dave = group.members
    setting_role(group, founder, bob, MODERATOR)
    appointed = founder.changes.set_role(carol.key, MODERATOR)
    sanctioned = bob.changes.set_role(carol.key, OBSERVER)
    for kind, data in sanctioned:
        dave.receive(bob, kind, data)
    group.send(founder, appointed)
    for kind, data in sanctioned:
        founder.receive(bob, kind, data)
    assert dave.role(carol) == bob.role(carol) == MODERATOR and dave.state.is_synced
    assert founder.missing(dave) == packets.SYNC_STATE
    founder.ask(dave)
    assert not carol.changes.free_moderators()
    group.send(founder, founder.changes.free_moderators())
    assert not founder.changes.free_moderators()
    assert all(member.state.sanctions.entries == [] for member in group.members)
    assert not dave.missing(founder) and not founder.missing(dave)


# full lists


def many(group, count):
    return [pair(1000 + n) for n in range(count)]


def test_a_full_list_of_moderators_loses_one_that_is_absent():
    group = Group(4)
    founder, bob, carol, dave = group.members
    absent = [keys.public.sig for keys in many(group, MAX_MODERATORS - 1)]
    founder.state.moderators.set([*absent, bob.key.sig])
    group.send(founder, founder.changes._sign_moderators())
    for member in group.members[1:]:
        member.ask(founder)
    setting_role(group, founder, carol, MODERATOR)
    for member in group.members:
        keys = member.state.moderators.sig_pks
        assert len(keys) == MAX_MODERATORS and bob.key.sig in keys and carol.key.sig in keys
    # nobody is absent
    present = founder.state.moderators.sig_pks
    group.members += [Stub(key) for key in present]
    with pytest.raises(ToxError) as failure:
        founder.changes.set_role(dave.key, MODERATOR)
    assert failure.value.name == "TOX_ERR_GROUP_SET_ROLE_FAIL_ACTION"
    assert founder.state.moderators.sig_pks == present


class Stub:
    """A peer that is only there."""

    is_online = True

    def __init__(self, sig_pk):
        self.key = ExtendedPublicKey(sig_pk, sig_pk)

    def receive(self, *_):
        pass


def test_a_full_list_of_sanctions_loses_one_that_is_absent():
    group = Group(4)
    founder, bob, carol, _ = group.members
    absent = [make_sanction(founder.keys, keys.public.enc) for keys in many(group, MAX_SANCTIONS)]
    founder.state.sanctions.set(founder.keys, absent)
    for member in group.members[1:]:
        member.ask(founder)
        assert len(member.state.sanctions.entries) == MAX_SANCTIONS
    setting_role(group, founder, bob, OBSERVER)
    for member in group.members:
        assert len(member.state.sanctions.entries) == MAX_SANCTIONS and member.role(bob) == OBSERVER
    assert carol.told[-1:] == [(founder, bob, OBSERVER)]


def test_limits_of_sanctions():
    founder = pair(2)
    entries = [make_sanction(founder, pair(n).public.enc) for n in range(100, 100 + MAX_SANCTIONS + 1)]
    credentials = make_credentials(founder, 1, entries)
    assert not Sanctions().take([entries], credentials, lambda _: True, from_moderator=True)
    packed = len(entries).to_bytes(2, "big") + b"".join(e.packed for e in entries) + credentials.packed
    for wrong in packed, b"", packed[:2], b"\0\0" + bytes(CREDENTIALS_SIZE - 1):
        with pytest.raises(PacketError):
            unpack_sanctions(wrong)
    kind, time = b"\x01" + entries[0].packed[1:], entries[0].packed[:33] + bytes(8) + entries[0].packed[41:]
    for wrong in kind, time:
        assert len(wrong) == SANCTION_SIZE
        with pytest.raises(PacketError):
            Sanction(wrong)
    with pytest.raises(PacketError):
        Credentials(credentials.packed[:36] + b"\0\0" + credentials.packed[38:])


# what programs are told of lists


def test_lists_that_come_again_are_not_told():
    """c-toxcore says "somebody made somebody a moderator" whenever lists come, as when a peer joins."""
    group = Group(4)
    founder, bob, carol, dave = group.members
    setting_role(group, founder, bob, MODERATOR)
    setting_role(group, founder, carol, OBSERVER)
    assert not dave.hears_nothing()
    dave.ask(founder)
    dave.ask(bob)
    assert dave.hears_nothing()


def test_lists_that_changed_are_told_without_names():
    group = Group(4)
    founder, bob, carol, dave = group.members
    dave.is_online = False
    setting_role(group, founder, bob, MODERATOR)
    setting_role(group, founder, carol, OBSERVER)
    assert dave.hears_nothing()
    dave.is_online = True
    dave.ask(founder)
    assert dave.told == [(None, None, MODERATOR), (None, None, OBSERVER)]


def test_a_joiner_is_not_told_of_lists():
    group = Group(3)
    founder, bob, carol = group.members
    setting_role(group, founder, bob, MODERATOR)
    setting_role(group, founder, carol, OBSERVER)
    assert group.join().hears_nothing()


# nothing of the sanctions is saved


def test_a_founder_without_sanctions_gets_them_from_members():
    """Sanctions are in no save: a founder that was restarted learns them from the others."""
    group = Group(4)
    founder, bob, carol, dave = group.members
    setting_role(group, founder, bob, OBSERVER)
    restarted = Member(group, founder.keys, group.chat_keys)
    restarted.state.shared, restarted.state.signed = founder.state.shared, founder.state.signed
    group.members[0] = restarted
    assert restarted.state.sanctions.version == 0
    assert packets.SANCTIONS not in dict(restarted.state.sync(packets.SYNC_STATE))
    # members lose nothing to it, and it asks on the first ping
    assert not carol.missing(restarted) and restarted.missing(carol) & packets.SYNC_STATE
    carol.ask(restarted)
    assert carol.role(bob) == OBSERVER
    restarted.ask(carol)
    assert restarted.role(bob) == OBSERVER
    setting_role(group, restarted, dave, OBSERVER)
    assert carol.role(dave) == carol.role(bob) == OBSERVER
