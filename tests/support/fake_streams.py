"""Streams, listeners and `connect` without sockets, for unit tests; the methods of `toxpy.system.streams`.

Nothing moves by itself: `pump` carries bytes between two ends and calls `on_ready`, as often as epoll
would (level-triggered: again for what was not read). Same calls, same order, every time.
"""

#: what toxpy.system.streams reads at once
READ_SIZE = 65536


def _nothing():
    """Nobody listens."""


class FakeStream:
    """One end. `limit`: bytes its "kernel" takes per pump, None for all; `chunk`: most bytes per read."""

    def __init__(self, address, *, connected=True, limit=None, chunk=None):
        self.address = address
        self.on_ready = _nothing
        self.limit, self.chunk = limit, chunk
        self.other = None
        #: what was written and not taken yet; what arrived and was not read yet
        self.out, self.inbox = bytearray(), bytearray()
        self.connected = connected
        #: closed by us; failed, or closed by the other side behind what is in the inbox
        self.closed = self.failed = self.eof = False
        #: every write, for tests that look at frames
        self.writes = []
        #: what the other kernel would take; -1 when nobody knows
        self.window_size = 1 << 30
        self.reads = 0
        self._told = False

    # what toxpy.system.streams.Stream has

    def is_connected(self):
        return self.connected and not self.failed and not self.closed

    def read(self):
        self.reads += 1
        if self.closed or self.failed:
            return None
        size = min(self.chunk or READ_SIZE, READ_SIZE)
        data = bytes(self.inbox[:size])
        del self.inbox[:size]
        return None if self.eof and not data else data

    def write(self, data):
        assert isinstance(data, bytes)
        if not self.closed and not self.failed:
            self.writes.append(data)
            self.out += data

    def window(self):
        return self.window_size

    def pending(self):
        return len(self.out)

    def close(self):
        if self.closed:
            return
        if self.other is not None and self.is_connected():
            self._push()
            self.other.eof = True
        self.out.clear()
        self.closed = True
        self.on_ready = _nothing

    # for tests

    def fail(self):
        """The connection breaks, or never comes to be; the owner is told at once."""
        self.failed = True
        self.out.clear()
        self.on_ready()

    def join(self, other):
        """Connect two ends."""
        self.other, other.other = other, self
        self.connected = other.connected = True

    def _push(self):
        size = len(self.out) if self.limit is None else min(self.limit, len(self.out))
        if size and not self.other.closed:
            self.other.inbox += self.out[:size]
        del self.out[:size]
        return size

    def _send(self):
        """One way of a pump; True when something moved."""
        if not self.is_connected() or not self._push():
            return False
        if not self.out:
            self.on_ready()
        return True

    def _deliver(self):
        """Tell the owner what there is; True when it is news or some of it was read."""
        if self.closed or not (self.inbox or self.eof):
            return False
        before, news = len(self.inbox), self.eof and not self._told
        self._told = self.eof
        self.on_ready()
        return news or len(self.inbox) < before or self.closed

    def pump(self):
        """One pass over both ends; False when nothing happened."""
        ends = [self] if self.other is None else [self, self.other]
        # everything is sent before anything is delivered, as with epoll
        sent = [end._send() for end in ends if end.other is not None]
        delivered = [end._deliver() for end in ends]
        return any(sent) or any(delivered)


def pump_all(*streams, passes=10_000):
    """Pump until nothing moves any more."""
    for _ in range(passes):
        # every one is pumped in every pass
        moved = [stream.pump() for stream in streams]
        if not any(moved):
            return
    raise AssertionError("the streams never came to rest")


def pair(address_a, address_b, *, limit=None, chunk=None):
    """Two connected ends: the one that lives at `address_a`, and the one at `address_b`."""
    a = FakeStream(address_b, limit=limit, chunk=chunk)
    b = FakeStream(address_a, limit=limit, chunk=chunk)
    a.join(b)
    return a, b


class FakeConnector:
    """A `connect` that records; the test says what becomes of each try."""

    def __init__(self, own_address=(bytes((127, 0, 0, 1)), 40_000)):
        self.own_address = own_address
        #: one stream per call, in order
        self.streams = []
        #: raised by the next call
        self.error = None

    def __call__(self, address):
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        stream = FakeStream(address, connected=False)
        self.streams.append(stream)
        return stream

    @property
    def addresses(self):
        return [stream.address for stream in self.streams]

    def accept(self, index=-1, *, limit=None, chunk=None):
        """The connection comes to be; returns the far end. The near end is told."""
        stream = self.streams[index]
        far = FakeStream(self.own_address, limit=limit, chunk=chunk)
        stream.limit, stream.chunk = limit, chunk
        far.join(stream)
        stream.on_ready()
        return far

    def refuse(self, index=-1):
        """The connection fails."""
        self.streams[index].fail()


class FakeListener:
    """A listener; `connect` is somebody who comes."""

    def __init__(self, port=33445):
        self.port = port
        self.on_accept = FakeStream.close
        self.closed = False

    def connect(self, address=(bytes((127, 0, 0, 1)), 40_000), *, limit=None, chunk=None):
        """Connect from `address`; returns the client's end."""
        client, server = pair(address, (bytes((127, 0, 0, 1)), self.port), limit=limit, chunk=chunk)
        self.on_accept(server)
        return client

    def close(self):
        self.closed = True
