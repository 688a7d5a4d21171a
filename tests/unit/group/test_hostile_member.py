"""A member of the group that says anything at all: nobody raises, grows or loses the others."""

import random

import pytest

from tests.unit.group.group_world import mesh
from toxpy.generated import enums
from toxpy.group import packets

#: Reasons for which something was refused, at least: each handler is reached.
MIN_DROPS = 14
KINDS = [*range(1, 4), *range(0xEE, 0x100)]


def mutated(rng, data):
    """Cut, lengthened, or with a bit flipped."""
    data = bytearray(data)
    for _ in range(rng.randrange(1, 4)):
        choice = rng.randrange(3)
        if choice == 0 and data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        elif choice == 1:
            del data[rng.randrange(len(data) + 1) :]
        else:
            data += rng.randbytes(rng.randrange(40))
    return bytes(data[:1300])


def honest(member, other):
    """What a member may send, by kind."""
    state = member.group.state
    key = other.keys.public
    said = [
        (packets.PEER_INFO, member.group.own_info()),
        (packets.PEER_INFO_REQUEST, b""),
        (packets.INVITE_REQUEST, bytes(34)),
        (packets.INVITE_RESPONSE, b""),
        (packets.SYNC_REQUEST, packets.pack_sync_request(7, b"")),
        (packets.SYNC_RESPONSE, bytes(34)),
        (packets.PING, packets.pack_ping(state.ping())),
        (packets.KEY_ROTATION, bytes(33)),
        (packets.TCP_RELAYS, b"\x82\x14\0\0\x01\1\1" + bytes(32)),
        *state.sync(7),
    ]
    broadcasts = [
        packets.pack_status(1),
        packets.pack_name(b"name"),
        packets.pack_message(packets.MESSAGE, 1, b"text"),
        packets.pack_private_message(1, 1, b"text"),
        packets.pack_kick(key.enc),
        packets.pack_set_moderator(True, key.sig),
        packets.pack_set_observer(True, key.enc, key.sig, bytes(271)),
    ]
    return said + [(packets.BROADCAST, data) for data in broadcasts]


@pytest.mark.parametrize("seed", range(4))
def test_whatever_a_member_says(seed):
    rng = random.Random(seed)
    world = mesh(4, seed)
    founder, victim, friend, liar = world.members
    founder.talk.set_role(founder.number(friend), enums.TOX_GROUP_ROLE_MODERATOR)
    world.wait(500)
    said = honest(liar, victim)
    comes_again = 0
    for i in range(1500):
        kind, data = rng.choice(said)
        if rng.randrange(4) == 0:
            kind = rng.choice(KINDS)
        if not victim.sees(liar):
            # it was dropped for what it said, and comes again
            comes_again += 1
            if (peer := liar.group.peers.get(victim.keys.public.enc)) is not None:
                liar.group.drop(peer, enums.TOX_GROUP_EXIT_TYPE_TIMEOUT)
            liar.ask(victim)
            world.wait(1000)
        peer = liar.group.peers.get(victim.keys.public.enc)
        if peer is None:
            continue
        send = peer.send if rng.randrange(4) else peer.send_lossy
        send(kind, mutated(rng, data))
        if i % 20 == 0:
            world.wait(200)
            liar.told()
            victim.told()
    assert len(victim.group.peers) <= 164
    assert victim.sees(founder) and victim.sees(friend)
    assert victim.role(friend) == enums.TOX_GROUP_ROLE_MODERATOR
    assert victim.role(founder) == enums.TOX_GROUP_ROLE_FOUNDER
    founder.talk.send_message(0, b"still here")
    world.wait(2000)
    assert b"still here" in [getattr(event, "message", None) for event in victim.told()]
    drops = {name for name in victim.rt.counters.values if name.startswith("drop.group")}
    assert len(drops) >= MIN_DROPS, drops
    assert comes_again >= 3
