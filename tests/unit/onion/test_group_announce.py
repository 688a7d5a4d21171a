"""Group announcements: kept for others, given to members of the same group, and never too many."""

import random

import pytest

from tests.support.announcing import Client, chat_id
from tests.support.universe import Universe
from tests.unit.dht.net import Peer
from toxpy.crypto.keys import KeyPair
from toxpy.errors import PacketError
from toxpy.onion.announce import AnnounceServer
from toxpy.onion.group_announce import (
    LIFETIME_MS,
    MAX_GROUPS,
    MAX_MEMBERS,
    Group,
    GroupAnnounces,
    Member,
    pack_member,
    unpack_member,
)
from toxpy.wire.address import Node, pack_nodes
from toxpy.wire.packets import ANNOUNCE_REQUEST_OLD

ASKER = (bytes([20, 7, 7, 7]), 777)
HOME = (bytes([30, 1, 2, 3]), 33445)
HOME6 = (b"\x20\x01" + bytes(14), 33445)
RELAY = Node(b"\x09" * 32, (bytes([40, 1, 2, 3]), 443), tcp=True)


def member(number, address=HOME, relays=(RELAY,)):
    return Member(bytes((number,)) * 32, address, list(relays))


class Asked:
    """An announce server, asked as if from the onion."""

    def __init__(self):
        self.universe = Universe(3)
        self.server = Peer(self.universe, "server")
        self.announce = AnnounceServer(
            self.server.dht, rt=self.server.rt, send=self.server.send, udp=self.server.udp
        )
        draw = random.Random(6).randbytes
        self.client = Client(KeyPair(draw(32)), self.server.key, lambda: draw(24))

    def ask(self, packet):
        self.server.sent.clear()
        self.server.deliver(ASKER, packet)
        if not self.server.sent:
            return None
        ((to, answer),) = self.server.sent
        assert to == ASKER
        return self.client.group_response(answer)

    def announce_member(self, number, who, **kind):
        """The other members as answered."""
        return self.ask(self.client.group_request(chat_id(number), who, **kind))[2]


def test_members_of_a_group_hear_of_each_other():
    asked = Asked()
    assert asked.announce_member(1, member(1)) == []
    assert asked.announce_member(1, member(2)) == [member(1)]
    assert asked.announce_member(1, member(1)) == [member(2)]
    assert asked.announce_member(2, member(3)) == []
    assert len(asked.announce.groups) == 2


@pytest.mark.parametrize("who", [member(1, None), member(1, HOME6), member(1, HOME, []), member(1)])
def test_what_a_member_announces_comes_back(who):
    asked = Asked()
    asked.announce_member(1, who)
    (found,) = asked.announce_member(1, member(2))
    assert pack_member(found) == pack_member(who)


def test_the_last_four_members_without_repetition():
    asked = Asked()
    for number in (1, 1, 2, 3, 3, 4, 5, 6):
        asked.announce_member(1, member(number))
    assert asked.announce_member(1, member(2)) == [member(6), member(5), member(4), member(3)]


def test_what_a_member_announces_last_counts():
    asked = Asked()
    asked.announce_member(1, member(1, HOME))
    asked.announce_member(1, member(1, HOME6))
    assert asked.announce_member(1, member(2)) == [member(1, HOME6)]


def test_the_last_sixteen_are_kept():
    group = Group()
    for number in range(MAX_MEMBERS + 3):
        group.add(member(number), number)
    group.add(member(5), 100)
    assert len(group) == MAX_MEMBERS
    assert group.others(member(18).public_key, 100) == [member(5), member(17), member(16), member(15)]


def test_a_member_is_kept_for_five_minutes():
    asked = Asked()
    asked.announce_member(1, member(1))
    asked.universe.clock.now_ms += LIFETIME_MS - 1
    assert asked.announce_member(1, member(2)) == [member(1)]
    asked.universe.clock.now_ms += 1
    assert asked.announce_member(1, member(3)) == [member(2)]
    asked.universe.clock.now_ms += LIFETIME_MS
    assert len(asked.announce.groups) == 0
    assert asked.announce_member(1, member(1)) == []


