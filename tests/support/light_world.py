"""Many instances that are nothing but friends, messages and mailboxes: no DHT, no onion, no sockets.

A `LightCore` has the real messenger, envelope, records and whatever of `toxpy.ext` it is given; friends who
are both there meet after some seconds, and the packets of their connection are handed over. Hundreds of them
live through a week in minutes, since nothing happens but what the extensions do: `LightWorld` moves the time
from one timer to the next, and lets only that instance run.
"""

from __future__ import annotations

import heapq
import random
from types import SimpleNamespace

from tests.support.offline_world import runtime
from tests.support.universe import Universe
from toxpy.crypto.keys import KeyPair
from toxpy.friend.messenger import Messenger
from toxpy.options import Options
from toxpy.runtime import Dispatch
from toxpy.wire.sections import EXTENSIONS

#: Milliseconds of a packet to a friend, and that finding each other takes: at least, and the most on top.
LATENCY_MS, FIND_MS = 50, (2_000, 10_000)
#: Milliseconds after which a friend who said nothing when he left is missed.
MISSED_MS = 32_000
#: Connection type of `crypto.connection_type`.
UDP = 2
#: Bytes of what friends say with mailboxes and messages are counted with those around each packet.
PACKET_BYTES = 63


class LightCrypto:
    """What the messenger and the extensions ask of a session: everything fits."""

    connection_type = UDP

    def __init__(self):
        self.number = self.confirmed = 0
        self.sender = self

    def takes_pieces(self, _count):
        return True

    def takes_message(self):
        return True

    def acknowledged(self, number):
        return number < self.confirmed


class LightConnection:
    """The connection to a friend."""

    def __init__(self, core, real_pk, owner):
        self.core, self.real_pk, self.owner = core, real_pk, owner
        self.crypto = self.other = None
        self.is_online = False
        self.steps = SimpleNamespace()
        core.world.meet_soon(self)

    def write(self, data):
        """The packet's number, -1 while there is no friend."""
        crypto, other, world = self.crypto, self.other, self.core.world
        if crypto is None:
            return -1
        number = crypto.number
        crypto.number += 1
        self.core.friend_bytes += len(data) + PACKET_BYTES
        self.core.friend_packets += 1

        def confirm():
            crypto.confirmed = number + 1

        def arrive():
            if other.crypto is not None and self.crypto is crypto:
                other.core.friend_bytes += len(data) + PACKET_BYTES
                other.core.friend_packets += 1
                other.owner.on_lossless(data)
                world.later(self.core, LATENCY_MS, confirm)

        world.later(other.core, LATENCY_MS, arrive)
        return number

    write_message = write_bulk = write

    def send_lossy(self, _data):
        return False

    def on_unclaimed(self, _data):
        self.core.rt.counters.drop("friend_packet_kind")

    def found_ms(self):
        return -1

    def go_online(self, other):
        self.other, self.crypto = other, LightCrypto()
        self.is_online = True
        self.owner.on_online()

    def go_offline(self):
        if self.crypto is not None:
            self.other = self.crypto = None
            self.is_online = False
            self.owner.on_offline()
            if not self.core.gone:
                self.core.world.meet_soon(self)


class LightConnections:
    """As `FriendConnections`."""

    def __init__(self, core):
        self.core, self.identity = core, core.identity
        self.packets = Dispatch()
        self.by_key = {}

    def add(self, real_pk, owner):
        connection = self.by_key[real_pk] = LightConnection(self.core, real_pk, owner)
        return connection

    def remove(self, connection):
        """The friend was deleted."""
        del self.by_key[connection.real_pk]
        other, connection.crypto = connection.other, None
        if other is not None:
            self.core.world.later(other.core, LATENCY_MS, other.go_offline)


class LightSaved:
    """What a save had of the extensions."""

    def __init__(self, content):
        self.content = content

    def take(self, section):
        return [self.content] if section == EXTENSIONS and self.content else []


