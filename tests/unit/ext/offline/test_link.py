"""Links to mailboxes: how they come to be, what they show of us, how they end."""

import contextlib
import gc
import os
import time

import pytest

from tests.support.mailboxes import SimMailbox, Talk, links_of
from tests.support.sim_proxy import SimProxy
from tests.support.worlds import SimulatedWorld
from toxpy.core import Core
from toxpy.ext.offline import link, ops
from toxpy.ext.offline.records import Mailbox
from toxpy.generated import enums
from toxpy.net_crypto.policy import LEGACY, NOISE_IK, Handshakes
from toxpy.network.network_address import AddressType
from toxpy.options import Options
from toxpy.runtime import FORKS

ONION = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion"
LOW_ORDER = bytes(32)


class Scene:
    """An instance, and a mailbox that it has never heard of."""

    def __init__(self, seed=3, relay=True, alice=None, **network):
        self.world = SimulatedWorld(seed, options={"alice": alice or {}}, **network)
        self.alice = self.world.actor("alice")
        self.box = SimMailbox(self.world, relay=relay)

    def talk(self, **changed):
        return Talk(self.alice, self.box.mailbox(**changed))

    def links(self):
        return links_of(self.alice.tox)

    def sessions(self):
        """The mailbox's crypto connections."""
        return self.box.host._net.connections()

    def drop_udp(self, to_box=True):
        """Nothing gets to the mailbox by UDP any more, or nothing from it."""
        universe, box = self.world.universe, self.box.socket
        carry = universe.carry

        def carried(source, address, data):
            if (address != box.address) if to_box else (source is not box):
                carry(source, address, data)

        universe.carry = carried

    def left(self):
        """What is open on alice's side."""
        sockets = [socket for socket in self.alice.socket.siblings if not socket.closed]
        return len(self.links()), len(sockets), len(self.alice.tox.node.streams)


@pytest.fixture
def scene():
    made = []

    def make(**how):
        made.append(Scene(**how))
        return made[-1]

    yield make
    for each in made:
        each.world.close()


WAYS = {"udp": {}, "relay": {"udp_enabled": False}}


@pytest.mark.parametrize("way", WAYS)
def test_a_session_by_udp_or_by_the_mailboxes_relay(scene, way):
    scene = scene(alice=WAYS[way])
    talk = scene.talk()
    # nothing happens within the call
    assert scene.left() == (1, 0, 0)
    talk.wait()
    assert talk.up and talk.down is None
    assert talk.greet().code == ops.OK
    assert len(scene.box.server) == 1
    assert talk.link.room() > 0
    talk.link.close()
    talk.link.close()
    assert scene.left() == (0, 0, 0)
    assert talk.link.room() == 0 and not talk.link.send(ops.hello(bytes(32)))
    scene.world.run_for(1)
    assert len(scene.box.server) == 0 and scene.sessions() == []
    assert talk.down is None


def test_nothing_ties_sessions_together_or_to_us(scene):
    scene = scene()
    alice, universe = scene.alice, scene.world.universe
    seen = []
    carry = universe.carry

    def carried(source, address, data):
        seen.append((source, address, data))
        carry(source, address, data)

    universe.carry = carried
    keys = set()
    talks = [scene.talk() for _ in range(3)]
    for talk in talks:
        talk.wait().greet()
    for session in scene.sessions():
        keys |= {session.real_pk, session.dht_pk}
    assert len(keys) == 6
    ours = {alice.tox.identity.public, alice.tox.dht.public_key}
    assert not keys & ours
    sent = [(source, data) for source, address, data in seen if address == scene.box.socket.address]
    assert len({source.address for source, _ in sent}) == 3
    assert alice.socket not in {source for source, _ in sent}
    for _, data in sent:
        assert not any(key in data for key in ours)


def test_it_comes_to_be_on_a_bad_line(scene):
    scene = scene(seed=5, loss=0.3, duplicate=0.1, jitter_ms=80)
    talks = [scene.talk().wait() for _ in range(10)]
    assert [talk.down for talk in talks] == [None] * 10
    for talk in talks:
        assert talk.greet().code == ops.OK


@pytest.mark.parametrize("to_box", [True, False])
def test_where_udp_is_blocked_the_relay_serves(scene, to_box):
    scene = scene()
    scene.drop_udp(to_box)
    begin_ms = scene.world.now_ms()
    talk = scene.talk().wait()
    assert talk.up
    # if it is the way back, the first try has to fail
    assert scene.world.now_ms() - begin_ms < (link.RELAY_AFTER_MS if to_box else 16_000) + 2_000
    assert talk.greet().code == ops.OK