def test_a_request_without_a_member_has_an_answer_without():
    asked = Asked()
    asked.announce_member(1, member(1))
    stored, _, members = asked.ask(asked.client.group_request(chat_id(1), extra=b""))
    assert (stored, members) == (0, [])


def test_the_old_kind_of_request_carries_no_members():
    asked = Asked()
    assert asked.ask(asked.client.group_request(chat_id(1), member(1), layout=ANNOUNCE_REQUEST_OLD)) is None
    assert asked.server.dropped("announce_size") == 1


@pytest.mark.parametrize(
    "data",
    [
        bytes(33),
        b"\x01" * 32 + b"\x00\x02" + pack_nodes([RELAY]),
        b"\x01" * 32 + b"\x00\x01",
        b"\x01" * 32 + b"\x01\x00",
        b"\x01" * 32 + b"\x01\x00\x82" + bytes(6),
        b"\x01" * 32 + b"\x01\x00\x02" + bytes(5),
        b"\x01" * 32 + b"\x00\x01\x07" + bytes(50),
    ],
)
def test_malformed_members_are_not_answered(data):
    with pytest.raises(PacketError):
        unpack_member(data)
    asked = Asked()
    assert asked.ask(asked.client.group_request(chat_id(1), extra=chat_id(1) + data)) is None
    assert asked.server.dropped("group_announce_malformed") == 1
    assert len(asked.announce.groups) == 0


def test_who_cannot_be_reached_hears_of_others_but_is_not_named():
    asked = Asked()
    nowhere = member(9, None, [])
    assert asked.announce_member(1, nowhere) == []
    assert len(asked.announce.groups) == 0
    asked.announce_member(1, member(1))
    assert asked.announce_member(1, nowhere) == [member(1)]
    assert asked.announce_member(1, member(2)) == [member(1)]


def test_cut_and_bent_requests():
    asked = Asked()
    packet = asked.client.group_request(chat_id(1), member(1))
    for size in range(1, len(packet)):
        assert asked.ask(packet[:size]) is None
    end = len(packet) - 177
    for i in range(1, end):
        assert asked.ask(packet[:i] + bytes((packet[i] ^ 1,)) + packet[i + 1 :]) is None
    assert len(asked.announce.groups) == 0


def test_groups_are_capped_and_those_announced_last_stay():
    universe = Universe(4)
    rt = universe.runtime("server")
    groups = GroupAnnounces(rt=rt)
    ids = [rt.rng.bytes(32) for _ in range(2 * MAX_GROUPS)]
    for each in ids:
        universe.clock.now_ms += 50
        groups.exchange(each + pack_member(member(1)))
        groups.exchange(each + pack_member(member(2)))
    assert len(groups) == MAX_GROUPS
    kept = [each for each in ids if groups.exchange(each + pack_member(Member(bytes(32), None, [])))]
    assert kept == ids[-MAX_GROUPS:]
    universe.clock.now_ms += LIFETIME_MS
    assert groups.exchange(ids[-1] + pack_member(member(1))) == b""
    assert len(groups) == 1


def test_a_flood_of_groups_drives_out_none_that_is_announced_every_30_s():
    universe = Universe(4)
    rt = universe.runtime("server")
    groups = GroupAnnounces(rt=rt)
    groups.exchange(chat_id(1) + pack_member(member(1)))
    universe.clock.now_ms += 60_000
    for _ in range(3):
        for _ in range(300):
            universe.clock.now_ms += 100
            for _ in range(20):
                groups.exchange(rt.rng.bytes(32) + pack_member(member(1)))
        assert groups.exchange(chat_id(1) + pack_member(member(2))) == pack_member(member(1))
    assert rt.counters.values["drop.group_announce_full"] > 10_000
    assert len(groups) == MAX_GROUPS
