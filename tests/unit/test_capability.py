"""What one more capability costs: the ten lines of `Pokes`, and no edit in toxpy."""

import pytest

from tests.support.worlds import SimulatedWorld
from toxpy.core import Core
from toxpy.friend.capability import Capability
from toxpy.generated.events import Event
from toxpy.options import Options

POKE, SECTION = 90, 77


class Poked(Event):
    """A friend poked us, for the `count`th time since it is online."""

    __slots__ = ("count", "friend_number")


class Pokes(Capability):
    """Friends poke each other; how often in all goes into the save."""

    section = SECTION

    def __init__(self, messenger):
        self.total, self.by_friend, self.events = 0, {}, messenger.events
        messenger.packets.claim(POKE, self.on_poke)

    def on_poke(self, friend, _data):
        self.total += 1
        event = Poked(owner=friend)
        event.friend_number, event.count = friend.number, self.by_friend.get(friend, 0) + 1
        self.by_friend[friend] = event.count
        self.events.append(event)

    def on_friend_gone(self, friend):
        self.by_friend.pop(friend, None)

    def load(self, contents):
        self.total = int.from_bytes(contents[-1], "big")

    def collect(self):
        return self.total.to_bytes(4, "big")


class Late(Capability):
    """Has an event when nothing else waits, as often as it is allowed to."""

    def __init__(self):
        self.passes, self.left = 0, 0

    def begin_pass(self):
        self.passes += 1
        self.left = 2

    def has_event(self):
        return self.left > 0

    def next_event(self):
        self.left -= 1
        return Event() if self.left >= 0 else None


@pytest.fixture
def world():
    world = SimulatedWorld()
    yield world
    world.close()


def poke(alice, bob):
    alice.tox.messenger.friend(0).connection.write(bytes((POKE,)))
    return bob.wait(Poked, friend_number=0)


def test_it_takes_part_through_the_seam_only(world):
    alice, bob = world.friends()
    pokes = Pokes(bob.tox.messenger)
    bob.tox.add(pokes)
    friend = bob.tox.messenger.friend(0)
    assert [poke(alice, bob).count for _ in range(3)] == [1, 2, 3]
    assert pokes.by_friend == {friend: 3}
    bob.friend_delete(0)
    assert (pokes.by_friend, pokes.total) == ({}, 3)


def test_it_hears_of_a_friend_who_goes_offline(world):
    alice, bob = world.friends()
    pokes = Pokes(bob.tox.messenger)
    bob.tox.add(pokes)
    poke(alice, bob)
    alice.friend_delete(0)
    world.until(lambda: not bob.is_online(), "bob to see that alice left")
    assert pokes.by_friend == {}


def test_its_events_of_a_deleted_friend_are_left_out(world):
    _, bob = world.friends()
    pokes = Pokes(bob.tox.messenger)
    bob.tox.add(pokes)
    pokes.on_poke(bob.tox.messenger.friend(0), b"")
    bob.friend_delete(0)
    assert not [event for event in bob.tox.drain_events() if isinstance(event, Poked)]


def loaded(savedata):
    return Core(Options(udp_enabled=False, savedata_type=1, savedata_data=savedata))


def with_pokes(core):
    pokes = Pokes(core.messenger)
    core.add(pokes)
    return pokes


def test_its_section_of_the_save():
    core = Core(Options(udp_enabled=False))
    before = core.get_savedata()
    with_pokes(core).total = 258
    data = core.get_savedata()
    assert len(data) == core.get_savedata_size() == len(before) + 8 + 4
    core.kill()

    again = loaded(data)
    pokes = with_pokes(again)
    assert pokes.total == 258
    pokes.total = 259
    third = loaded(again.get_savedata())
    assert with_pokes(third).total == 259
    assert len(third.get_savedata()) == len(data)
    for each in again, third:
        each.kill()


def test_who_does_not_know_it_keeps_its_section():
    core = Core(Options(udp_enabled=False))
    with_pokes(core).total = 258
    data = core.get_savedata()
    without = loaded(data)
    kept = without.get_savedata()
    again = loaded(kept)
    assert again.get_savedata() == kept
    assert with_pokes(again).total == 258
    for each in core, without, again:
        each.kill()


def test_events_made_late_come_when_nothing_else_waits(world):
    alice, _ = world.friends()
    core, late = alice.tox, Late()
    core.add(late)
    core.iterate()
    assert (late.passes, core.has_events(), core.iteration_interval()) == (1, True, 1)
    core.messenger.events.append(Poked())
    assert [type(event) for event in core.drain_events()] == [Poked, Event, Event]
    assert not core.has_events()


def test_a_kind_of_packet_has_one_owner(world):
    alice, _ = world.friends()
    Pokes(alice.tox.messenger)
    with pytest.raises(ValueError, match="claimed"):
        Pokes(alice.tox.messenger)
