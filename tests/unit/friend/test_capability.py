"""What one more capability costs: the ten lines of `Pokes`, and no edit in toxpy."""

import asyncio

import pytest

from tests.support.worlds import SimulatedWorld
from toxpy.aio import AsyncTox
from toxpy.capabilities import CAPABILITIES
from toxpy.core import Core
from toxpy.friend.capability import Capability
from toxpy.generated.events import Event, FriendConnectionStatus
from toxpy.options import Options
from toxpy.tcp.pool import TcpPool
from toxpy.tox import Tox
from toxpy.wire.address import Node
from toxpy.wire.sections import CONFERENCES, END, GROUPS, KNOWN, NOSPAM_KEYS, OF_CORE

POKE, SECTION = 90, 77


class Poked(Event):
    """A friend poked us, for the `count`th time since it is online."""

    __slots__ = ("count", "friend_number")

    def __init__(self, friend_number, count, owner):
        self.friend_number, self.count, self.owner = friend_number, count, owner


class Pokes(Capability):
    """Friends poke each other; how often in all goes into the save."""

    section = SECTION

    def __init__(self, core):
        self.total, self.by_friend, self.events = 0, {}, core.messenger.events
        core.messenger.packets.claim(POKE, self.on_poke)

    def on_poke(self, friend, _data):
        self.total += 1
        self.by_friend[friend] = self.by_friend.get(friend, 0) + 1
        self.events.append(Poked(friend.number, self.by_friend[friend], owner=friend))

    def on_friend_gone(self, friend):
        self.by_friend.pop(friend, None)

    def load(self, contents):
        self.total = int.from_bytes(contents[-1], "big")

    def collect(self):
        return self.total.to_bytes(4, "big")


class Late(Capability):
    """Has an event when nothing else waits, as often as it is allowed to."""

    deleted = False

    def __init__(self, _core):
        self.passes, self.left = 0, 0

    def begin_pass(self):
        self.passes += 1
        self.left = 2

    def has_event(self):
        return self.left > 0

    def next_event(self):
        self.left -= 1
        return Event(owner=self) if self.left >= 0 else None


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
    pokes = bob.tox.add(Pokes)
    friend = bob.tox.messenger.friend(0)
    assert [poke(alice, bob).count for _ in range(3)] == [1, 2, 3]
    assert pokes.by_friend == {friend: 3}
    bob.friend_delete(0)
    assert (pokes.by_friend, pokes.total) == ({}, 3)


def test_it_hears_of_a_friend_who_goes_offline(world):
    alice, bob = world.friends()
    pokes = bob.tox.add(Pokes)
    poke(alice, bob)
    alice.friend_delete(0)
    world.until(lambda: not bob.is_online(), "bob to see that alice left")
    assert pokes.by_friend == {}


def test_its_events_of_a_deleted_friend_are_left_out(world):
    _, bob = world.friends()
    pokes = bob.tox.add(Pokes)
    pokes.on_poke(bob.tox.messenger.friend(0), b"")
    bob.friend_delete(0)
    assert not [event for event in bob.tox.drain_events() if isinstance(event, Poked)]


def loaded(savedata):
    return Core(Options(udp_enabled=False, savedata_type=1, savedata_data=savedata))


def test_its_section_of_the_save():
    core = Core(Options(udp_enabled=False))
    before = core.get_savedata()
    core.add(Pokes).total = 258
    data = core.get_savedata()
    assert len(data) == core.get_savedata_size() == len(before) + 8 + 4
    core.kill()

    again = loaded(data)
    pokes = again.add(Pokes)
    assert pokes.total == 258
    pokes.total = 259
    third = loaded(again.get_savedata())
    assert third.add(Pokes).total == 259
    assert len(third.get_savedata()) == len(data)
    for each in again, third:
        each.kill()


def test_who_does_not_know_it_keeps_its_section():
    core = Core(Options(udp_enabled=False))
    core.add(Pokes).total = 258
    data = core.get_savedata()
    without = loaded(data)
    kept = without.get_savedata()
    again = loaded(kept)
    assert again.get_savedata() == kept
    assert again.add(Pokes).total == 258
    for each in core, without, again:
        each.kill()


def test_events_made_late_come_when_nothing_else_waits(world):
    alice, _ = world.friends()
    core = alice.tox
    late = core.add(Late)
    core.iterate()
    assert (late.passes, core.has_events(), core.iteration_interval()) == (1, True, 1)
    core.messenger.events.append(Poked(0, 1, None))
    assert [type(event) for event in core.drain_events()] == [Poked, Event, Event]
    assert not core.has_events()


def test_a_kind_of_packet_has_one_owner(world):
    alice, _ = world.friends()
    alice.tox.add(Pokes)
    with pytest.raises(ValueError, match="kind 0x5a is already claimed"):
        alice.tox.add(Pokes)


@pytest.fixture
def orderly_world():
    """Where no packet overtakes another: one that the end of its connection overtakes is lost."""
    world = SimulatedWorld(jitter_ms=0)
    yield world
    world.close()


