"""Where a scenario plays: the simulated universe, or loopback with the real library on some sides.

A scenario gets a world, asks it for actors by name and drives them with the C API's
names; `wait` and `until` fail with what was seen so far when the time runs out.
"""

from __future__ import annotations

import contextlib
import socket as std_socket
import sys
import time

from tests.support.private_network import HOST, PrivateNetwork
from tests.support.sim_streams import SimStreams, TcpFabric
from tests.support.universe import Universe
from toxpy.core import PARTS, Core
from toxpy.generated import events
from toxpy.generated.enums import TOX_HANDSHAKE_MODE_NOISE_ONLY
from toxpy.options import Options

LOOPBACK = "127.0.0.1"
#: How many times longer our side may take while each of its lines is traced, as in `make coverage`.
TRACED = 4


RELAY = "node0"
SIMULATED_RELAY_PORT = 3389


def free_tcp_port():
    """A TCP port that nobody listens on."""
    with std_socket.create_server((LOOPBACK, 0)) as server:
        return server.getsockname()[1]


def loopback_options(savedata=b"", *, udp=True, tcp_port=0):
    """Options of a node that stays on this machine."""
    options = Options(udp_enabled=udp, tcp_port=tcp_port)
    options.local_discovery_enabled = False
    options.experimental_groups_persistence = True
    # programs under test have the ports of the default for themselves
    options.start_port, options.end_port = 33600, 33999
    if savedata:
        options.savedata_type, options.savedata_data = 1, savedata
    return options


class Actor:
    """One instance and everything that happened to it."""

    def __init__(self, world, name, tox, host, port, tcp_port=0):
        self.world, self.name, self.tox = world, name, tox
        self.host, self.port, self.tcp_port = host, port, tcp_port
        self.seen = []
        #: what runs besides the instance: its telephone
        self.beside = []

    def __getattr__(self, name):
        """A function of the C API: of a Core it is in one of the parts, of the real library not."""
        if isinstance(self.tox, Core):
            for part, kind in PARTS.items():
                if hasattr(kind, name):
                    return getattr(getattr(self.tox, part), name)
        return getattr(self.tox, name)

    def collect(self):
        """Move new events into `seen`."""
        self.seen.extend(self.tox.drain_events())
        for companion in self.beside:
            companion.collect()

    def got(self, kind, **fields):
        """Take the first unconsumed event of that kind with those fields, or None."""
        for i, event in enumerate(self.seen):
            if isinstance(event, kind) and all(getattr(event, k) == v for k, v in fields.items()):
                return self.seen.pop(i)
        return None

    def wait(self, kind, timeout_s=60, **fields):
        """The next such event; AssertionError with the events seen when it does not come."""
        found = []
        self.world.until(
            lambda: (
                bool(found) or ((event := self.got(kind, **fields)) is not None and not found.append(event))
            ),
            f"{self.name} to get {kind.__name__} {fields}, has {self.seen}",
            timeout_s,
        )
        return found[0]

    def bootstrap_to(self, other):
        """Know one other node of the network, and the relay in a world that needs one."""
        relay = self.world.relay
        if relay is not None and not other.port:
            other = relay
        self.bootstrap(other.host, other.port, other.self_get_dht_id())
        if relay is not None and relay is not self:
            self.add_tcp_relay(relay.host, relay.tcp_port, relay.self_get_dht_id())

    def is_online(self, friend_number=0):
        """Is that friend connected."""
        return self.friend_get_connection_status(friend_number) != 0

    def restart(self):
        """Stop and start again from the savedata."""
        return self.world.restart(self)


