"""Input of any shape: cut, random, with impossible lengths; and secrets, threads and call-backs."""

import random
import sys
import threading

import pytest

from tests.fuzz.datagrams import prepare, still_talks
from tests.support.secrets import record_keys
from tests.support.worlds import SimulatedWorld, events
from toxpy.core import Core
from toxpy.crypto import sodium
from toxpy.errors import ToxError
from toxpy.net_crypto import setup
from toxpy.options import Options
from toxpy.system import datapath_twin
from toxpy.wire.address import pack_ip_port
from toxpy.wire.packets import DHT_REQUEST, ONION_DATA_REQUEST

ELSEWHERE = (bytes((20, 9, 9, 9)), 33445)


def counted(core):
    return sum(core.rt.counters.values.values())


@pytest.fixture(scope="module")
def talking():
    """Friends online, and samples of every packet kind that they and their network exchanged."""
    world, alice, bob, samples = prepare(3)
    yield world, alice, bob, samples
    still_talks(world, alice, bob)
    world.close()


def test_every_beginning_of_a_packet_is_dropped_and_counted(talking):
    """From where it came and from elsewhere; the whole packet is not among them."""
    _world, alice, _bob, samples = talking
    assert len(samples) > 15
    for kind, sent in samples.items():
        if kind == DHT_REQUEST.kind:
            # others are passed on
            sent = [sample for sample in sent if sample[2][1:33] == alice.tox.dht.public_key]
        source, _, data = sent[-1]
        for address in (source, ELSEWHERE):
            before = counted(alice.tox)
            for size in range(len(data)):
                alice.socket.inbox.append((data[:size], address))
            alice.tox.iterate()
            # what is passed on, or back, counts as well, but for the data that somebody stored here gets
            if kind != ONION_DATA_REQUEST.kind:
                assert counted(alice.tox) - before >= len(data), hex(kind)


def test_short_packets_of_every_kind(talking):
    _world, alice, _bob, _samples = talking
    before = counted(alice.tox)
    for kind in range(256):
        for size in range(64):
            alice.socket.inbox.append((bytes((kind,)) + bytes(size), ELSEWHERE))
        alice.tox.iterate()
    assert counted(alice.tox) - before >= 256 * 64


def test_ten_thousand_random_strings(talking):
    _world, alice, bob, _samples = talking
    rng = random.Random(8)
    before = counted(alice.tox)
    for i in range(10_000):
        source = bob.socket.address if i % 2 else ELSEWHERE
        alice.socket.inbox.append((rng.randbytes(rng.randrange(1501)), source))
        if i % 500 == 499:
            alice.tox.iterate()
    assert counted(alice.tox) - before >= 10_000


@pytest.mark.parametrize("address", [(bytes(4), 65536), (bytes(4), -1), (bytes(5), 1), (b"", 1)])
def test_what_does_not_fit_is_not_encoded(address):
    with pytest.raises((OverflowError, KeyError)):
        pack_ip_port(address)


# secrets


def test_no_secret_reaches_the_log(monkeypatch):
    """Friends meet over UDP and over relays, fail, restart; every line is looked at."""
    lines, made_keys = [], record_keys(monkeypatch)
    for relayed in (False, True):
        made_keys.clear()
        world = SimulatedWorld(seed=11, relayed=relayed)
        start = world.actor

        def actor(name, savedata=b"", start=start):
            made = start(name, savedata)
            made.tox.rt.log = lambda _level, text: lines.append(text)
            return made

        world.actor = actor
        alice, bob = world.friends()
        cores = [a.tox for a in world.actors]
        secrets = [core.identity.secret for core in cores] + [core.dht.keys.secret for core in cores]
        secrets += [core.messenger.requests.nospam for core in cores]
        connections = [c for core in cores for c in core.net_crypto._connections.values()]
        assert len(connections) == 2
        secrets += made_keys
        secrets += [sodium.shared_key(c.peer_session_pk, secret) for c in connections for secret in made_keys]
        secrets += [core.onion._data_keys.secret for core in cores]
        alice.tox.network.add_tcp_relay("20.0.99.99", 1, bytes(range(32)))
        bob.socket.online = False
        world.run_for(60)
        shown = "\n".join(
            [*lines, *(repr(core) + repr(core.options) + repr(core.identity) for core in cores)]
        )
        assert len(lines) > 5
        for secret in secrets:
            for form in (secret.hex(), secret.hex().upper(), repr(secret)[2:-1], str(list(secret))[1:-1]):
                assert form not in shown
        world.close()


