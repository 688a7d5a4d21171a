"""Each step on the way to a friend has its reason, seen in the universe."""

import pytest

from tests.support.worlds import SimulatedWorld
from toxpy import OfflineReason, Tox


@pytest.fixture
def world():
    return SimulatedWorld()


def reason(actor):
    return Tox(core=actor.tox).friend_why_offline(0).reason


def reaches(world, actor, expected, timeout_s=120):
    world.until(lambda: reason(actor) == expected, f"{expected.name}, is {reason(actor).name}", timeout_s)


def test_who_is_not_connected_is_told_so(world):
    alice = world.actor("alice")
    alice.friend_add_norequest(bytes(31) + b"\7")
    assert reason(alice) == OfflineReason.SELF_OFFLINE
    assert "bootstrap" in str(Tox(core=alice.tox).friend_why_offline(0))


def test_a_friend_who_is_not_running_is_not_found(world):
    alice, _ = world.strangers()
    alice.friend_add_norequest(bytes(31) + b"\7")
    world.run_for(60)
    assert reason(alice) == OfflineReason.NOT_FOUND


def test_a_friend_who_has_not_added_us_tells_no_dht_key(world):
    alice, bob = world.strangers()
    alice.friend_add_norequest(bob.self_get_public_key())
    reaches(world, alice, OfflineReason.DHT_KEY_UNKNOWN)
    why = Tox(core=alice.tox).friend_why_offline(0)
    assert why.since_s is not None and "found" in why.steps and "dht_key" not in why.steps


def test_a_friend_online_and_then_gone(world):
    alice, bob = world.friends()
    assert reason(alice) == OfflineReason.NONE
    world.vanish(bob)
    world.until(lambda: not alice.is_online(), "alice to notice", 60)
    why = Tox(core=alice.tox).friend_why_offline(0)
    assert why.reason == OfflineReason.WENT_AWAY
    assert why.timed_out and "silent" in str(why)
    world.run_for(30)
    why = Tox(core=alice.tox).friend_why_offline(0)
    assert why.reason == OfflineReason.WENT_AWAY and 25 < why.since_s < 40


def test_a_friend_who_says_goodbye_did_not_time_out(world):
    alice, bob = world.friends()
    world.stop(bob)
    world.until(lambda: not alice.is_online(), "alice to notice", 60)
    why = Tox(core=alice.tox).friend_why_offline(0)
    assert why.reason == OfflineReason.WENT_AWAY and not why.timed_out


def test_a_friend_who_removed_us_answers_but_rejects(world):
    alice, bob = world.friends()
    bob.friend_delete(0)
    reaches(world, alice, OfflineReason.HANDSHAKE_REJECTED)


def test_a_firewall_between_friends_is_silence_at_the_address(world):
    alice, bob = world.strangers()
    carry = world.universe.carry

    def walled(source, address, data):
        pair = {source.address, address}
        # only the session's packets are held back, so that both still find each other
        if pair == {alice.socket.address, bob.socket.address} and data[0] in (0x18, 0x19, 0x1A, 0x1B):
            return
        carry(source, address, data)

    world.universe.carry = walled
    alice.friend_add_norequest(bob.self_get_public_key())
    bob.friend_add_norequest(alice.self_get_public_key())
    reaches(world, alice, OfflineReason.NO_COOKIE)
    assert not alice.is_online()
