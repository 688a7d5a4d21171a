"""A crowd in one group over lines that lose packets: everybody sees the same, whatever happens to whom.

    python -m tests.unit.group.crowd MEMBERS [LOSS] [SEED]

All join at once, each asking members anywhere until it is in, as discovery does. They talk, the founder and
moderators change what there is to change. The founder leaves and comes back from its save with another
address, half of them are restarted from saves, and the group is cut in two for a minute. After each of that
all members have the same members, roles, topic and settings, and each message once. Prints how long it took,
and what one peer costs in memory.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter, defaultdict

from tests.fuzz.datagrams import memory_mb
from tests.unit.group.group_world import World
from toxpy.generated import enums
from toxpy.generated import events as ev
from toxpy.group.saved import SavedGroup

MODERATOR = enums.TOX_GROUP_ROLE_MODERATOR
USER, OBSERVER = enums.TOX_GROUP_ROLE_USER, enums.TOX_GROUP_ROLE_OBSERVER
#: Time between two looks, and between two questions of who is not in yet, in ms.
LOOK_MS, ASK_MS = 100, 3000
#: Time in which all is as it should be again, in ms: peers compare what they know every 12 s.
LIMIT_MS = 60_000
PARTITION_MS = 60_000


def saved(member):
    """What a save of that member has."""
    group = SavedGroup(member.group.state)
    group.name, group.peers = member.group.name, member.group.peers.saved()
    return group


class Crowd:
    """The group, and what its members heard."""

    def __init__(self, count, loss=0.0, seed=0, report=print):
        self.random = random.Random(seed)
        self.report = report
        self.world = world = World(seed, loss=loss)
        self.heard = defaultdict(list)
        self.messages = 0
        self._asked_ms = 0
        before_mb = memory_mb()
        self.start_s = time.process_time()
        world.founder.talk.set_peer_limit(count + 1)
        for number in range(1, count):
            world._add(f"member {number}").group.begin()
        self.until("all are in", self.is_whole)
        peers = count * (count - 1)
        report(f"{(memory_mb() - before_mb) * 1000 / peers:.1f} kB of memory for one peer, of {peers}")

    @property
    def members(self):
        return self.world.members

    def look(self):
        """Let some time pass; who is not in asks again."""
        world = self.world
        world.wait(LOOK_MS)
        now_ms = world.universe.clock.now_ms
        if now_ms - self._asked_ms >= ASK_MS:
            self._asked_ms = now_ms
            inside = [member for member in world.members if member.group.is_connected]
            for member in world.members:
                if not member.group.is_connected and inside:
                    member.ask(self.random.choice(inside))
        for member in world.members:
            self.heard[member.label] += [event.message for event in member.told(ev.GroupMessage)]

    def until(self, what, condition):
        """That within LIMIT_MS."""
        clock = self.world.universe.clock
        begun_ms = clock.now_ms
        while not condition():
            assert clock.now_ms - begun_ms < LIMIT_MS, what
            self.look()
        seconds, cpu_s = (clock.now_ms - begun_ms) / 1000, time.process_time() - self.start_s
        self.report(f"{seconds:5.1f} s until {what} ({cpu_s:.1f} s of CPU so far)")

    def is_whole(self):
        """True if all see all, and nobody else, and agree."""
        count = len(self.members)
        return (
            all(member.group.peers.count_confirmed() == count - 1 for member in self.members)
            and self.world.is_mesh()
            and self.world.is_agreed()
            and len({self._seen(member) for member in self.members}) == 1
        )

    def _seen(self, member):
        state = member.group.state
        roles = tuple(state.role(other.keys.public) for other in self.members)
        return state.signed, roles, state.topics.topic.pack(), state.sanctions.targets

    def talk(self, speakers):
        """Each of these says something; each of the others hears it once, in the order of who said it."""
        said = defaultdict(list)
        for _ in range(3):
            for speaker in speakers:
                self.messages += 1
                text = b"%s says %d" % (speaker.label.encode(), self.messages)
                speaker.talk.send_message(0, text)
                said[speaker.label].append(text)
        texts = {text for own in said.values() for text in own}

        def is_heard():
            return all(
                sum(text in texts for text in self.heard[member.label])
                >= sum(len(own) for label, own in said.items() if label != member.label)
                for member in self.members
            )

        self.until(f"all have heard {len(texts)} messages", is_heard)
        for member in self.members:
            heard = [text for text in self.heard[member.label] if text in texts]
            assert max(Counter(heard).values()) == 1, member
            for label, own in said.items():
                assert label == member.label or [text for text in heard if text in own] == own, (
                    label,
                    member,
                )

    def change_settings(self):
        """The founder and a moderator do what they may."""
        world = self.world
        founder = next(member for member in self.members if member.group.state.is_founder)
        moderators = [member for member in self.members if member is not founder][:3]
        for member in moderators:
            if founder.role(member) != MODERATOR:
                founder.talk.set_role(founder.number(member), MODERATOR)
        founder.talk.set_topic(b"topic %d" % world.universe.clock.now_ms)
        self.until("moderators are known", self.is_whole)
        one = moderators[0]
        other = next(member for member in reversed(self.members) if one.role(member) == USER)
        one.talk.set_role(one.number(other), OBSERVER)
        moderators[1].talk.set_topic(b"another topic %d" % world.universe.clock.now_ms)
        self.until("roles and topic are known", self.is_whole)

    def restart(self, members):
        """These stop without a word and come back from their saves, with other addresses."""
        left = [(member, saved(member)) for member in members]
        for member, _ in left:
            member.vanish()
        self.look()
        for member, save in left:
            is_founder = member.group.state.is_founder
            again = self.world.restore(member.label, save)
            assert again.group.state.is_founder == is_founder
            for peer in save.peers:
                again.group.peers.remember(peer)
            again.group.begin()

    def cut(self):
        """Two halves for a minute; both go on."""
        half = len(self.members) // 2
        halves = self.members[:half], self.members[half:]
        for own, others in (halves, halves[::-1]):
            for member in own:
                member.cut_off = {other.socket.address for other in others}
        for _ in range(PARTITION_MS // LOOK_MS):
            self.look()
        for member in self.members:
            member.cut_off = set()


def run(count, loss=0.0, seed=0, report=print):
    """All of it; returns the crowd."""
    crowd = Crowd(count, loss, seed, report)
    world = crowd.world
    speakers = crowd.members[:: max(1, count // 5)]
    crowd.talk(speakers)
    crowd.change_settings()
    founder, save = world.founder, saved(world.founder)
    founder.vanish()
    # it is missed after a minute at most
    crowd.until("the founder is missed", crowd.is_whole)
    world._add("late").group.begin()
    crowd.until("a newcomer is in without the founder", crowd.is_whole)
    again = world.restore("founder", save)
    for peer in save.peers:
        again.group.peers.remember(peer)
    again.group.begin()
    crowd.until("the founder is back", crowd.is_whole)
    crowd.restart(crowd.members[::2])
    crowd.until("half are back from their saves", crowd.is_whole)
    crowd.change_settings()
    crowd.cut()
    crowd.until("two halves are one again", crowd.is_whole)
    crowd.talk([member for member in crowd.members if member.role(member) <= USER][:: max(1, count // 5)])
    return crowd


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    loss = float(sys.argv[2]) if len(sys.argv) > 2 else 0.0
    run(count, loss, int(sys.argv[3]) if len(sys.argv) > 3 else 0)


if __name__ == "__main__":
    main()
