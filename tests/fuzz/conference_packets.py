"""Mutated and random packets of conferences, from a member and from friends who are none.

    python -m tests.fuzz.conference_packets COUNT [SEED]

Packets of every kind are recorded while members join, talk, rename, sleep and leave; then cut, flipped,
spliced and mixed with noise, and heard by alice over the connections to bob, a member, to eve, a friend in
no conference, and to dave, whom she knows from another conference only. What alice passes on reaches carol.
All tables must stay below their limits and memory flat, and nothing must go round for ever; at the end alice
and carol still see each other and hear eve, who comes in then. Anything raised ends the run.
"""

from __future__ import annotations

import random
import sys
import time

from tests.fuzz.datagrams import memory_mb, mutate
from tests.unit.conference.room import Room
from toxpy.conference import links, packets, peers
from toxpy.conference.audio import MAX_SPEAKERS, ConferenceAudioFrame
from toxpy.generated import events as ev
from toxpy.media import codecs

BATCH = 10_000
#: Packets between two steps of everybody's time, and their milliseconds.
AT_ONCE, STEP_MS = 50, 200
#: Packets of all together in 10 s without attack: who pings, and who looks for peers that were invented.
MAX_QUIET = 2_000
KINDS = {96, 97, 98, 99, 100, 199}
#: Noise has a kind of conferences, or it would come to nobody.
KIND_LIST = sorted(KINDS)


class Attack:
    """A room with two conferences, and samples of all that was said while they came to be."""

    def __init__(self, seed):
        self.room = Room(seed)
        self.rng = random.Random(seed)
        #: the real ones where they are
        self.codecs = codecs.load(standin=bool(codecs.missing()))
        self.frames = 0
        self.alice, self.bob, self.carol, self.eve = self.room.friends("alice", "bob", "carol", "eve")
        self.number = self.room.bring_in(self.alice, [self.bob, self.carol])
        #: number of bob's last message of those that he makes up
        self.said = 1 << 20
        # with audio, and dave, whom bob brings in
        for member in self.room.members:
            member.conferences.codecs = self.codecs
        self.audio = self.alice.audio.toxav_add_av_groupchat()
        self.alice.conference_invite(self._friend(self.bob), self.audio)
        self.room.run(1)
        self._accept(self.bob)
        self.dave = self.room.member("dave")
        self.dave.conferences.codecs = self.codecs
        self.room.befriend(self.bob, self.dave)
        self.room.run(2)
        self.bob.conference_invite(self.bob.messenger.friend_by_key(self.dave.real_pk).number, self.audio)
        self.room.run(1)
        self._accept(self.dave)
        self._live()
        self.samples = {}
        for member in self.room.members:
            for _, packet in member.written:
                if packet[0] in KINDS:
                    self.samples.setdefault(packet[0], []).append((None, None, packet))
            member.written.clear()
        assert set(self.samples) == KINDS
        for sent in self.samples.values():
            # the wanted ones are rare
            self.rng.shuffle(sent)
            del sent[200:]

    def _friend(self, member):
        return self.alice.messenger.friend_by_key(member.real_pk).number

    def _accept(self, member):
        for invite in member.take(ev.ConferenceInvite):
            member.audio.toxav_join_av_groupchat(invite.friend_number, invite.cookie)
        self.room.run(1)

    def _live(self):
        """Something of every kind."""
        room = self.room
        for i in range(20):
            for member in (self.alice, self.bob, self.carol):
                member.conference_send_message(0, i % 2, b"message %d" % i)
            self.bob.conference_set_title(0, b"title %d" % i)
            self.bob.messenger.user.name = b"bob %d" % i
            self.bob.conferences._on_name()
            self.bob.conferences.table.find(0, "").send_lossy(b"\xc0custom")
            sound = self.rng.randbytes(1920 * (1 + i % 2))
            assert self.dave.audio.toxav_group_send_audio(0, sound, 960, 1 + i % 2, 48_000) == 0
            room.run(0.2)
        # who sleeps for long is frozen, and asks to be back
        self.carol.iterates = False
        room.run(75)
        self.carol.iterates = True
        room.until(lambda: len(self.alice.names()) == 3 == len(self.carol.names()), 90)

    def packet(self):
        """One hostile packet."""
        data, _ = mutate(self.rng, self.samples)
        if not data or data[0] not in KINDS or self.rng.randrange(20) == 0:
            data = bytes((self.rng.choice(KIND_LIST),)) + data[1:]
        return data[: packets.MAX_PACKET_SIZE]

    def hear(self, count):
        """So many, as time goes on."""
        senders = [self.bob, self.bob, self.bob, self.eve, self.dave]
        for done in range(count):
            sender = self.rng.choice(senders)
            if sender.real_pk in self.alice.connections.connections:
                self.alice.hear(sender, self.packet())
            if done % AT_ONCE == 0:
                self._come_back()
                self.room.clock.now_ms += STEP_MS
                self.room.step()
        self.frames += len(self.alice.take(ConferenceAudioFrame))
        for member in self.room.members:
            member.seen.clear()
            member.written.clear()

    def _come_back(self):
        """Who said by chance that it leaves accepts the invitation again."""
        for number in (self.number, self.audio):
            conference = self.alice.conference(number)
            if self.bob.real_pk not in conference.links.by_key:
                cookie = packets.COOKIE.pack(number, conference.type, conference.id)
                self.alice.hear(self.bob, packets.pack_answer(0, cookie))
        # and brings in again whom alice has forgotten
        known = self.alice.conference(self.audio).peers.by_key
        if self.dave.real_pk not in known and self.bob.real_pk in known:
            self.said += 1
            dave = packets.NEW_PEER_DATA.pack(self.said & 0xFFFF, self.dave.real_pk, self.dave.dht.public_key)
            head = packets.AUTHORED.pack(known[self.bob.real_pk].number, self.said, packets.NEW_PEER)
            self.alice.hear(self.bob, packets.HEAD.pack(packets.MESSAGE, self.audio) + head + dave)

    def check_tables(self):
        """Nothing has more in it than it may."""
        for member in self.room.members:
            for conference in member.conferences.table.all():
                if conference.audio is not None:
                    assert len(conference.audio._speakers) <= MAX_SPEAKERS
                table = conference.peers
                assert table.active <= peers.MAX_PEERS
                assert len(table.frozen) <= table.max_frozen
                assert len(table.strange) <= peers.MAX_STRANGE
                assert len(table.by_number) <= peers.MAX_PEERS + table.max_frozen
                assert len(table.by_number) == len(table.by_key)
                assert len(conference.links.by_key) <= links.MAX_LINKS
        assert self.alice.conference_get_chatlist() == [self.number, self.audio]