class World:
    """Common to both kinds: actors by name and waiting for something to be true.

    With `relayed` only the plain nodes have UDP; the first of them is everybody's TCP relay.
    """

    #: the time is not that of the clock
    simulated = False

    def __init__(self, relayed=False, options=None):
        self.actors = []
        #: fields of `Options` by the name of an actor of ours
        self.options = options or {}
        self.relayed = relayed
        self.relay = None
        self.loses_packets = False

    def options_of(self, name, **basic):
        """What an actor of ours is started with."""
        options = loopback_options(**basic)
        for field, value in self.options.get(name, {}).items():
            setattr(options, field, value)
        return options

    def has_udp(self, name):
        """Plain nodes always have it."""
        return not self.relayed or name.startswith("node")

    def is_relay(self, name):
        """Is that the node with the TCP relay."""
        return self.relayed and name == RELAY

    def until(self, condition, what, timeout_s=60):
        """Run everyone until the condition holds; AssertionError saying `what` otherwise."""

        def checked():
            for actor in self.actors:
                actor.collect()
            return condition()

        assert self.run_until(checked, timeout_s), f"waited {timeout_s} s for {what}"

    def stop(self, actor):
        """Kill the instance; its savedata must have been taken before."""
        for companion in list(actor.beside):
            companion.close()
        actor.tox.kill()
        self.actors.remove(actor)

    def run_with(self, actor, companion):
        """Let `companion.iterate()` run with that actor, and close it before the instance."""
        actor.beside.append(companion)

    def run_without(self, actor, companion):
        """No longer."""
        actor.beside.remove(companion)

    def restart(self, actor):
        """A new instance from the savedata of the old one."""
        saved = actor.tox.get_savedata()
        self.stop(actor)
        return self.actor(actor.name, savedata=saved)

    def network(self, size=4):
        """Plain nodes, all bootstrapped to the first."""
        nodes = [self.actor(f"node{i}") for i in range(size)]
        for node in nodes[1:]:
            node.bootstrap_to(nodes[0])
        return nodes

    def strangers(self):
        """alice and bob, each bootstrapped to a node of a small network."""
        nodes = self.network()
        alice, bob = self.actor("alice"), self.actor("bob")
        alice.bootstrap_to(nodes[0])
        bob.bootstrap_to(nodes[-1])
        return alice, bob

    def friends(self):
        """alice and bob as friends (number 0 on both sides) and connected."""
        alice, bob = self.strangers()
        alice.friend_add_norequest(bob.self_get_public_key())
        bob.friend_add_norequest(alice.self_get_public_key())
        self.connect(alice, bob)
        return alice, bob

    def connect(self, alice, bob, timeout_s=90):
        """Wait until both see friend 0 online."""
        self.until(lambda: alice.is_online() and bob.is_online(), "alice and bob to be online", timeout_s)
        alice.seen.clear()
        bob.seen.clear()

    def close(self):
        """Kill everyone."""
        for actor in list(self.actors):
            self.stop(actor)


class Ticking:
    """What the universe lets run at its `next_ms`, as if it were a core."""

    def __init__(self, companion):
        self.companion, self.iterate = companion, companion.iterate
        self.rt = self.timers = self

    def next_deadline_ms(self):
        return self.companion.next_ms


class NoSocket:
    """To which nothing comes."""

    inbox = siblings = ()


class SimulatedWorld(World):
    """All actors are ours, in one universe."""

    simulated = True
    universe_kind = Universe

    def __init__(self, seed=1, relayed=False, options=None, **network):
        super().__init__(relayed, options)
        self.universe = self.universe_kind(seed, **network)
        self.fabric = TcpFabric(self.universe)
        self.loses_packets = self.universe.loss > 0
        self.started = 0

    def actor(self, name, savedata=b"", behind=None):
        self.started += 1
        socket = self.universe.socket(behind)
        rt = self.universe.runtime(f"{name} {self.started}")
        tcp_port = SIMULATED_RELAY_PORT if self.is_relay(name) else 0
        options = self.options_of(name, savedata=savedata, udp=self.has_udp(name), tcp_port=tcp_port)
        streams = SimStreams(self.fabric, socket, rt)
        core = Core(options, rt=rt, udp=socket if options.udp_enabled else None, streams=streams)
        self.universe.add(core, socket)
        actor = Actor(self, name, core, ".".join(map(str, socket.address[0])), socket.port, tcp_port)
        actor.socket = socket
        self.actors.append(actor)
        if tcp_port:
            self.relay = actor
        return actor

    def now_ms(self):
        return self.universe.clock.now_ms

    def run_with(self, actor, companion):
        super().run_with(actor, companion)
        self.universe.add(Ticking(companion), NoSocket())

    def run_without(self, actor, companion):
        super().run_without(actor, companion)
        self.universe.members = [
            member
            for member in self.universe.members
            if getattr(member[0], "companion", None) is not companion
        ]

    def stop(self, actor):
        super().stop(actor)
        self.universe.remove(actor.tox)

    def vanish(self, actor):
        """The actor's machine goes off the network without a goodbye."""
        actor.socket.online = False
        self.stop(actor)

    def run_until(self, condition, timeout_s):
        return self.universe.run_until(condition, timeout_s * 1000)

    def run_for(self, seconds):
        """Let time pass."""
        self.run_until(lambda: False, seconds)
        for actor in self.actors:
            actor.collect()


