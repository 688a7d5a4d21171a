"""Members of a public group find each other through the DHT."""

import pytest

from tests.support.worlds import SimulatedWorld
from toxpy.generated import enums
from toxpy.onion.group_announce import Member, pack_member

PUBLIC, PRIVATE = enums.TOX_GROUP_PRIVACY_STATE_PUBLIC, enums.TOX_GROUP_PRIVACY_STATE_PRIVATE


class Crowd:
    """Instances on a simulated DHT, some of them with groups."""

    def __init__(self, count, seed=1):
        self.world = SimulatedWorld(seed)
        self.actors = [self.world.actor(f"node {i}") for i in range(count)]
        for actor in self.actors[1:]:
            actor.bootstrap_to(self.actors[0])
        self.world.run_for(20)

    def groups(self, number):
        return self.actors[number].tox.groups.capability.get()

    def until(self, condition, seconds):
        return self.world.run_until(condition, seconds)

    def close(self):
        self.world.close()


def member_count(entry):
    return entry.group.peers.count_confirmed() + 1


def test_a_joiner_finds_an_old_group():
    crowd = Crowd(12)
    a, b = crowd.groups(3), crowd.groups(7)
    founded = a.new(b"Group", PUBLIC, b"a")
    chat_id = founded.group.state.chat.sig
    crowd.world.run_for(200)
    joined = b.join(chat_id, b"b")
    assert crowd.until(lambda: joined.group.is_connected and member_count(founded) == 2, 5)
    founded.talk.send_message(0, b"hello")
    crowd.world.run_for(1)
    assert [event.message for event in crowd.actors[7].seen if hasattr(event, "message")] == [b"hello"]


def test_a_joiner_meets_members_that_announce_anywhere():
    """As those of c-toxcore, which do so at nodes near a random key."""
    crowd = Crowd(60)
    founder, joiner = crowd.actors[1], crowd.actors[59]
    state = crowd.groups(1).new(b"Group", PUBLIC, b"a").group.state
    founder.tox.onion.groups.clear()
    said = state.chat.sig + pack_member(Member(state.keys.public.enc, founder.socket.address, []))
    known = {node.public_key for node in joiner.tox.dht.nodes.random_nodes(60)}
    unknown = [actor for actor in crowd.actors[2:] if actor.self_get_dht_id() not in known]
    chat_id = int.from_bytes(state.chat.sig, "big")
    unknown.sort(key=lambda actor: int.from_bytes(actor.self_get_dht_id(), "big") ^ chat_id)
    for actor in unknown[-4:]:
        actor.tox.node.announce.groups.exchange(said)
    joined = crowd.groups(59).join(state.chat.sig, b"b")
    assert crowd.until(lambda: joined.group.is_connected, 15)


@pytest.mark.parametrize("seed", range(2))
def test_who_has_just_started_joins_as_soon_as_it_knows_where_it_is(seed):
    crowd = Crowd(20, seed)
    founded = crowd.groups(3).new(b"Group", PUBLIC, b"a")
    crowd.world.run_for(60)
    crowd.actors.append(crowd.world.actor("joiner"))
    crowd.actors[-1].bootstrap_to(crowd.actors[0])
    joined = crowd.groups(-1).join(founded.group.state.chat.sig, b"b")
    assert crowd.until(joined.group.net.own_address, 5)
    assert crowd.until(lambda: joined.group.is_connected, 1.5)


def test_whoever_wants_to_know_where_it_is_hears_it_soon():
    crowd = Crowd(20)
    founded = crowd.groups(3).new(b"Group", PUBLIC, b"a")
    crowd.world.run_for(60)
    took_s = []
    for i in range(8):
        joiner = crowd.world.actor(f"joiner {i}")
        joiner.bootstrap_to(crowd.actors[i])
        joined = joiner.tox.groups.capability.get().join(founded.group.state.chat.sig, b"b")
        began_ms = crowd.world.now_ms()
        assert crowd.until(lambda: joined.group.is_connected, 6)  # noqa: B023
        took_s.append((crowd.world.now_ms() - began_ms) / 1000)
        crowd.world.stop(joiner)
        crowd.world.run_for(3)
    # the first comes while all nodes rest; before it was asked for the median was 2.5
    assert sorted(took_s)[4] < 1.2, took_s


