"""TCP in the simulated universe: reliable, in order, late; the same methods as `toxpy.system.streams`."""

from toxpy.runtime import Runtime

FIRST_EPHEMERAL_PORT = 40_000
LOOPBACK = bytes((127, 0, 0, 1))


class TcpFabric:
    """The listeners of a universe, by address."""

    def __init__(self, universe):
        self.universe = universe
        self.listeners = {}
        self.random = universe.random

    def delay_ms(self):
        """One way through the network."""
        return self.universe.latency_ms + self.random.randrange(self.universe.jitter_ms + 1)


class SimStream:
    """One end; bytes reach the other end by a timer of its runtime."""

    def __init__(self, streams, address):
        self.streams, self.address = streams, address
        self.on_ready = lambda: None
        self.other = None
        self.connected = self.failed = self.closed = False
        self.inbox, self.early = bytearray(), bytearray()
        self.last_arrival_ms = 0

    def is_connected(self):
        return self.connected and not self.failed

    def window(self):
        return -1

    def pending(self):
        return len(self.early)

    def read(self):
        data = bytes(self.inbox[:65536])
        del self.inbox[:65536]
        if self.inbox:
            self.streams.rt.timers.call_later(0, self.ready)
        if not data and (self.failed or self.closed):
            return None
        return data

    def write(self, data):
        if self.closed or self.failed:
            return
        if self.other is None:
            self.early += data
        else:
            self.carry(lambda: self.other.arrived(data))

    def close(self):
        if not self.closed:
            self.closed = True
            self.on_ready = lambda: None
            self.streams.open.discard(self)
            if self.other is not None:
                self.carry(lambda: self.other.fail())

    def carry(self, delivery):
        """Later, after everything sent before."""
        other = self.other.streams
        arrival_ms = max(self.last_arrival_ms, self.streams.rt.clock.now_ms + self.streams.fabric.delay_ms())
        self.last_arrival_ms = arrival_ms
        if self.streams.host.online:
            other.rt.timers.call_at(arrival_ms, delivery)

    def arrived(self, data):
        if not self.closed and self.streams.host.online:
            self.inbox += data
            self.on_ready()

    def fail(self):
        if not self.closed and self.streams.host.online:
            self.failed = True
            self.on_ready()

    def ready(self):
        self.on_ready()

    def joined(self, other):
        """The connection stands."""
        self.other, self.connected = other, True
        if self.early:
            early, self.early = bytes(self.early), bytearray()
            self.write(early)
        self.on_ready()


class SimListener:
    def __init__(self, streams, port):
        self.streams, self.port = streams, port
        self.on_accept = lambda stream: stream.close()

    def close(self):
        self.streams.fabric.listeners.pop((self.streams.host.address[0], self.port), None)


class SimStreams:
    """All TCP of one simulated host."""

    def __init__(self, fabric, host, rt: Runtime):
        self.fabric, self.host, self.rt = fabric, host, rt
        self.open = set()
        self.next_port = FIRST_EPHEMERAL_PORT
        self.errors = {}
        self.ipv6 = True

    def __len__(self):
        return len(self.open)

    def connect(self, address):
        stream = SimStream(self, address)
        self.open.add(stream)
        self.next_port += 1
        source = (self.host.address[0], self.next_port)
        self.rt.timers.call_later(2 * self.fabric.delay_ms(), lambda: self._arrive(stream, source))
        return stream

    def _arrive(self, stream, source):
        address = stream.address
        if address[0] == LOOPBACK:
            address = (self.host.address[0], address[1])
        listener = self.fabric.listeners.get(address)
        if stream.closed or not self.host.online:
            return
        if listener is None or not listener.streams.host.online:
            stream.fail()
            return
        server = SimStream(listener.streams, source)
        server.other, server.connected = stream, True
        listener.streams.open.add(server)
        listener.on_accept(server)
        stream.joined(server)

    def listen(self, port, host=None):
        self.next_port += not port
        address = (self.host.address[0], port or self.next_port)
        if address in self.fabric.listeners:
            raise OSError(98, "Address already in use")
        self.fabric.listeners[address] = listener = SimListener(self, address[1])
        return listener

    def watch(self, fd):
        pass

    def unwatch(self, fd):
        pass

    def fileno(self):
        return -1

    def poll(self):
        pass

    def written(self):
        return 0

    def linger(self):
        """What was sent arrives also when the connection has ended."""

    def flush(self):
        pass

    def close(self):
        for stream in list(self.open):
            stream.close()
        for listener in list(self.fabric.listeners.values()):
            if listener.streams is self:
                listener.close()
