"""A whole instance: events, passes, saving and loading."""

from __future__ import annotations

import pytest

from bench.micro.conftest import BATCH
from tests.support.worlds import SimulatedWorld
from toxpy.core import Core
from toxpy.friend.saved import read_friends
from toxpy.generated import events
from toxpy.options import Options
from toxpy.save import savedata as save

FRIENDS = 1000


@pytest.fixture
def friends():
    """alice and bob, connected, in a simulated network."""
    world = SimulatedWorld()
    yield world.friends()
    world.close()


@pytest.fixture(scope="module")
def savedata():
    core = Core(Options(udp_enabled=False))
    for number in range(1, FRIENDS + 1):
        core.friends.friend_add_norequest(number.to_bytes(32, "little"))
    saved = core.get_savedata()
    core.kill()
    return saved


def test_deliver_64_messages_as_events(benchmark, friends):
    alice, bob = friends

    def send():
        for number in range(BATCH):
            alice.friend_send_message(0, 0, b"message %d" % number)
        # all arrive, and wait in bob's instance for the one who takes them
        alice.world.universe.run_for(1000)

    def drain():
        return sum(isinstance(event, events.FriendMessage) for event in bob.tox.drain_events())

    assert benchmark.pedantic(drain, setup=send, rounds=50) == BATCH


def test_pass_without_anything_to_do(benchmark, friends):
    alice, _ = friends
    benchmark(alice.tox.iterate)


def test_build_a_save_of_1000_friends(benchmark, savedata):
    state = save.parse(savedata)
    assert benchmark(save.build, state) == savedata


def test_parse_a_save_of_1000_friends(benchmark, savedata):
    assert len(read_friends(benchmark(save.parse, savedata).contents)) == FRIENDS


def test_instance_from_a_save_of_1000_friends(benchmark, savedata):
    options = Options(udp_enabled=False, savedata_type=1, savedata_data=savedata)
    core = benchmark.pedantic(Core, args=(options,), rounds=5)
    assert len(core.friends.self_get_friend_list()) == FRIENDS
    core.kill()
