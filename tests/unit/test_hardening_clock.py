"""Clocks that jump: a machine that slept for hours, a wall clock set to anything; and what must expire."""

import time

import pytest

from tests.support.fake_streams import FakeListener
from tests.support.relay_client import RelayClient
from tests.support.universe import SeededRng, SimClock
from tests.support.worlds import SimulatedWorld, events
from tests.unit.net_crypto.pair import Recorder, client_and_server
from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.crypto.sodium import shared_key
from toxpy.dht.bootstrap import MAX_RETRY_MS, RETRY_MS, Bootstrap
from toxpy.dht.budget import KeyBudget
from toxpy.net_crypto import handshake as hs
from toxpy.net_crypto import net_crypto
from toxpy.runtime import Clock, Runtime, Timers
from toxpy.tcp.server import TcpServer

HOUR_MS = 3_600_000


# the monotonic clock


@pytest.mark.parametrize("hours", [1, 24])
def test_a_machine_that_slept_bursts_into_nothing_and_comes_back(hours):
    """The network goes on without it, then one pass sees all those hours at once."""
    world = SimulatedWorld(seed=5)
    alice, bob = world.friends()
    world.run_for(60)
    universe, core = world.universe, alice.tox
    heap = len(core.rt.timers._heap)
    universe.remove(core)
    alice.socket.online = False
    if hours == 1:
        world.run_for(3600)
    else:
        # all nodes slept
        universe.clock.now_ms += hours * HOUR_MS
    alice.socket.online = True
    universe.add(core, alice.socket)
    sent = sum(core.socket.traffic.packets_sent)
    for _ in range(10):
        core.iterate()
    # a pass sends what one pass may send, not what the hours would have
    assert sum(core.socket.traffic.packets_sent) - sent < 150
    assert len(core.rt.timers._heap) < heap + 100
    # whoever slept believes in the connection until he notices that nothing comes
    world.until(
        lambda: any(isinstance(e, events.FriendConnectionStatus) for e in bob.seen + alice.seen), "news", 60
    )
    world.connect(alice, bob, 90)
    alice.friend_send_message(0, 0, b"good morning")
    bob.wait(events.FriendMessage, message=b"good morning")
    world.close()


def test_a_timer_that_renews_itself_runs_once_however_late():
    rt = Runtime(SimClock(), SeededRng(1))
    ran = []

    def every_second():
        rt.timers.call_later(1000, every_second)
        ran.append(rt.clock.now_ms)

    rt.timers.call_later(1000, every_second)
    rt.clock.now_ms += 24 * HOUR_MS
    rt.timers.run_due()
    assert len(ran) == 1
    assert rt.timers.next_deadline_ms() == rt.clock.now_ms + 1000


def test_the_monotonic_clock_never_steps_back_and_survives_its_failure(monkeypatch):
    clock = Clock()
    readings = iter([5_000_000_000, 4_000_000_000, 6_000_000_000])
    clock.now_ms = 0
    monkeypatch.setattr(time, "monotonic_ns", lambda: next(readings))
    seen = []
    for _ in range(3):
        clock.update()
        seen.append(clock.now_ms)
    assert seen == [5000, 5000, 6000]

    def broken():
        raise OSError(5, "no clock")

    monkeypatch.setattr(time, "monotonic_ns", broken)
    clock.update()
    assert clock.now_ms == 6000


# the wall clock


@pytest.mark.parametrize("reading", [-1.0, -1e18, 0.0, 946_000_000.0, 2.0**63, float("inf"), OSError])
def test_any_wall_clock_reads_as_a_number_that_can_be_sent(monkeypatch, reading):
    def now():
        if reading is OSError:
            raise OSError(5, "no clock")
        return reading

    monkeypatch.setattr(time, "time", now)
    assert 0 <= Clock().unix_s() < 2**64


class Whims:
    """Wall clocks, reading by reading."""

    @staticmethod
    def back():
        """An hour less each time."""
        at = 2_000_000_000
        while True:
            yield at
            at -= 3600

    @staticmethod
    def zero():
        """1970, as a machine without a battery."""
        while True:
            yield 0

    @staticmethod
    def anything():
        """From one end to the other."""
        while True:
            yield from (2**64 - 10**6, 0, 1_000_000_000, 5)