class LoopbackWorld(World):
    """Real sockets on this machine; actors named in `real` run Debian's library, or that of a newer release.

    With `public` they are in a network namespace of their own, on an address that is not of the LAN.
    """

    #: between two passes over all
    pause_s = 0.004

    def __init__(self, real=(), relayed=False, public=False, release="", options=None):
        super().__init__(relayed, options)
        self.release = release
        self.host = HOST if public else LOOPBACK
        self.network_of_ours = PrivateNetwork().enter() if public else None
        self.real = set(real)

    def make(self, name, **options):
        """The instance of that actor."""
        if name in self.real:
            from tests.support.real_tox import RealTox

            return RealTox(groups_persistence=bool(self.release), release=self.release, **options)
        return Core(self.options_of(name, **options))

    def actor(self, name, savedata=b""):
        udp, tcp_port = self.has_udp(name), free_tcp_port() if self.is_relay(name) else 0
        tox = self.make(name, savedata=savedata, udp=udp, tcp_port=tcp_port)
        actor = Actor(self, name, tox, self.host, 0, tcp_port)
        if udp:
            actor.port = actor.self_get_udp_port()
        self.actors.append(actor)
        if tcp_port:
            self.relay = actor
        return actor

    def now_ms(self):
        return time.monotonic_ns() // 1_000_000

    def vanish(self, actor):
        """Stop iterating without a goodbye; the instance is freed when the world closes."""
        self.actors.remove(actor)
        self.gone = [*getattr(self, "gone", []), actor]

    def run_until(self, condition, timeout_s):
        if sys.gettrace() is not None:
            timeout_s *= TRACED
        return self._run_until(condition, time.monotonic() + timeout_s)

    def _run_until(self, condition, end):
        while not condition():
            if time.monotonic() > end:
                return False
            for actor in list(self.actors):
                actor.tox.iterate()
                for companion in actor.beside:
                    companion.iterate()
            time.sleep(self.pause_s)
        return True

    def run_for(self, seconds):
        """Let time pass."""
        self._run_until(lambda: False, time.monotonic() + seconds)
        for actor in self.actors:
            actor.collect()

    def close(self):
        super().close()
        for actor in getattr(self, "gone", []):
            with contextlib.suppress(OSError):
                actor.tox.kill()
        if self.network_of_ours is not None:
            self.network_of_ours.leave()
            self.network_of_ours = None


class Everybody(dict):
    """The same fields of options for all actors."""

    def get(self, _name, _default=None):
        return self


#: Sessions come from Noise handshakes and from no others.
NOISE_ONLY = Everybody(handshake=TOX_HANDSHAKE_MODE_NOISE_ONLY)

#: which side is the real library; the plain nodes are mixed so that both kinds carry the traffic
BACKENDS = {
    "universe": lambda: SimulatedWorld(),
    "noise-universe": lambda: SimulatedWorld(options=NOISE_ONLY),
    "ours-real": lambda: LoopbackWorld(real={"bob", "node0", "node2"}),
    "real-ours": lambda: LoopbackWorld(real={"alice", "node0", "node2"}),
}


def relayed_world(real):
    """Only the plain nodes have UDP, and the first is everybody's relay."""
    return LoopbackWorld(real=real, relayed=True, public=True)


#: without UDP on alice's and bob's side; the names end with whose relay it is
RELAYED_BACKENDS = {
    "tcp-universe": lambda: SimulatedWorld(relayed=True),
    "tcp-noise-universe": lambda: SimulatedWorld(relayed=True, options=NOISE_ONLY),
    "tcp-ours-real-over-real": lambda: relayed_world({"bob", "node0", "node2"}),
    "tcp-real-ours-over-ours": lambda: relayed_world({"alice", "node1", "node3"}),
    "tcp-ours-ours-over-real": lambda: relayed_world({"node0", "node2"}),
    "tcp-real-real-over-ours": lambda: relayed_world({"alice", "bob", "node1"}),
}

#: simulated networks for groups
GROUP_UNIVERSES = {
    "universe": lambda seed: SimulatedWorld(seed),
    "lossy": lambda seed: SimulatedWorld(seed, loss=0.1, duplicate=0.05, jitter_ms=100),
    "tcp-universe": lambda seed: SimulatedWorld(seed, relayed=True),
}
#: which side is the real library in groups; it needs a newer one than Debian 12 has
GROUP_SIDES = {
    "ours-real": {"bob", "node0", "node2"},
    "real-ours": {"alice", "node0", "node2"},
}

__all__ = [
    "BACKENDS",
    "GROUP_SIDES",
    "GROUP_UNIVERSES",
    "RELAYED_BACKENDS",
    "Actor",
    "LoopbackWorld",
    "SimulatedWorld",
    "events",
]