class Parting(Capability):
    """Says a last word to the friends."""

    def __init__(self, core):
        self.core, self.ended = core, 0

    def on_end(self):
        self.ended += 1
        for friend in self.core.messenger.friends():
            friend.connection.write(bytes((POKE,)))


def test_at_the_end_it_has_a_last_word(orderly_world):
    alice, bob = orderly_world.friends()
    bob.tox.add(Pokes)
    parting = alice.tox.add(Parting)
    alice.tox.kill()
    alice.tox.kill()
    assert parting.ended == 1
    bob.wait(Poked, friend_number=0)
    bob.wait(FriendConnectionStatus, friend_number=0)


def test_the_end_comes_also_when_one_has_trouble_with_it(world):
    alice, bob = world.friends()

    class Broken(Parting):
        def on_end(self):
            raise ZeroDivisionError

    alice.tox.add(Broken)
    with pytest.raises(ZeroDivisionError):
        alice.tox.kill()
    bob.wait(FriendConnectionStatus, friend_number=0)
    assert alice.tox.messenger.connections.connections == {}


@pytest.fixture
def core():
    core = Core(Options(udp_enabled=False))
    yield core
    core.kill()


def owner_of(number):
    class Owner(Capability):
        section = number

        def collect(self):
            return b""

    return lambda _core: Owner()


def test_a_section_has_one_owner(core):
    core.add(owner_of(SECTION))
    core.add(owner_of(0))
    core.add(owner_of(0))
    core.add(owner_of(2**16 - 1))
    for section in (SECTION, 2**16 - 1, *OF_CORE):
        with pytest.raises(ValueError, match=f"section {section} is already claimed"):
            core.add(owner_of(section))
    for section in (-1, END, 2**16):
        with pytest.raises(ValueError, match=f"no section {section}:"):
            core.add(owner_of(section))
    # those who were refused are not asked
    assert len(core.get_savedata()) == core.get_savedata_size()


def test_the_sections_of_core_are_those_that_it_writes(core, monkeypatch):
    relay = Node(bytes(range(32)), (b"\1\2\3\4", 3389), tcp=True)
    monkeypatch.setattr(TcpPool, "relays_to_save", lambda _pool, _count: [relay])
    assert {NOSPAM_KEYS, *core.saved().written} - {CONFERENCES} == OF_CORE == {*KNOWN} - {GROUPS, CONFERENCES}


def test_what_is_no_capability_is_refused(core):
    with pytest.raises(TypeError, match="is no Capability"):
        core.add(lambda _core: 7)
    with pytest.raises(TypeError, match="is no Capability"):
        Core(Options(udp_enabled=False, capabilities=[lambda _core: 7]))
    with pytest.raises(LookupError, match="Pokes"):
        core.capability(Pokes)


@pytest.mark.parametrize("how", ["option", "added"])
def test_another_core_in_its_place_has_it_too(how):
    tox = Tox(udp_enabled=False, capabilities=iter([Pokes] if how == "option" else []))
    if how == "added":
        tox.core.add(Pokes)
    before = tox.core.capability(Pokes)
    before.total = 258
    savedata = tox.get_savedata()
    before.total = 259
    tox.load(savedata)
    pokes = tox.core.capability(Pokes)
    assert pokes is not before and pokes.total == 258
    tox.load(tox.get_savedata())
    assert tox.core.capability(Pokes).total == 258
    tox.close()


def test_options_are_not_shared(core):
    options = Options(udp_enabled=False, capabilities=[Late])
    first, second = Core(options), Core(options)
    first.add(Pokes)
    assert options.capabilities == [Late] and second.options.capabilities == (Late,)
    for each in first, second:
        each.kill()


def test_its_events_have_handlers():
    tox, seen = Tox(udp_enabled=False), []
    pokes = tox.core.add(Pokes)
    assert tox.on(Poked, seen.append) is None
    pokes.events.append(Poked(0, 1, None))
    assert tox.iterate() == seen == [Poked(0, 1, None)]
    assert tox.on(Poked, None) is not None
    with pytest.raises(TypeError, match=r"comes as toxpy\.FriendConnectionStatus"):
        tox.on(FriendConnectionStatus, seen.append)
    tox.close()


def test_its_events_have_handlers_in_asyncio():
    async def run():
        async with AsyncTox(udp_enabled=False, capabilities=[Pokes]) as tox:
            seen = []
            tox.on(Poked, seen.append)
            tox.sync.core.capability(Pokes).events.append(Poked(0, 1, None))
            async for event in tox:
                assert [event] == seen == [Poked(0, 1, None)]
                return

    asyncio.run(asyncio.wait_for(run(), 10))


def test_events_come_in_the_order_of_the_list(core):
    """Ours by their lines, then those of the program as they were added."""
    added = core.add(Late), core.add(Pokes), core.add(type("Later", (Late,), {}))
    # parts may share one
    parts = dict.fromkeys(getattr(core, name).capability for name in CAPABILITIES)
    ours = [capability for part in parts if part for capability in (part, *part.companions)]
    assert ours and core.messenger.capabilities == [*ours, *added]
    core.iterate()
    first, _, last = added
    assert [event.owner for event in core.drain_events()] == [first, first, last, last]
