"""Conferences over the whole stack in the simulated network: joining, loss, restarts, relays."""

import pytest

from tests.support.conferences import count
from tests.support.worlds import SimulatedWorld
from toxpy.generated import events


def crowd(world, size):
    """The first is everybody's friend, and nobody else's."""
    nodes = world.network()
    founder, *others = members = [world.actor(f"m{i}") for i in range(size)]
    for i, member in enumerate(members):
        member.bootstrap_to(nodes[i % len(nodes)])
        member.self_set_name(member.name.encode())
    for other in others:
        founder.friend_add_norequest(other.self_get_public_key())
        other.friend_add_norequest(founder.self_get_public_key())
    world.until(
        lambda: all(founder.is_online(i) for i in range(size - 1)) and all(o.is_online() for o in others),
        "all friends to be online",
        120,
    )
    return members


def join_all(world, members, timeout_s):
    """All are invited at once: simulated seconds until everybody sees everybody."""
    founder, *others = members
    founder.conference_new()
    start_ms = world.universe.clock.now_ms
    for i in range(len(others)):
        founder.conference_invite(i, 0)
    for other in others:
        other.conference_join(0, other.wait(events.ConferenceInvite).cookie)
    world.until(lambda: all_there(members), "everybody to see everybody", timeout_s)
    return (world.universe.clock.now_ms - start_ms) / 1000


def all_there(members):
    return all(count(member) == len(members) for member in members)


def talk(world, members, speaker, texts):
    """What each hears of that speaker, who says a line every 20 ms."""
    for member in members:
        member.seen.clear()
    for text in texts:
        speaker.conference_send_message(0, 0, text)
        world.run_for(0.02)
    world.run_for(5)
    return [[e.message for e in m.seen if isinstance(e, events.ConferenceMessage)] for m in members]


@pytest.fixture
def world():
    world = SimulatedWorld()
    yield world
    world.close()


@pytest.mark.parametrize(("size", "at_most_s"), [(3, 0.5), (10, 1)])
def test_all_invited_at_once(world, size, at_most_s):
    members = crowd(world, size)
    assert join_all(world, members, 10) <= at_most_s
    world.run_for(3)
    texts = [b"%d" % i for i in range(50)]
    assert talk(world, members, members[-1], texts) == [texts] * size


def test_thirty_invited_at_once(world):
    """The real library leaves 13 of them outside for ever."""
    members = crowd(world, 30)
    assert join_all(world, members, 10) <= 5
    world.run_for(10)
    texts = [b"%d" % i for i in range(20)]
    assert talk(world, members, members[7], texts) == [texts] * 30
    strangers = [len(m.self_get_friend_list()) for m in members[1:]]
    assert strangers == [1] * 29
    assert not any(m.got(events.FriendConnectionStatus) for m in members)


def test_over_a_bad_network():
    world = SimulatedWorld(seed=3, loss=0.1, duplicate=0.05, jitter_ms=60)
    members = crowd(world, 8)
    join_all(world, members, 60)
    world.run_for(5)
    texts = [b"%d" % i for i in range(100)]
    assert talk(world, members, members[3], texts) == [texts] * 8
    world.close()


def test_a_member_restarts(world):
    members = crowd(world, 5)
    join_all(world, members, 10)
    world.run_for(5)
    again = members[2].restart()
    again.bootstrap_to(world.actors[0])
    members[2] = again
    start_ms = world.universe.clock.now_ms
    world.until(lambda: all_there(members), "everybody to be there", 60)
    assert world.universe.clock.now_ms - start_ms < 2_000
    texts = [b"after", b"the restart"]
    assert talk(world, members, again, texts) == [texts] * 5


def test_members_vanish_and_come_back(world):
    members = crowd(world, 6)
    join_all(world, members, 10)
    world.run_for(5)
    for member in members[1:3]:
        member.socket.online = False
    world.until(lambda: count(members[5]) == 4 and count(members[1]) == 1, "two to be missed", 120)
    for member in members[1:3]:
        member.socket.online = True
    start_ms = world.universe.clock.now_ms
    world.until(lambda: all_there(members), "everybody to be there again", 120)
    assert world.universe.clock.now_ms - start_ms < 5_000


def test_without_udp():
    """All members over the relay, strangers among each other too."""
    world = SimulatedWorld(relayed=True)
    members = crowd(world, 4)
    join_all(world, members, 30)
    texts = [b"%d" % i for i in range(20)]
    assert talk(world, members, members[1], texts) == [texts] * 4
    world.run_for(60)
    assert all_there(members)
    world.close()


def test_the_same_seed_gives_the_same_run():
    traces = []
    for _ in range(2):
        world = SimulatedWorld(seed=5)
        join_all(world, crowd(world, 5), 10)
        world.run_for(10)
        traces.append(world.universe.trace.hexdigest())
        world.close()
    assert traces[0] == traces[1]
