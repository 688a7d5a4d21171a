"""Calls with the real library on one side: over relays, with newer releases, and where it is known to fail.

Two hang up at once, two call at once, a second request comes while it rings, a request lacks what it should
have: c-toxcore crashes, answers for ever or has no calls with that friend any more. Ours ends cleanly.
"""

import pytest

from tests.scenarios.test_toxav_basic import test_toxav_basic as basic
from tests.scenarios.test_toxav_controls import test_toxav_controls as controls
from tests.support.calls import ALL, ERROR, FINISHED, phones
from tests.support.newer_tox import of_release
from tests.support.worlds import GROUP_SIDES, LoopbackWorld, relayed_world

MSI = 69
INIT, PUSH, POP = range(3)
#: Who has the real library, by name of the pair.
SIDES = GROUP_SIDES
RELAYED = {"ours-real": {"bob", "node0", "node2"}, "real-ours": {"alice", "node1", "node3"}}
RELEASES = ["installed", of_release("trixie", "trixie"), of_release("sid", "sid")]


def signal(request, capabilities=None):
    """A packet of the signalling as c-toxcore makes it, or without what it should have."""
    fields = [MSI, 1, 1, request]
    if capabilities is not None:
        fields += [3, 1, capabilities]
    return bytes([*fields, 0])


@pytest.fixture
def pair(request):
    """Two friends of whom one has the real library: (world, ours, the real one)."""
    sides, release = request.param
    world = LoopbackWorld(SIDES[sides], release="" if release == "installed" else release)
    alice, bob = phones(world, *world.friends())
    yield (world, alice, bob) if sides == "ours-real" else (world, bob, alice)
    world.close()


@pytest.mark.parametrize("sides", RELAYED)
@pytest.mark.namespaces
def test_without_udp(sides):
    world = relayed_world(RELAYED[sides])
    try:
        basic(world)
    finally:
        world.close()


@pytest.mark.parametrize("release", RELEASES[1:])
@pytest.mark.parametrize("sides", SIDES)
@pytest.mark.parametrize("scenario", [basic, controls])
def test_newer_releases(scenario, sides, release):
    world = LoopbackWorld(SIDES[sides], release=release)
    try:
        scenario(world)
    finally:
        world.close()


def is_well(ours, real):
    """Both can call each other."""
    for caller, callee in ((ours, real), (real, ours)):
        caller.call()
        callee.answer()
        caller.state(ALL)
        caller.tone = callee.tone = 2
        callee.hears(2)
        caller.hears(2)
        caller.tone = callee.tone = None
        caller.hang_up()
        callee.state(FINISHED)


PAIRS = [
    ("ours-real", "installed"),
    ("real-ours", "installed"),
    of_release(("ours-real", "sid"), "sid"),
]


@pytest.mark.parametrize("pair", PAIRS, indirect=True)
def test_what_makes_c_toxcore_fail(pair):
    world, ours, real = pair
    is_well(ours, real)
    hang_up_at_once(world, ours, real)
    call_without_capabilities(world, ours, real)
    request_twice(world, ours, real)
    is_well(ours, real)
    # no more than that: it cannot be called again
    call_at_once(world, ours, real)


def hang_up_at_once(world, ours, real):
    """Neither is told of an end of its own making, and no packets go round and round."""
    ours.call()
    real.answer()
    ours.state(ALL)
    signals = count_signals(ours)
    ours.hang_up()
    real.hang_up()
    world.run_for(1)
    assert ours.states == real.states == []
    # its own farewell, and its answer to ours
    assert len(signals) <= 2, signals


def count_signals(phone):
    """The packets of the signalling that come from now on."""
    handlers = phone.actor.tox.messenger.packets.handlers
    came, handler = [], handlers[MSI]

    def counted(friend, data):
        came.append(data)
        handler(friend, data)

    handlers[MSI] = counted
    return came


def call_without_capabilities(world, ours, real):
    """The request is refused, nothing rings, and the next call is like any other."""
    real.actor.friend_send_lossless_packet(0, signal(INIT))
    world.run_for(0.5)
    assert ours.calls == ours.states == []
    # it comes while ours rings
    ours.call()
    real.rings()
    real.actor.friend_send_lossless_packet(0, signal(PUSH))
    ours.state(ERROR)
    real.state(ERROR)
    assert ours.states == real.states == []


def request_twice(world, ours, real):
    """It rings once, and is answered as if the second request had not come."""
    real.call()
    ours.rings()
    real.actor.friend_send_lossless_packet(0, signal(INIT, 60))
    world.run_for(0.5)
    assert ours.calls == ours.states == []
    ours.av.toxav_answer(0, 48, 500)
    real.state(ALL)
    # and once more in the call, as a client does that comes back
    real.actor.friend_send_lossless_packet(0, signal(INIT, 60))
    world.run_for(0.5)
    ours.tone = real.tone = 5
    ours.hears(5)
    real.hears(5)
    ours.tone = real.tone = None
    real.hang_up()
    ours.state(FINISHED)
    assert real.states in ([], [(0, ALL)])


def call_at_once(world, ours, real):
    """Ours takes it for an answer; the real one gives up without a word, so that ours ends as well."""
    ours.call()
    real.call()
    ours.state(ALL)
    ours.state(ERROR)
    assert real.states == []
    # c-toxcore has no calls with that friend any more, and its own rings for ever
    ours.call()
    ours.state(ERROR)
    assert ours.calls == ours.states == []
    real.abandon()
