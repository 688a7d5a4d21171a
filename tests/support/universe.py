"""A simulated network under a fake clock: latency, loss, reordering, duplication, all from one seed.

Every node has its own `Runtime`, all share the clock. `run_until` moves time to the
next packet or timer, so simulated minutes take the CPU time of their packets only.
"""

from __future__ import annotations

import hashlib
import heapq
import random

from tests.support.sim_nat import SimNat
from toxpy.runtime import Clock, Rng, Runtime
from toxpy.system.traffic import Traffic

START_UNIX_S = 1_700_000_000
TICK_MS = 5
FIRST_PORT = 33445


class SimClock(Clock):
    """Time that only the universe moves."""

    def update(self):
        pass

    def read_ms(self):
        return self.now_ms

    def begin_pass(self):
        pass

    def unix_s(self):
        return START_UNIX_S + self.now_ms // 1000

    def unix_ms(self):
        return START_UNIX_S * 1000 + self.now_ms


class SeededRng(Rng):
    """The generator of a reproducible run."""

    __slots__ = ("_random",)

    def __init__(self, seed):
        self._random = random.Random(seed)

    def bytes(self, count):
        return self._random.randbytes(count)


class SimSocket:
    """One node's UDP port; the same methods as toxpy.system.sockets.UdpSocket."""

    def __init__(self, universe, address, nat=None, beside=None):
        self.universe = universe
        self.nat = nat
        self.address = address
        self.port = address[1]
        #: the host's other sockets, and the one beside which this is
        self.siblings = []
        self.beside = beside
        self.traffic = Traffic()
        self.errors = {}
        self.oversized = 0
        self.path = None
        self.inbox = []
        self.online = True
        self.closed = False

    def fileno(self):
        return -1

    def sibling(self):
        """Another port of the same host, which is offline when this one is."""
        made = self.universe.socket_beside(self)
        self.siblings.append(made)
        return made

    def is_online(self):
        """True unless the host is off the network."""
        return self.online if self.beside is None else self.beside.online

    def send(self, address, data):
        if self.is_online() and not self.closed:
            self.traffic.packets_sent[data[0]] += 1
            self.traffic.bytes_sent[data[0]] += len(data)
            self.universe.carry(self, address, data)

    def broadcast(self, data, port, destinations):
        """Reaches that port of the hosts behind the same NAT, once whatever the destinations."""
        if destinations and self.nat is not None:
            for address in self.nat.hosts:
                if address[1] == port:
                    self.send(address, data)

    def receive(self, limit=256):
        batch, self.inbox = self.inbox[:limit], self.inbox[limit:]
        for data, _ in batch:
            if data:
                self.traffic.packets_received[data[0]] += 1
                self.traffic.bytes_received[data[0]] += len(data)
        return batch

    def close(self):
        self.closed = True
        if self.beside is not None:
            self.beside.siblings.remove(self)
            self.beside = None
        (self.universe.sockets if self.nat is None else self.nat.hosts).pop(self.address, None)


def has_news(socket):
    """True if something waits there or at another port of the host."""
    return bool(socket.inbox) or any(sibling.inbox for sibling in socket.siblings)