def still_talk(fight):
    """Who was there is there and hears somebody who comes now, and who comes hears alice.

    Members can speak for each other, as in c-toxcore: bob may have used up the message numbers by which
    alice and carol know each other.
    """
    room, alice, carol, eve = fight.room, fight.alice, fight.carol, fight.eve
    # by their keys: anybody may have renamed anybody
    everybody = {alice.real_pk, carol.real_pk}

    def see_each_other(members):
        lists = [{peer.real_pk for peer in member.conference().peers.listed} for member in members]
        return all(everybody <= keys for keys in lists)

    room.until(lambda: see_each_other((alice, carol)), 120)
    # nothing goes round for ever
    room.run(10)
    for member in room.members:
        member.written.clear()
    room.run(10)
    assert sum(len(member.written) for member in room.members) < MAX_QUIET
    room.bring_in(alice, [eve], fight.number)
    everybody.add(eve.real_pk)
    room.until(lambda: see_each_other((alice, carol, eve)), 120)
    room.run(5)
    for member in (alice, carol, eve):
        member.seen.clear()
    alice.conference_send_message(fight.number, 0, b"alive")
    eve.conference_send_message(0, 0, b"me too")
    room.run(2)
    assert b"alive" in eve.texts()
    assert b"me too" in alice.texts() and b"me too" in carol.texts()


def attack(count, seed=1, report=print):
    """Run the whole thing; returns the figures."""
    fight = Attack(seed)
    report(f"samples: { {kind: len(sent) for kind, sent in sorted(fight.samples.items())} }")
    before_mb, spent = None, 0.0
    for done in range(0, count, BATCH):
        size = min(BATCH, count - done)
        start = time.process_time()
        fight.hear(size)
        spent += time.process_time() - start
        fight.check_tables()
        so_far = done + size
        # the tables fill up in the first tenth: flat means flat from there
        if before_mb is None and so_far >= count // 10:
            before_mb = memory_mb()
        report(f"{so_far:>8} packets, {memory_mb():.1f} MB, {spent / so_far * 1e6:.0f} us each")
    still_talk(fight)
    values = fight.alice.rt.counters.values
    drops = {name: number for name, number in sorted(values.items()) if name.startswith("drop.conference")}
    return {
        "before_mb": before_mb,
        "after_mb": memory_mb(),
        "drops": drops,
        "cpu_s": spent,
        "frames": fight.frames,
    }


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    figures = attack(count, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    for name, number in figures.pop("drops").items():
        print(f"{number:>9} {name}")
    print(figures)


if __name__ == "__main__":
    main()