# threads and call-backs


def test_a_pass_inside_a_pass_does_nothing():
    """From a log callback, which runs in the middle of one; or in another thread."""
    depth, deepest, calls = 0, 0, 0

    def on_log(*_):
        nonlocal depth, deepest, calls
        depth += 1
        calls += 1
        deepest = max(deepest, depth)
        core.iterate()
        depth -= 1

    core = Core(Options(local_discovery_enabled=False, udp_enabled=False))
    core.rt.log = on_log
    core.network.add_tcp_relay("127.0.0.1", 9, bytes(range(32)))
    for _ in range(50):
        core.iterate()
    assert calls and deepest == 1
    assert core.rt.counters.values["iterate_inside_itself"] == calls
    core.kill()


def test_a_hundred_threads_never_use_a_nonce_twice(monkeypatch):
    """All call one instance, with the lock that `experimental_thread_safety` means, every message arrives."""
    used = set()
    repeated = []
    encrypt = sodium.encrypt

    def recording(key, nonce, plain):
        if (key, nonce) in used:
            repeated.append(nonce)
        used.add((key, nonce))
        return encrypt(key, nonce, plain)

    monkeypatch.setattr(setup, "Session", datapath_twin.Session)
    monkeypatch.setattr(datapath_twin, "encrypt", recording)
    world = SimulatedWorld(seed=12)
    alice, bob = world.friends()
    lock, interval = threading.RLock(), sys.getswitchinterval()
    numbers = []

    def offered(message):
        """The message's number, None while the queue is full."""
        try:
            return alice.friend_send_message(0, 0, message)
        except ToxError as error:
            assert error.name == "TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ"
            return None

    def send(number):
        for i in range(20):
            with lock:
                alice.tox.iterate()
                while (sent := offered(b"%d %d" % (number, i))) is None:
                    world.run_for(0.02)
                numbers.append(sent)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(100)]
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    expected = {b"%d %d" % (number, i) for number in range(100) for i in range(20)}
    got = []
    world.until(
        lambda: (
            [got.append(e.message) for e in bob.seen if isinstance(e, events.FriendMessage)]
            and (bob.seen.clear() or len(got) >= 2000)
        ),
        "all messages",
    )
    assert len(got) == 2000 and set(got) == expected
    assert numbers == sorted(set(numbers)), "counters only grow"
    assert len(used) > 2000 and not repeated
    world.close()


@pytest.mark.parametrize("relayed", [False, True])
@pytest.mark.parametrize("line", range(1, 8))
def test_an_instance_may_be_ended_by_its_own_log_callback(line, relayed):
    """In the middle of a pass, wherever that line is written: the pass ends, and nothing is left."""
    world = SimulatedWorld(seed=13, relayed=relayed)
    alice, bob = world.strangers()
    alice.friend_add_norequest(bob.self_get_public_key())
    bob.friend_add_norequest(alice.self_get_public_key())
    lines = []

    def log(_level, text):
        lines.append(text)
        if len(lines) == line:
            alice.tox.kill()

    alice.tox.rt.log = log
    world.until(alice.is_online, "alice to be online", 90) if line > 4 else None
    alice.add_tcp_relay("20.0.99.99", 1, bytes(range(32)))
    bob.socket.online = False
    for node in world.actors[:4]:
        node.socket.online = False
    world.run_for(180)
    if alice.tox.killed:
        # the simulated streams keep theirs, for connections under way
        left = [timer.callback for _, _, timer in alice.tox.rt.timers._heap if timer.callback is not None]
        assert [callback for callback in left if callback.__module__.startswith("toxpy")] == []
        assert len(lines) == line
    else:
        assert len(lines) < line
    world.close()
