"""Whatever members do at once, and whatever of it is lost: after some pings all of them agree."""

import random

import pytest

from tests.unit.group.members import Group
from toxpy.errors import ToxError
from toxpy.generated import enums
from toxpy.group import packets
from toxpy.group.moderation import FOUNDER, MODERATOR, OBSERVER, USER

LOCK, NO_LOCK = enums.TOX_GROUP_TOPIC_LOCK_ENABLED, enums.TOX_GROUP_TOPIC_LOCK_DISABLED


class LossyGroup(Group):
    """Some members get nothing of a change; each gets what it gets in its order."""

    def __init__(self, count, seed):
        self.random = random.Random(seed)
        self.loss = 0.0
        self.waiting = []
        super().__init__(count)

    def send(self, sender, sent):
        for member in self.members:
            if member is not sender and sent and self.random.random() >= self.loss:
                self.waiting.append((sender, member, sent))
        if not self.loss:
            self.deliver()

    def deliver(self):
        """What one member sends another stays in its order, all else comes in any."""
        while self.waiting:
            place = self.random.randrange(len(self.waiting))
            sender, member, _ = self.waiting[place]
            first = next(i for i, w in enumerate(self.waiting) if w[:2] == (sender, member))
            for kind, data in self.waiting.pop(first)[2]:
                member.receive(sender, kind, data)

    def ping_round(self):
        """Each hears a ping of each other one, and asks for what it misses."""
        pairs = [(a, b) for a in self.members for b in self.members if a is not b]
        self.random.shuffle(pairs)
        asked = False
        for member, other in pairs:
            flags = member.missing(other) & ~packets.SYNC_PEERS
            if flags:
                asked = True
                member.ask(other, flags)
                self.deliver()
            self.free()
        return asked

    def free(self):
        """As the founder does after each list."""
        for member in self.members:
            self.send(member, member.changes.free_moderators())
        self.deliver()


def change_something(group, locked_only):
    """One member tries one thing, as it sees its rights."""
    choose = group.random
    actor, target = choose.choice(group.members), choose.choice(group.members)
    changes = actor.changes
    calls = [
        lambda: changes.set_role(target.key, choose.choice([MODERATOR, USER, OBSERVER])),
        lambda: changes.set_role(target.key, choose.choice([USER, OBSERVER])),
        lambda: changes.set_topic(choose.randbytes(choose.randrange(20)), connected=True),
        lambda: changes.set_voice_state(choose.randrange(3), connected=True),
        lambda: changes.set_password(choose.randbytes(choose.randrange(33)), connected=True),
    ]
    if not locked_only:
        calls.append(lambda: changes.set_topic_lock(choose.choice([LOCK, NO_LOCK]), connected=True))
    try:
        group.send(actor, choose.choice(calls)())
    except ToxError:
        return


def agreed(member, with_topic=True):
    state = member.state
    lists = state.moderators.sig_pks, state.sanctions.pack(), [member.role(m) for m in member.group.members]
    return state.signed, lists, state.topics.topic.pack() if with_topic else b""


@pytest.mark.parametrize("seed", range(25))
def test_members_agree_after_some_pings(seed):
    group = LossyGroup(7, seed)
    group.loss = 0.5
    for _ in range(60):
        change_something(group, locked_only=True)
        if group.random.random() < 0.3:
            group.deliver()
    group.loss = 0.0
    group.deliver()
    rounds = 1
    while group.ping_round():
        rounds += 1
        assert rounds < 12, [agreed(member) for member in group.members]
    assert len({repr(agreed(member)) for member in group.members}) == 1
    assert all(member.state.is_synced for member in group.members)
    assert [group.members[0].role(member) for member in group.members].count(FOUNDER) == 1
    # and who joins now, by whomever, agrees with them
    joiner = group.join(group.random.randrange(7))
    assert agreed(joiner) == agreed(group.members[0])


def until_quiet(group):
    """Pings until nobody asks any more."""
    for rounds in range(12):
        if not group.ping_round():
            return rounds
    raise AssertionError("they go on asking")


def with_ignorant_moderator():
    """Bob was a moderator and does not know yet that this is over."""
    group = LossyGroup(4, 1)
    founder, bob, _, _ = group.members
    group.send(founder, founder.changes.set_role(bob.key, MODERATOR))
    for kind, data in founder.changes.set_role(bob.key, USER):
        for member in group.members[2:]:
            member.receive(founder, kind, data)
    assert [member.role(bob) for member in group.members] == [USER, MODERATOR, USER, USER]
    return group


@pytest.mark.parametrize("change", ["sanctions", "topic"])
def test_what_a_former_moderator_signed_gives_way(change):
    group = with_ignorant_moderator()
    founder, bob, carol, dave = group.members
    for number in range(3):
        if change == "topic":
            sent = bob.changes.set_topic(b"Bob's %d" % number, connected=True)
        else:
            sent = bob.changes.set_role(carol.key, USER if number % 2 else OBSERVER)
        for kind, data in sent:
            dave.receive(bob, kind, data)
    assert agreed(dave) == agreed(founder) != agreed(bob)
    until_quiet(group)
    assert agreed(bob) == agreed(dave) == agreed(founder)


def test_credentials_of_a_former_moderator_are_signed_again():
    """Bob freed the only observer: nothing in the list is signed by bob, but the list itself."""
    group = LossyGroup(4, 2)
    founder, bob, carol, _ = group.members
    group.send(founder, founder.changes.set_role(bob.key, MODERATOR))
    group.send(founder, founder.changes.set_role(carol.key, OBSERVER))
    group.send(bob, bob.changes.set_role(carol.key, USER))
    group.send(founder, founder.changes.set_role(bob.key, USER))
    joiner = group.join(3)
    assert agreed(joiner) == agreed(founder) and until_quiet(group) == 0


@pytest.mark.parametrize("seed", range(10))
def test_without_the_lock_all_but_the_topic(seed):
    group = LossyGroup(6, 1000 + seed)
    group.loss = 0.3
    for _ in range(60):
        change_something(group, locked_only=False)
        group.wait(group.random.randrange(30_000))
        group.deliver()
    group.loss = 0.0
    for _ in range(12):
        group.ping_round()
    assert len({repr(agreed(member, with_topic=False)) for member in group.members}) == 1