def test_nobody_answers(scene):
    scene = scene(relay=False)
    scene.drop_udp()
    begin_ms = scene.world.now_ms()
    talk = scene.talk().wait()
    assert not talk.up and talk.down == "cannot connect to the relay"
    assert scene.world.now_ms() - begin_ms == pytest.approx(link.ANSWER_TIMEOUT_MS, abs=200)
    assert scene.left() == (0, 0, 0)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("key", ["real_pk", "dht_pk"])
def test_somebody_else_answers(scene, way, key):
    scene = scene(alice=WAYS[way])
    talk = scene.talk(**{key: bytes(range(1, 33))}).wait()
    assert not talk.up and talk.down
    assert scene.left() == (0, 0, 0)


@pytest.mark.parametrize(
    ("options", "place", "reason"),
    [
        ({}, {"dht_pk": LOW_ORDER}, "the DHT key is of low order"),
        ({}, {"host": "mailbox.example.org"}, "only a proxy leads to its name"),
        ({}, {"host": ONION}, "only a proxy leads to its name"),
        ({}, {"host": "0.0.0.0"}, "nobody can be at its address"),
        ({"ipv6_enabled": False}, {"host": "2001:db8::1"}, "it has an IPv6 address, and IPv6 is off"),
        (
            {"only_networks": {AddressType.IPV6}},
            {"host": "20.1.2.3"},
            "it is in a network that we do not use",
        ),
    ],
)
def test_no_way_leads_there(scene, options, place, reason):
    scene = scene(alice=options)
    scene.alice.tox.node.streams.ipv6 = options.get("ipv6_enabled", True)
    talk = scene.talk(**place)
    assert talk.down is None
    talk.wait(timeout_s=1)
    assert talk.down == reason
    assert scene.left() == (0, 0, 0)


def test_no_socket_is_left(scene, monkeypatch):
    scene = scene()

    def sibling():
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(scene.alice.socket, "sibling", sibling)
    assert scene.talk().wait().down == "[Errno 24] Too many open files"


# what a mailbox may do to us


def test_an_answer_that_makes_no_sense_ends_it(scene):
    scene = scene()
    talk = scene.talk().wait()
    scene.sessions()[0].write_lossless(ops.end_answer())
    scene.world.until(lambda: talk.down is not None, "the end")
    assert talk.down == "its answer makes no sense: mailbox: an answer to another question"
    assert scene.left() == (0, 0, 0)
    scene.world.run_for(1)
    assert scene.sessions() == []


def test_another_kind_of_packet_ends_it(scene):
    scene = scene()
    talk = scene.talk().wait()
    scene.sessions()[0].write_lossless(b"\x40message")
    scene.world.until(lambda: talk.down is not None, "the end")
    assert talk.down == "it sends what no mailbox sends"


def test_the_mailbox_ends_it(scene):
    scene = scene()
    talk = scene.talk().wait()
    scene.box.server.close()
    scene.world.until(lambda: talk.down is not None, "the end", 2)
    assert talk.down == "it ended the session"


def test_a_mailbox_that_vanishes(scene):
    scene = scene()
    talk = scene.talk().wait()
    talk.greet()
    scene.box.socket.online = False
    begin_ms = scene.world.now_ms()
    scene.world.until(lambda: talk.down is not None, "the end", 60)
    assert talk.down == "it fell silent"
    assert scene.world.now_ms() - begin_ms < link.SILENCE_MS + 2 * link.CHECK_MS
    assert scene.left() == (0, 0, 0)