class Universe:
    """Sockets, the packets between them and the time."""

    def __init__(self, seed=0, *, latency_ms=20, jitter_ms=10, loss=0.0, duplicate=0.0):
        self.random = random.Random(f"network {seed}")
        self.seed = seed
        self.clock = SimClock()
        self.clock.now_ms = 1_000_000
        self.latency_ms, self.jitter_ms = latency_ms, jitter_ms
        self.loss, self.duplicate = loss, duplicate
        self.sockets = {}
        #: by public IP
        self.nats = {}
        self.in_flight = []
        self.sequence = 0
        self.sent = 0
        self.trace = hashlib.sha256()
        self.members = []
        self.next_host = 1

    def _public_ip(self):
        host = self.next_host
        self.next_host += 1
        return bytes([20, host >> 16, (host >> 8) & 255, host & 255])

    def nat(self, kind, ports="counting"):
        """A new NAT with a public IP; see `sim_nat`."""
        ip = self._public_ip()
        self.nats[ip] = SimNat(self, ip, kind, ports)
        return self.nats[ip]

    def socket(self, behind=None):
        """A new host: with a public address of its own, or behind a NAT."""
        if behind is not None:
            return behind.host(SimSocket, FIRST_PORT)
        address = (self._public_ip(), FIRST_PORT)
        self.sockets[address] = SimSocket(self, address)
        return self.sockets[address]

    def socket_beside(self, other):
        """A socket of the same host at another port."""
        sockets = self.sockets if other.nat is None else other.nat.hosts
        address = other.address[0], FIRST_PORT + 1 + self.random.randrange(20_000)
        while address in sockets:
            address = address[0], address[1] + 1
        sockets[address] = SimSocket(self, address, other.nat, other)
        return sockets[address]

    def runtime(self, name, log=None):
        """A runtime with this universe's clock and a generator seeded by the node's name."""
        rng = SeededRng(f"{self.seed} {name}")
        return Runtime(self.clock, rng, log) if log else Runtime(self.clock, rng)

    def carry(self, source, address, data):
        """Put one datagram on its way, or lose it."""
        self.sent += 1
        self.trace.update(repr((self.clock.now_ms, source.address, address)).encode() + data)
        # a packet within the LAN goes to its host and bears the private address
        seen_from, receiver = source.address, None
        if source.nat is not None:
            receiver = source.nat.hosts.get(address)
            if receiver is None:
                seen_from = source.nat.outbound(source.address, address)
        copies = 0 if self.random.random() < self.loss else 1
        copies += self.random.random() < self.duplicate
        for _ in range(copies):
            self.sequence += 1
            arrival_ms = self.clock.now_ms + self.latency_ms + self.random.randrange(self.jitter_ms + 1)
            packet = (arrival_ms, self.sequence, seen_from, address, receiver, data)
            heapq.heappush(self.in_flight, packet)

    def _receiver(self, source, address):
        """Whose is this public address, for a packet from that source; private ones lead nowhere."""
        nat = self.nats.get(address[0])
        return self.sockets.get(address) if nat is None else nat.inbound(source, address[1])

    def add(self, core, socket):
        """Let the universe iterate this core."""
        self.members.append((core, socket))

    def remove(self, core):
        """The core was killed or left."""
        self.members = [member for member in self.members if member[0] is not core]

    def _next_moment_ms(self):
        moments = [self.in_flight[0][0]] if self.in_flight else []
        for core, socket in self.members:
            if has_news(socket):
                return self.clock.now_ms
            deadline = core.rt.timers.next_deadline_ms()
            if deadline is not None:
                moments.append(deadline)
        return min(moments, default=self.clock.now_ms + TICK_MS)

    def step(self):
        """Advance to the next moment and iterate the nodes it concerns."""
        moment = max(self._next_moment_ms(), self.clock.now_ms + 1)
        now_ms = self.clock.now_ms = -(-moment // TICK_MS) * TICK_MS
        while self.in_flight and self.in_flight[0][0] <= now_ms:
            _, _, source, address, receiver, data = heapq.heappop(self.in_flight)
            socket = receiver if receiver is not None else self._receiver(source, address)
            if socket is not None and socket.is_online():
                socket.inbox.append((data, source))
        for core, socket in list(self.members):
            deadline = core.rt.timers.next_deadline_ms()
            if has_news(socket) or (deadline is not None and deadline <= now_ms):
                core.iterate()

    def run_until(self, condition, timeout_ms):
        """Step until the condition holds; False when the simulated time ran out."""
        end_ms = self.clock.now_ms + timeout_ms
        while not condition():
            if self.clock.now_ms >= end_ms:
                return False
            self.step()
        return True

    def run_for(self, duration_ms):
        """Let simulated time pass."""
        self.run_until(lambda: False, duration_ms)
