"""A simulated network under a fake clock: latency, loss, reordering, duplication, all from one seed.

Every node has its own `Runtime`, all share the clock. `run_until` moves time to the
next packet or timer, so simulated minutes take the CPU time of their packets only.
"""

from __future__ import annotations

import hashlib
import heapq
import random

from toxpy.runtime import Clock, Rng, Runtime

START_UNIX_S = 1_700_000_000
TICK_MS = 5
FIRST_PORT = 33445


class SimClock(Clock):
    """Time that only the universe moves."""

    def update(self):
        pass

    def unix_s(self):
        return START_UNIX_S + self.now_ms // 1000


class SeededRng(Rng):
    """The generator of a reproducible run."""

    __slots__ = ("_random",)

    def __init__(self, seed):
        self._random = random.Random(seed)

    def bytes(self, count):
        return self._random.randbytes(count)


class SimSocket:
    """One node's UDP port; the same methods as toxpy.sockets.UdpSocket."""

    def __init__(self, universe, address):
        self.universe = universe
        self.address = address
        self.port = address[1]
        self.inbox = []
        self.online = True
        self.closed = False

    def fileno(self):
        return -1

    def send(self, address, data):
        if self.online and not self.closed:
            self.universe.carry(self, address, data)

    def receive(self, limit=256):
        batch, self.inbox = self.inbox[:limit], self.inbox[limit:]
        return batch

    def close(self):
        self.closed = True
        self.universe.sockets.pop(self.address, None)


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
        self.in_flight = []
        self.sequence = 0
        self.sent = 0
        self.trace = hashlib.sha256()
        self.members = []
        self.next_host = 1

    def socket(self):
        """A new host with a public address of its own."""
        host = self.next_host
        self.next_host += 1
        address = (bytes([20, host >> 16, (host >> 8) & 255, host & 255]), FIRST_PORT)
        self.sockets[address] = SimSocket(self, address)
        return self.sockets[address]

    def runtime(self, name, log=None):
        """A runtime with this universe's clock and a generator seeded by the node's name."""
        rng = SeededRng(f"{self.seed} {name}")
        return Runtime(self.clock, rng, log) if log else Runtime(self.clock, rng)

    def carry(self, source, address, data):
        """Put one datagram on its way, or lose it."""
        self.sent += 1
        self.trace.update(repr((self.clock.now_ms, source.address, address)).encode() + data)
        copies = 0 if self.random.random() < self.loss else 1
        copies += self.random.random() < self.duplicate
        for _ in range(copies):
            self.sequence += 1
            arrival_ms = self.clock.now_ms + self.latency_ms + self.random.randrange(self.jitter_ms + 1)
            heapq.heappush(self.in_flight, (arrival_ms, self.sequence, source.address, address, data))

    def add(self, core, socket):
        """Let the universe iterate this core."""
        self.members.append((core, socket))

    def remove(self, core):
        """The core was killed or left."""
        self.members = [member for member in self.members if member[0] is not core]

    def _next_moment_ms(self):
        moments = [self.in_flight[0][0]] if self.in_flight else []
        for core, socket in self.members:
            if socket.inbox:
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
            _, _, source, address, data = heapq.heappop(self.in_flight)
            socket = self.sockets.get(address)
            if socket is not None and socket.online:
                socket.inbox.append((data, source))
        for core, socket in list(self.members):
            deadline = core.rt.timers.next_deadline_ms()
            if socket.inbox or (deadline is not None and deadline <= now_ms):
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