def test_twenty_that_join_at_once_see_each_other():
    """Each of them may have asked others to let it in, who are not in either."""
    crowd = Crowd(30)
    founded = crowd.groups(5).new(b"Group", PUBLIC, b"a")
    crowd.world.run_for(30)
    for i in range(20):
        crowd.actors.append(crowd.world.actor(f"joiner {i}"))
        crowd.actors[-1].bootstrap_to(crowd.actors[i % 5])
    crowd.world.run_for(10)
    chat_id = founded.group.state.chat.sig
    joined = [crowd.groups(number).join(chat_id, b"b") for number in range(30, 50)]
    assert crowd.until(lambda: all(member_count(entry) == 21 for entry in [founded, *joined]), 2)


def test_a_joiner_waits_for_the_first_member():
    crowd = Crowd(8)
    a, b = crowd.groups(1), crowd.groups(2)
    founded = a.new(b"Group", PUBLIC, b"a")
    chat_id = founded.group.state.chat.sig
    founded.group.stop()
    joined = b.join(chat_id, b"b")
    crowd.world.run_for(120)
    assert not joined.group.is_connected
    founded.group.begin()
    assert crowd.until(lambda: joined.group.is_connected, 8)


def test_a_private_group_is_not_announced():
    crowd = Crowd(6)
    a, b = crowd.groups(1), crowd.groups(2)
    founded = a.new(b"Group", PRIVATE, b"a")
    joined = b.join(founded.group.state.chat.sig, b"b")
    crowd.world.run_for(60)
    assert not joined.group.is_connected and len(founded.group.peers) == 0


def test_a_group_that_became_private_asks_nobody_in():
    crowd = Crowd(4)
    groups = crowd.groups(1)
    founded = groups.new(b"Group", PUBLIC, b"a")
    founded.talk.set_privacy_state(PRIVATE)
    # the answer to a question from before
    founded.discovery.on_members(pack_member(Member(bytes(31) + b"\1", (b"\x14\0\0\xfe", 9), [])))
    assert len(founded.group.peers) == 0
    founded.talk.set_privacy_state(PUBLIC)
    founded.discovery.on_members(pack_member(Member(bytes(31) + b"\1", (b"\x14\0\0\xfe", 9), [])))
    assert len(founded.group.peers) == 1


def test_who_leaves_is_not_looked_for():
    crowd = Crowd(6)
    a, b = crowd.groups(1), crowd.groups(2)
    founded = a.new(b"Group", PUBLIC, b"a")
    joined = b.join(founded.group.state.chat.sig, b"b")
    assert crowd.until(lambda: member_count(founded) == 2, 10)
    assert b.leave(joined, b"bye")
    crowd.world.run_for(1)
    assert member_count(founded) == 1
    assert crowd.actors[2].tox.onion.groups == []
    assert b.get(0) is None


def test_the_end_of_an_instance_is_told():
    crowd = Crowd(6)
    a, b = crowd.groups(1), crowd.groups(2)
    founded = a.new(b"Group", PUBLIC, b"a")
    b.join(founded.group.state.chat.sig, b"b")
    assert crowd.until(lambda: member_count(founded) == 2, 10)
    crowd.world.stop(crowd.actors[2])
    crowd.world.run_for(1)
    assert member_count(founded) == 1


def test_members_in_an_answer_are_only_tried():
    crowd = Crowd(4)
    groups = crowd.groups(1)
    founded = groups.new(b"Group", PUBLIC, b"a")
    for start in range(0, 4000, 4):
        lies = [
            Member(bytes(28) + (start + i).to_bytes(4, "little"), (b"\x14\0\0\xfe", 9), []) for i in range(4)
        ]
        founded.discovery.on_members(b"".join(map(pack_member, lies)))
    founded.discovery.on_members(b"\1")
    founded.discovery.on_members(bytes(33) + b"\2")
    counters = crowd.actors[1].tox.rt.counters.values
    assert counters["drop.group_members_malformed"] == 2
    assert len(founded.group.peers) <= 164
    assert len(founded.discovery._tried) <= 256
    crowd.world.run_for(20)
    assert len(founded.group.peers) == 0
