"""A friend who sends nonsense over an established, authenticated connection."""

import random

import pytest

from tests.support.worlds import SimulatedWorld, events
from toxpy.group import packets

#: One valid packet of every kind between friends; the first byte is the kind.
VALID = [
    b"\x10",
    b"\x18",
    b"\x30name",
    b"\x31status message",
    b"\x32\x01",
    b"\x33\x01",
    b"\x40message",
    b"\x41action",
    b"\x12" + bytes(4) + b"request",
    b"\x11" + b"\x82\x7f\x00\x00\x01\x01\x01" + bytes(32),
    b"\x45\x01\x01\x00\x00",
    b"\x50\x00" + bytes(44) + b"name",
    b"\x51\x00\x00\x00",
    b"\x52\x00data",
    b"\x60\x00" + bytes(34),
    b"\x63" + bytes(10),
    b"\xa0custom",
]
LOSSY = [b"\xc0" + bytes(80), b"\xc4" + bytes(10), b"\xc7" + bytes(10), b"\xc8custom"]
KIND_OFFLINE = 0x19


def invitations(chat_id):
    """All three kinds, for a group that the friend has, and for another one."""
    relays = b"\x82\x14\0\0\1\1\1" + bytes(32)
    return [
        b"\x5f" + packets.pack_invitation(kind, group, bytes(32), rest)
        for group in (chat_id, bytes(32))
        for kind, rest in enumerate((b"name", b"", relays))
    ]


def hostile(rng, valid):
    data = rng.choice(valid)
    how = rng.randrange(4)
    if how == 0:
        return data[: rng.randrange(1, len(data) + 1)]
    if how == 1:
        return data + rng.randbytes(rng.randrange(1, 1300 - len(data)))
    if how == 2:
        return bytes((rng.randrange(16, 192),)) + rng.randbytes(rng.randrange(0, 1300))
    return data[:1] + rng.randbytes(len(data) - 1)


@pytest.mark.parametrize("seed", range(3))
def test_hostile_friend(seed):
    world = SimulatedWorld(seed=seed)
    alice, bob = world.friends()
    rng = random.Random(seed)
    group = bob.tox.groups.group_new(0, b"group", b"bob")
    valid = VALID + invitations(bob.tox.group_state.group_get_chat_id(group))
    connection = alice.tox.messenger.friend(0).connection
    for _ in range(3000):
        data = hostile(rng, valid)
        if data[0] != KIND_OFFLINE:
            connection.write(data)
        connection.send_lossy(rng.choice(LOSSY)[: rng.randrange(1, 20)])
        if rng.randrange(20) == 0:
            world.run_for(1)
    world.run_for(5)
    assert bob.is_online()
    assert len(bob.friend_get_name(0)) <= 128
    assert len(bob.friend_get_status_message(0)) <= 1007
    for event in bob.seen:
        if isinstance(event, events.FriendMessage):
            assert 1 <= len(event.message) <= 1372
    bob.seen.clear()
    alice.friend_send_message(0, 0, b"alive")
    bob.wait(events.FriendMessage, message=b"alive", timeout_s=30)
    bob.friend_send_message(0, 0, b"still here")
    alice.wait(events.FriendMessage, message=b"still here", timeout_s=30)
    assert bob.tox.groups.group_get_number_groups() == 1
    entry = bob.tox.groups.capability.find(group)
    assert len(entry.group.peers) == 0 and entry.group.is_connected
    refused = bob.tox.rt.counters.values
    assert refused["drop.group_invitation"] and refused["drop.group_invitation_unknown"]
    assert sum(n for name, n in bob.tox.rt.counters.values.items() if name.startswith("drop.")) > 100
    world.close()