class LightCore:
    """An instance: its keys, its friends' keys, what its save had, and what `add` puts on it.

    `add(core)` returns the capabilities, in their order.
    """

    def __init__(self, world, name, secret, friends=(), saved=b"", add=lambda _core: (), clock=None):
        self.world, self.name = world, name
        self.rt = runtime(world.universe, f"{name} {world.started}", clock)
        world.started += 1
        self.options = Options()
        self.identity = KeyPair(secret)
        self.gone = False
        self.friend_bytes = self.friend_packets = 0
        self.seen = []
        #: for the end of each pass
        self.on_pass = lambda: None
        self.connections = LightConnections(self)
        requests = SimpleNamespace(forget=lambda _pk: None, nospam=bytes(4))
        events = []
        self.messenger = Messenger(self.connections, requests, events, rt=self.rt, saved=LightSaved(saved))
        world.cores[self.identity.public] = self
        for real_pk in friends:
            self.messenger.add_norequest(real_pk)
        self.added = add(self)
        for capability in self.added:
            if capability not in self.messenger.capabilities:
                self.messenger.capabilities.append(capability)
        world.add(self)

    def iterate(self):
        """A pass."""
        self.rt.timers.told_ms = 0
        self.rt.timers.run_due()
        self.messenger.check_receipts()
        for capability in self.messenger.capabilities:
            capability.begin_pass()
        events = self.messenger.events
        self.seen += events
        events.clear()
        for capability in self.messenger.capabilities:
            while (event := capability.next_event()) is not None:
                self.seen.append(event)
        self.on_pass()

    def collect(self):
        """The section of extensions of its save."""
        return self.messenger.records().collect() or b""

    def leave(self, silent=False):
        """The end; `silent` when it is killed."""
        if not silent:
            for capability in self.messenger.capabilities:
                capability.on_end()
        self.gone = True
        self.world.remove(self)
        delay_ms = MISSED_MS if silent else LATENCY_MS
        for connection in self.connections.by_key.values():
            other = connection.other
            if other is not None:
                self.world.later(other.core, delay_ms, other.go_offline)
            connection.crypto = connection.other = None


class LightWorld:
    """All instances and mailboxes, and the time."""

    def __init__(self, seed=0):
        self.universe = Universe(seed)
        self.clock = self.universe.clock
        self.random = random.Random(f"light {seed}")
        self.started = 0
        #: by public key: who is there
        self.cores = {}
        #: (moment, sequence, member), some of them outdated
        self.due = []
        self.sequence = 0
        self.members = set()

    def add(self, member):
        """Somebody with `rt` and `iterate` is there from now on."""
        self.members.add(member)
        member.rt.timers.on_sooner = lambda deadline_ms: self._push(deadline_ms, member)
        # its first pass
        member.rt.timers.told_ms = 1 << 62
        member.rt.timers.call_later(0, lambda: None)

    def remove(self, member):
        """No longer."""
        self.members.discard(member)
        if isinstance(member, LightCore) and self.cores.get(member.identity.public) is member:
            del self.cores[member.identity.public]

    def later(self, core, delay_ms, callback):
        """By a timer of that instance, if it still is there."""
        core.rt.timers.call_later(delay_ms, lambda: None if core.gone else callback())

    def meet_soon(self, connection):
        """Somebody looks for a friend."""
        delay_ms = FIND_MS[0] + self.random.randrange(FIND_MS[1])
        self.later(connection.core, delay_ms, lambda: self._meet(connection))

    def _meet(self, connection):
        core = connection.core
        if core.connections.by_key.get(connection.real_pk) is not connection or connection.crypto is not None:
            return
        other_core = self.cores.get(connection.real_pk)
        if other_core is None:
            # when he comes he looks for us
            return
        other = other_core.connections.by_key.get(core.identity.public)
        if other is None:
            return
        if other.crypto is not None:
            # he has not noticed yet that we were away
            self.meet_soon(connection)
            return
        connection.go_online(other)
        other.go_online(connection)
        # a pass of the other one
        other_core.rt.timers.call_later(0, lambda: None)

    def _push(self, moment_ms, member):
        self.sequence += 1
        heapq.heappush(self.due, (moment_ms, self.sequence, member))

    def step(self, end_ms):
        """The next thing that happens, before that moment; False if there is none."""
        due = self.due
        while due:
            if due[0][0] > end_ms:
                return False
            moment_ms, _, member = heapq.heappop(due)
            timers = member.rt.timers
            deadline_ms = timers.next_deadline_ms()
            if member not in self.members or deadline_ms is None or deadline_ms > moment_ms:
                continue
            self.clock.now_ms = max(self.clock.now_ms, moment_ms)
            member.iterate()
            deadline_ms = timers.next_deadline_ms()
            timers.told_ms = deadline_ms if deadline_ms is not None else 1 << 62
            if deadline_ms is not None and member in self.members:
                self._push(max(deadline_ms, self.clock.now_ms + 1), member)
            return True
        return False

    def run_until(self, condition, timeout_s):
        """False when the time runs out first."""
        end_ms = self.clock.now_ms + round(timeout_s * 1000)
        while not condition():
            if not self.step(end_ms):
                self.clock.now_ms = end_ms
                return condition()
        return True

    def run_for(self, seconds):
        """Let time pass."""
        self.run_until(lambda: False, seconds)
