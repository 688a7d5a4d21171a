"""Mutated and forged packets at a member of a group.

    python -m tests.fuzz.groups COUNT [user|moderator|stranger] [SEED]

The liar has a session with its victim, so what it says is sealed as it should be. It says what members say,
signed with its own keys or with none, then cut, lengthened, with bits flipped, in rows of fragments and under
any message id. A moderator's lists and topics are believed. A stranger does not know the password, and what
members sent each other is also repeated, mutated, from other addresses. Memory must stay flat; at the end the
others still talk. Anything raised out of the victim ends the run.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter

from tests.fuzz.datagrams import Recorder, memory_mb, mutate
from tests.unit.group.group_world import mesh
from toxpy.crypto.keys import KeyPair
from toxpy.generated import enums
from toxpy.group import packets
from toxpy.group.incoming import Incoming
from toxpy.group.sanctions import make_credentials, make_sanction
from toxpy.group.send_array import SentPacket
from toxpy.group.topic import sign_topic
from toxpy.onion.group_announce import Member, pack_member

#: Packets between two moments at which time passes, and between two new sets of what there is to say.
BATCH, FRESH = 20, 500
KINDS = [*range(4), *range(0xEE, 0x100)]
RELAY = b"\x82\x14\0\0\x01\1\1" + bytes(32)


def mutated(rng, data):
    """Cut, lengthened, or with bits flipped."""
    data = bytearray(data)
    for _ in range(rng.randrange(4)):
        choice = rng.randrange(3)
        if choice == 0 and data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        elif choice == 1:
            del data[rng.randrange(len(data) + 1) :]
        else:
            data += rng.randbytes(rng.choice([1, 40, 1300]))
    return bytes(data[:5000])


def forged_lists(rng, liar, other):
    """Topics, sanctions and credentials of the next versions, signed by the liar."""
    state, keys = other.group.state, liar.keys
    version = rng.choice([1, 2, 2**32 - 1]) + state.topics.topic.version & 0xFFFFFFFF
    topic = sign_topic(keys, version, rng.randbytes(rng.choice([0, 9, 512])))
    targets = [other.keys.public.enc, *(rng.randbytes(32) for _ in range(rng.choice([0, 1, 29])))]
    entries = sorted((make_sanction(keys, target) for target in targets), key=lambda entry: entry.signature)
    credentials = make_credentials(keys, state.sanctions.version + 1 & 0xFFFFFFFF, entries)
    listed = len(entries).to_bytes(2, "big") + b"".join(entry.packed for entry in entries)
    state_bytes = bytearray(state.signed)
    state_bytes[67] += 1
    enc_pk, sig_pk = other.keys.public.enc, other.keys.public.sig
    observer = packets.pack_set_observer(True, enc_pk, sig_pk, entries[0].packed + credentials.packed)
    return [
        (packets.TOPIC, topic.pack()),
        (packets.SANCTIONS, listed + credentials.packed),
        (packets.SANCTIONS, bytes(2) + make_credentials(keys, rng.randrange(2**32), []).packed),
        (packets.SHARED_STATE, bytes(state_bytes)),
        (packets.MODERATORS, b"\0\1" + keys.public.sig),
        (packets.BROADCAST, observer),
    ]


def sayings(rng, liar, other):
    """What a member may send, by kind, and what it may not."""
    state, key = other.group.state, other.keys.public
    somebody = KeyPair.generate(liar.rt.rng).public
    member = Member(somebody, (b"\x14\0\xff" + rng.randbytes(1), 1 + rng.randrange(65535)), [])
    said = [
        (packets.PEER_INFO, packets.pack_info(b"", rng.randbytes(1 + rng.randrange(128)), rng.randrange(3))),
        (packets.PEER_INFO_REQUEST, b""),
        (packets.INVITE_REQUEST, bytes(34)),
        (packets.INVITE_RESPONSE, b""),
        (packets.SYNC_REQUEST, packets.pack_sync_request(7, b"")),
        (packets.SYNC_RESPONSE, pack_member(member)),
        (packets.SYNC_RESPONSE, b""),
        (packets.PING, packets.pack_ping(state.ping(member.address))),
        (packets.REJECT, packets.pack_reject(rng.randrange(3))),
        (packets.ACK, packets.pack_ack(rng.randrange(2), rng.randrange(300))),
        (packets.KEY_ROTATION, packets.pack_key_rotation(rng.randrange(2), somebody)),
        (packets.TCP_RELAYS, RELAY[:-32] + somebody),
        (packets.FRAGMENT, rng.randbytes(1360)),
        (packets.FRAGMENT, b""),
        (packets.HANDSHAKE_DONE, b""),
        (packets.CUSTOM, b"custom"),
        (packets.CUSTOM_PRIVATE, b"custom"),
        *state.sync(7),
    ]
    broadcasts = [
        packets.pack_status(rng.randrange(4)),
        packets.pack_name(rng.randbytes(rng.randrange(130))),
        packets.pack_message(packets.MESSAGE, 1, b"text"),
        packets.pack_private_message(1, 1, rng.randbytes(1 + rng.randrange(1372))),
        packets.pack_exit(b"I go"),
        packets.pack_set_moderator(True, key.sig),
        packets.pack_set_observer(True, key.enc, key.sig, bytes(271)),
    ]
    if liar.group.state.own_role >= enums.TOX_GROUP_ROLE_USER:
        broadcasts.append(packets.pack_kick(key.enc))
    return said + [(packets.BROADCAST, data) for data in broadcasts]


def ends_it(saying):
    """True for what makes the victim drop the liar, mutated or not."""
    kind, data = saying
    is_last = data[:1] in (bytes([packets.EXIT]), bytes([packets.NAME]))
    return kind in (packets.SHARED_STATE, packets.REJECT) or (kind == packets.BROADCAST and is_last)


class Silent(Incoming):
    """A stranger that asks for nothing by itself."""

    def on_established(self, peer, asked, request_type, undelivered):
        pass


class Attack:
    """One liar and its victim, in a group of four or five."""

    def __init__(self, role, seed):
        self.rng = random.Random(f"{role} {seed}")
        self.role = role
        self.came_again = 0
        #: what the victim's program was told, by kind of event
        self.told = Counter()
        self.world = world = mesh(4 if role == "stranger" else 5, seed)
        self.samples = Recorder(world.universe).samples
        self.founder, self.victim, self.friend, self.other = world.members[:4]
        moderator = enums.TOX_GROUP_ROLE_MODERATOR
        self.founder.talk.set_role(self.founder.number(self.friend), moderator)
        if role == "stranger":
            self.founder.talk.set_password(b"secret")
            self.liar = self._stranger()
        else:
            self.liar = world.members[4]
        if role == "moderator":
            self.founder.talk.set_role(self.founder.number(self.liar), moderator)
        for member in world.members:
            member.talk.send_message(0, b"text")
        world.wait(1000)
        self.spent_s = 0.0
        self._iterate, self.victim.iterate = self.victim.iterate, self._timed
        self._said = []

    def _timed(self):
        start = time.process_time()
        self._iterate()
        self.spent_s += time.process_time() - start

    def _session(self):
        """The liar's session with its victim, a new one when that is over."""
        peer = self.liar.group.peers.get(self.victim.keys.public.enc)
        known = self.victim.group.peers.get(self.liar.keys.public.enc)
        if peer is not None and known is not None and peer.session.is_established:
            return peer
        self.came_again += 1
        if peer is not None:
            self.liar.group.drop(peer, enums.TOX_GROUP_EXIT_TYPE_TIMEOUT)
        if self.role == "stranger":
            self.liar.vanish()
            self.liar = self._stranger()
        else:
            if not self.liar.group.is_in_use:
                self.liar.group.begin()
            self.liar.ask(self.victim)
        self.world.wait(1000)
        return None

    def _stranger(self):
        stranger = self.world.join(f"stranger {self.came_again}", self.victim)
        stranger.group.peers.get(self.victim.keys.public.enc)._host = Silent(stranger.group)
        return stranger

    def say_something(self):
        """One packet."""
        rng = self.rng
        if self.role == "stranger" and rng.randrange(2):
            data, source = mutate(rng, self.samples)
            self.victim.socket.inbox.append((data, source))
            return
        peer = self._session()
        if peer is None:
            return
        kind, data = saying = rng.choice(self._said)
        if ends_it(saying) and rng.randrange(20):
            return
        if rng.randrange(8) == 0:
            kind = rng.choice(KINDS)
        if rng.randrange(4):
            data = mutated(rng, data)
        how = rng.randrange(8)
        if how == 0:
            peer.send_lossy(kind, data[:1373])
        elif how == 1:
            message_id = rng.choice([rng.randrange(2**64), peer.session.channel.next_id + rng.randrange(99)])
            peer.session.transmit(SentPacket(message_id, kind, data[:1377], self.liar.rt.clock.now_ms))
        elif kind < packets.CUSTOM_PRIVATE and how < 7:
            peer.send_lossy(kind, data[:1373])
        else:
            peer.send(kind, data)

    def run(self, count, report):
        """All packets; memory is measured once the tables are full."""
        before_mb = None
        for done in range(count):
            if done % FRESH == 0:
                self._said = sayings(self.rng, self.liar, self.other)
                self._said += forged_lists(self.rng, self.liar, self.other)
            self.say_something()
            if done % BATCH == 0:
                self.world.wait(200)
                self.told.update(type(event).__name__ for event in self.victim.told())
                for member in self.world.members:
                    member.told()
            if before_mb is None and done >= count // 10:
                before_mb = memory_mb()
            if done % (count // 10) == 0:
                report(
                    f"{done:>8} packets, {memory_mb():.1f} MB, {self.spent_s / (done + 1) * 1e6:.0f} us each"
                )
        return before_mb


def attack(count, role="user", seed=1, report=print):
    """Run the whole thing; returns the figures."""
    run = Attack(role, seed)
    before_mb = run.run(count, report)
    world, victim = run.world, run.victim
    after_mb = memory_mb()
    honest = [run.founder, victim, run.friend, run.other]
    world.wait(15_000)
    for member in honest:
        member.told()
    run.founder.talk.send_message(0, b"still here")
    world.wait(3000)
    for member in honest[1:]:
        assert b"still here" in [getattr(event, "message", None) for event in member.told()], member.label
    assert world.is_mesh(honest)
    assert victim.role(run.founder) == enums.TOX_GROUP_ROLE_FOUNDER
    assert victim.role(run.friend) == enums.TOX_GROUP_ROLE_MODERATOR
    assert run.role != "stranger" or not victim.sees(run.liar)
    drops = {k: v for k, v in sorted(victim.rt.counters.values.items()) if k.startswith("drop.")}
    return {
        "before_mb": before_mb,
        "after_mb": after_mb,
        "drops": drops,
        "cpu_s": run.spent_s,
        "told": dict(run.told),
        "came_again": run.came_again,
        "peers": len(victim.group.peers),
    }


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    role = sys.argv[2] if len(sys.argv) > 2 else "user"
    figures = attack(count, role, int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    for name, number in figures.pop("drops").items():
        print(f"{number:>9} {name}")
    print(figures)


if __name__ == "__main__":
    main()