def test_nobody_uses_it(scene, monkeypatch):
    scene = scene()
    # the mailbox would be first
    monkeypatch.setattr("toxpy.ext.mailbox.server.IDLE_TIMEOUT_MS", 1 << 40)
    talk = scene.talk().wait()
    talk.greet()
    scene.world.run_for(link.IDLE_TIMEOUT_MS // 1000 - 5)
    assert talk.down is None
    scene.world.until(lambda: talk.down is not None, "the end", 20)
    assert talk.down == "nobody used the session"


def test_a_flood_is_bounded(scene):
    scene = scene()
    talk = scene.talk().wait()
    talk.greet()
    sibling, values = scene.alice.socket.siblings[0], scene.alice.tox.rt.counters.values
    box, stranger, rng = scene.box, scene.world.universe.socket(), scene.world.universe.random
    spent = values["x25519"]
    for _ in range(2_000):
        # a cookie request that would cost a shared key, and a lossy packet
        box.socket.send(sibling.address, b"\x18" + rng.randbytes(144))
        stranger.send(sibling.address, b"\x18" + rng.randbytes(144))
        scene.sessions()[0].send_lossy(b"\xc8flood")
    scene.world.run_for(3)
    assert values["x25519"] - spent <= link.X25519_BURST + 4 * link.X25519_PER_S
    assert values["drop.offline_stranger"] == 2_000
    assert values["drop.offline_lossy"] > 1_900
    assert talk.down is None
    talk.ask(ops.HAS, ops.has([bytes(8)]), prefixes=1)
    assert talk.wait_for(2).found == [False]


# call-backs


@pytest.mark.parametrize("way", WAYS)
def test_closed_in_the_call_back_that_it_is_up(scene, way, monkeypatch):
    scene = scene(alice=WAYS[way])
    talk = scene.talk()
    monkeypatch.setattr(talk, "on_up", lambda: (setattr(talk, "up", True), talk.link.close()))
    talk.wait()
    scene.world.run_for(2)
    assert scene.left() == (0, 0, 0) and talk.down is None
    assert len(scene.box.server) == 0


@pytest.mark.parametrize("way", WAYS)
def test_closed_in_the_call_back_of_an_answer(scene, way):
    scene = scene(alice=WAYS[way])
    talk = scene.talk().wait()
    for _ in range(3):
        talk.answers.expect(ops.HAS, 1)
    talk.then = lambda _answer: talk.link.close()
    talk.ask(ops.HELLO)
    talk.answers = ops.Answers()
    talk.ask(ops.HELLO, ops.hello(bytes(32)), ops.has([bytes(8)]), ops.has([bytes(8)]))
    scene.world.run_for(2)
    assert len(talk.packets) == 1 and talk.down is None
    assert scene.left() == (0, 0, 0)


def test_the_end_of_the_instance_is_told(scene):
    scene = scene()
    talk = scene.talk().wait()
    talk.greet()
    scene.world.stop(scene.alice)
    scene.world.run_for(0.5)
    assert len(scene.box.server) == 0 and scene.sessions() == []
    assert talk.down is None


def test_the_child_of_a_fork_leaves_it_to_the_parent(scene, monkeypatch):
    scene = scene()
    talk = scene.talk().wait()
    sibling = scene.alice.socket.siblings[0]
    sent = sum(sibling.traffic.packets_sent)
    with monkeypatch.context() as child:
        child.setattr(FORKS, "count", FORKS.count + 1)
        scene.links().begin_pass()
    assert talk.down == "it was the parent's"
    assert scene.left() == (0, 0, 0)
    assert sum(sibling.traffic.packets_sent) == sent
    scene.world.run_for(1)
    assert len(scene.box.server) == 1


# Noise


@pytest.mark.parametrize(
    ("mode", "mailbox_has_it", "version"),
    [
        (enums.TOX_HANDSHAKE_MODE_LEGACY_ONLY, True, LEGACY),
        (enums.TOX_HANDSHAKE_MODE_NOISE_AND_LEGACY, True, NOISE_IK),
        (enums.TOX_HANDSHAKE_MODE_NOISE_ONLY, True, NOISE_IK),
        (enums.TOX_HANDSHAKE_MODE_NOISE_AND_LEGACY, False, LEGACY),
        (enums.TOX_HANDSHAKE_MODE_NOISE_ONLY, False, None),
    ],
)
@pytest.mark.parametrize("way", WAYS)
def test_noise_as_the_options_say(scene, way, mode, mailbox_has_it, version, monkeypatch):
    if not mailbox_has_it:

        def refuse(_self, _policy):
            raise ModuleNotFoundError("no module", name="noise")

        with monkeypatch.context() as patched:
            patched.setattr("toxpy.net_crypto.net_crypto.NetCrypto.use", refuse)
            scene = scene()
        scene.world.options["alice"] = {"handshake": mode, **WAYS[way]}
        scene.alice = scene.world.actor("alice")
    else:
        scene = scene(alice={"handshake": mode, **WAYS[way]})
    talk = scene.talk().wait()
    if version is None:
        assert not talk.up and talk.down == "it does not answer"
        return
    assert talk.up
    assert [session.version for session in scene.sessions()] == [version]
    assert talk.greet().code == ops.OK


def test_without_fallback_nothing_but_noise_is_begun():
    assert not link.MailboxHandshakes(only=False, fallback=False).may_fall_back(bytes(32))
    assert not link.MailboxHandshakes(only=True, fallback=True).may_fall_back(bytes(32))
    assert isinstance(link.MailboxHandshakes(only=True, fallback=True), Handshakes)


# proxies


@pytest.mark.parametrize("host", [None, ONION, "mailbox.example.org"])
def test_through_a_proxy_each_session_is_another_user(scene, host):
    scene = scene()
    proxy = SimProxy(scene.world)
    proxy.names = {ONION: scene.box.socket.address, "mailbox.example.org": scene.box.socket.address}
    scene.world.options["alice"] = proxy.options()
    scene.alice = alice = scene.world.actor("alice")
    place = {"host": host} if host else {}
    talks = [scene.talk(**place).wait() for _ in range(2)]
    for talk in talks:
        assert talk.up, talk.down
        assert talk.greet().code == ops.OK
    users = [user for user, _name in proxy.asked]
    assert len(users) == len(set(users)) == 2
    assert {name for name, _password in users} == {b"toxpy"}
    assert len(alice.socket.siblings) == 0 and not any(alice.socket.traffic.packets_sent)


def test_a_proxy_that_refuses_is_said(scene):
    scene = scene()
    proxy = SimProxy(scene.world)
    scene.world.options["alice"] = proxy.options()
    scene.alice = scene.world.actor("alice")
    begin_ms = scene.world.now_ms()
    talk = scene.talk(host=ONION).wait(70)
    assert talk.down == "SOCKS5 proxy refused: host unreachable"
    assert scene.world.now_ms() - begin_ms == pytest.approx(link.HIDDEN_TIMEOUT_MS, abs=200)


def test_the_proxy_of_our_endpoints_network_leads_to_names_in_it(scene):
    scene = scene()
    proxy = SimProxy(scene.world)
    proxy.names[ONION] = scene.box.socket.address

    class Endpoint:
        listen, tell_to, kind, socks = 0, "friends", AddressType.ONION, proxy.address

        def make(self, **_world):
            return None

    scene.world.options["alice"] = {"endpoint": Endpoint()}
    scene.alice = scene.world.actor("alice")
    assert scene.talk(host=ONION).wait().up
    assert scene.talk(host="mailbox.example.org").wait().down == "only a proxy leads to its name"


# what is left of many


def test_a_thousand_links_leave_nothing(scene):
    scene = scene()
    links, rt = scene.links(), scene.alice.tox.rt
    for _ in range(2):
        scene.talk().wait().link.close()
    scene.world.run_for(70)

    def measure():
        gc.collect()
        return len(gc.get_objects())

    timers, objects = len(rt.timers._heap), measure()
    for i in range(1000):
        talk = Talk(scene.alice, scene.box.mailbox())
        if i % 20 == 0:
            talk.wait()
        elif i % 2:
            scene.alice.tox.iterate()
        talk.link.close()
        del talk
    scene.world.run_for(70)
    assert len(links) == 0 and scene.left() == (0, 0, 0)
    assert len(rt.timers._heap) <= timers + 50
    assert measure() <= objects + 2_000


def test_real_sockets_wake_the_instance_and_are_closed():
    options = Options(ipv6_enabled=False, local_discovery_enabled=False)
    core = Core(options)
    with contextlib.closing(_Killed(core)):
        nobody = Mailbox("127.0.0.1", core.socket.port, bytes(range(1, 33)), bytes(range(1, 33)))
        links = links_of(core)
        before = set(os.listdir("/proc/self/fd"))

        class Owner:
            def on_down(self, reason):
                raise AssertionError(reason)

        for _ in range(20):
            opened = [links.open(nobody, Owner()) for _ in range(5)]
            core.iterate()
            ports = {each._udp.port for each in opened}
            assert len(ports) == 5 and core.socket.port not in ports
            # a datagram to the first one's socket makes the instance's descriptor readable
            core.socket.send((bytes((127, 0, 0, 1)), opened[0]._udp.port), b"\xf0hello")
            values = core.rt.counters.values
            dropped, end = values.get("drop.udp_kind", 0), time.monotonic() + 10
            while values.get("drop.udp_kind", 0) == dropped:
                assert time.monotonic() < end
                core.iterate()
            for each in opened:
                each.close()
        # the instance's own epoll came to be meanwhile
        assert len(set(os.listdir("/proc/self/fd")) - before) <= 1


class _Killed:
    def __init__(self, core):
        self.close = core.kill