@pytest.mark.parametrize("whim", ["back", "zero", "anything"])
def test_friends_meet_and_talk_whatever_the_wall_clock_says(monkeypatch, whim):
    readings = getattr(Whims, whim)()
    monkeypatch.setattr(SimClock, "unix_s", lambda _self: next(readings))
    world = SimulatedWorld(seed=6)
    alice, bob = world.friends()
    alice.friend_send_message(0, 0, b"hello")
    bob.wait(events.FriendMessage, message=b"hello")
    # a restart means a new DHT key, which the other must believe
    bob = world.restart(bob)
    bob.bootstrap_to(world.actors[0])
    world.connect(alice, bob)
    world.close()


def test_dht_keys_are_told_with_numbers_that_only_grow(monkeypatch):
    """And not faster than time: a friend would ignore us after a restart, until it has passed."""
    world = SimulatedWorld(seed=6)
    alice, bob = world.strangers()
    alice.friend_add_norequest(bob.self_get_public_key())
    onion = alice.tox.onion
    (friend,) = onion.friends.values()
    numbers = []
    for wall in (1_700_000_000, 1_700_000_000, 1_699_996_400, 0, 1_700_000_100):
        monkeypatch.setattr(SimClock, "unix_s", lambda _self, wall=wall: wall)
        onion._rt.clock.now_ms += 1000
        for _ in range(50):
            onion._dht_pk_packet(friend)
        numbers.append(int.from_bytes(onion._dht_pk_packet(friend)[1:9], "big"))
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == 1_700_000_100, "and it never runs ahead of a sound clock"
    world.close()


def test_a_recorded_dht_key_is_worth_nothing(monkeypatch):
    """Neither at once nor when clocks have gone back."""
    world = SimulatedWorld(seed=6)
    alice, bob = world.strangers()
    alice.friend_add_norequest(bob.self_get_public_key())
    bob.friend_add_norequest(alice.self_get_public_key())
    (to_bob,) = alice.tox.onion.friends.values()
    onion = bob.tox.onion
    (to_alice,) = onion.friends.values()
    told = []
    to_alice.owner = type("Owner", (), {"on_dht_pk": lambda _self, pk: told.append(pk)})()
    old = alice.tox.onion._dht_pk_packet(to_bob)[1:41]
    alice.tox.onion._rt.clock.now_ms += 1000
    new = alice.tox.onion._dht_pk_packet(to_bob)[1:41]
    for packet in (new, new, old):
        onion._on_dht_pk(alice.self_get_public_key(), packet)
    monkeypatch.setattr(SimClock, "unix_s", lambda _self: 0)
    onion._on_dht_pk(alice.self_get_public_key(), old)
    assert len(told) == 1
    assert bob.rt.counters.values["drop.dht_pk_replay"] == 3
    world.close()


# back-off


def test_bootstrap_nodes_are_asked_again_with_growing_pauses_and_jitter():
    """While nobody answers; from the start again once somebody did."""
    rt = Runtime(SimClock(), SeededRng(2))
    asked = []
    nodes = Bootstrap(lambda *_: asked.append(rt.clock.now_ms), rt=rt)
    nodes.remember((bytes((9, 9, 9, 9)), 1), bytes(32))

    def pauses(connected_after):
        asked[:] = [rt.clock.now_ms]
        while len(asked) <= connected_after:
            rt.clock.now_ms += 5
            nodes.run(False, False)
        return [after - before for before, after in zip(asked, asked[1:], strict=False)]

    expected = [min(RETRY_MS << i, MAX_RETRY_MS) for i in range(12)]
    first = pauses(12)
    assert all(base <= pause <= 1.25 * base + 5 for pause, base in zip(first, expected, strict=True))
    assert len({round(pause / base, 2) for pause, base in zip(first, expected, strict=True)}) > 6
    nodes.run(True, True)
    assert all(base <= pause <= 1.25 * base + 5 for pause, base in zip(pauses(3), expected, strict=False))


# what is half-open


def test_a_thousand_half_open_sessions_are_gone_in_time():
    """Handshakes that nobody confirms, and requests for cookies that nobody answers."""
    universe, client, server = client_and_server()
    server.net.on_incoming = lambda *_: Recorder()
    rng = universe.runtime("flood").rng
    most = 0
    for i in range(1000):
        identity = KeyPair.generate(rng)
        key = shared_key(server.identity.public, identity.secret)
        cookie = server.net.keys.cookies.make(identity.public, client.dht.public_key)
        shake = hs.create_handshake(key, bytes(24), cookie, bytes(24), client.dht.public_key, bytes(112))
        server.inject(shake, (bytes([9, i >> 8, i & 255, 1]), 9))
        most = max(most, len(server.net))
        universe.clock.now_ms += 1
    assert most == net_crypto.MAX_HALF_OPEN
    for _ in range(1000):
        peer = server.net.connect(KeyPair.generate(rng).public, KeyPair.generate(rng).public, Recorder())
        peer.set_address((bytes((9, 9, 9, 9)), 9))
    assert len(server.net) == most + 1000
    universe.run_for(9_000)
    assert (len(server.net), len(server.net.routes.by_address)) == (0, 0)
    assert server.rt.timers.next_deadline_ms() is None


def test_ten_thousand_first_halves_of_handshakes_leave_nothing():
    """A cookie request is answered and forgotten."""
    _universe, client, server = client_and_server()
    sent = len(server.sent)
    for i in range(10_000):
        packet = hs.create_cookie_request(
            client.dht.shared_keys.get(server.dht.public_key),
            i.to_bytes(24, "big"),
            client.dht.public_key,
            bytes(32),
            bytes(8),
        )
        server.inject(packet, (bytes([9, i >> 8, i & 255, 1]), 9))
    assert len(server.sent) - sent == 10_000
    assert (len(server.net), len(server.net.routes.by_address), len(server.net.newest)) == (0, 0, 0)
    assert server.rt.timers.next_deadline_ms() is None


@pytest.mark.parametrize("says_hello", [False, True])
def test_a_thousand_half_open_relay_connections_are_gone_in_time(says_hello):
    rt, rng, listener = Runtime(SimClock(), SeededRng(4)), SeededRng(3), FakeListener()
    keys = KeyPair.generate(rng)
    server = TcpServer(keys, SharedKeys(keys, rt=rt), [listener], rt=rt, budget=KeyBudget(rt=rt))
    streams = []
    for i in range(1000):
        client = RelayClient(listener.connect((bytes((9, i >> 8, i & 255, 1)), 1)), keys.public, rng)
        if says_hello:
            client.send_hello()
        streams.append(client)
        rt.clock.now_ms += 1
    assert server.half_open == 1000
    # not later than this
    rt.clock.now_ms += 10_000
    rt.timers.run_due()
    assert server.half_open == 0 and all(client.is_closed for client in streams)
    assert rt.timers.next_deadline_ms() is None


def test_handshakes_pushed_out_of_the_memory_cannot_be_replayed():
    """The memory is bounded, and flushing it is no way around it."""
    universe, client, server = client_and_server()
    client.connect(server)
    assert universe.run_until(
        lambda: server.connection is not None and server.connection.is_established, 5000
    )
    shake = client.kinds_sent(0x1A)[0]
    client.connection.kill()
    universe.run_for(100)
    for i in range(2 * net_crypto.MAX_REMEMBERED):
        stamp = server.net.keys.cookies.open(server.net.keys.cookies.make(bytes(32), bytes(32))).stamp
        cookie = hs.Cookie(stamp, i.to_bytes(32, "big"), bytes(32))
        server.net.remember(hs.Handshake(cookie, bytes(24), bytes(32), bytes(112)))
    assert client.identity.public not in server.net.newest
    server.inject(shake, (bytes((9, 9, 9, 9)), 9))
    assert server.drops("handshake_replayed") == 1 and len(server.net) == 0
    # who comes with a new cookie is let in as ever
    again = client.connect(server)
    assert universe.run_until(lambda: again.is_established, 20_000)


def test_cancelled_timers_are_given_back():
    """A stranger who makes us move a timer again and again fills no heap with those cancelled."""
    timers = Timers(clock := SimClock())
    clock.now_ms = 0
    timer = None
    for i in range(100_000):
        if timer is not None:
            timer.cancel()
        timer = timers.call_at(HOUR_MS - i, lambda: None)
    assert len(timers._heap) < 1000
    assert timers.next_deadline_ms() == HOUR_MS - 99_999
