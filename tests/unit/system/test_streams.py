"""TCP streams over loopback: the kernel's side of what `toxpy.tcp` relies on."""

import errno
import os
import resource
import select
import time
from struct import Struct

import pytest

from toxpy.runtime import Runtime
from toxpy.system import streams
from toxpy.system.streams import FLUSH_SIZE, READ_SIZE, Streams

LOOPBACK = bytes((127, 0, 0, 1))


class Net:
    """Two ends in one `Streams`, and what was accepted."""

    def __init__(self, ipv6=False):
        self.rt = Runtime()
        self.streams = Streams(rt=self.rt, ipv6=ipv6)
        self.listener = self.streams.listen(0)
        self.accepted = []
        self.listener.on_accept = self.accepted.append

    def passes(self, until, count=200):
        """Iterate, waiting for the descriptor, until the condition holds."""
        for _ in range(count):
            if until():
                return
            select.select([self.streams.fileno()], [], [], 0.05)
            self.rt.clock.update()
            self.streams.poll()
            self.rt.timers.run_due()
            self.streams.flush()
        raise AssertionError("nothing happened")

    def pair(self, ip=LOOPBACK):
        client = self.streams.connect((ip, self.listener.port))
        self.passes(lambda: self.accepted and client.is_connected())
        return client, self.accepted.pop()


@pytest.fixture
def net():
    made = []

    def make(**options):
        made.append(Net(**options))
        return made[-1]

    yield make
    for each in made:
        each.streams.close()


def collector(stream):
    """Everything read, and None at the end."""
    got = []

    def on_ready():
        data = stream.read()
        if data != b"":
            got.append(data)

    stream.on_ready = on_ready
    return got


@pytest.mark.parametrize("ip", [LOOPBACK, bytes(15) + b"\1"])
def test_both_families_reach_a_dual_listener(net, ip):
    net = net(ipv6=True)
    client, server = net.pair(ip)
    assert server.address[0] == ip
    got = collector(server)
    client.write(b"hello")
    net.passes(lambda: got == [b"hello"])


def test_what_is_written_before_the_connection_arrives_after_it(net):
    net = net()
    client = net.streams.connect((LOOPBACK, net.listener.port))
    client.write(b"early")
    net.passes(lambda: net.accepted)
    got = collector(net.accepted[0])
    net.passes(lambda: got == [b"early"])


def test_more_than_the_kernel_takes_waits_and_arrives_in_order(net):
    net = net()
    client, server = net.pair()
    chunk = bytes(range(256)) * 256
    total = 0
    while client.pending() == 0 and total < 64 * 2**20:
        client.write(chunk)
        total += len(chunk)
    assert client.pending() > 0
    drained = []
    client.on_ready = lambda: drained.append(client.pending())
    received = bytearray()

    def on_ready():
        data = server.read()
        assert data is not None and len(data) <= READ_SIZE
        received.extend(data)

    server.on_ready = on_ready
    net.passes(lambda: len(received) == total, count=20_000)
    assert bytes(received) == chunk * (total // len(chunk))
    assert drained == [0]


def test_writes_of_one_pass_leave_together(net):
    net = net()
    client, server = net.pair()
    got = collector(server)
    net.streams.poll()
    client.write(b"one ")
    client.write(b"two")
    assert client.pending() == 7
    net.streams.flush()
    assert client.pending() == 0
    net.passes(lambda: got == [b"one two"])


def test_the_other_side_closing_is_the_end_of_reading(net):
    net = net()
    client, server = net.pair()
    got = collector(server)
    client.write(b"last words")
    client.close()
    net.passes(lambda: None in got)
    assert got[0] == b"last words"
    server.write(b"nobody listens")
    server.close()
    server.close()
    assert server.read() is None


def test_a_refused_connection_is_told_by_read(net):
    net = net()
    net.listener.close()
    client = net.streams.connect((LOOPBACK, net.listener.port))
    got = collector(client)
    net.passes(lambda: got == [None])
    assert net.streams.errors == {errno.ECONNREFUSED: 1}


def test_writing_to_a_reset_connection_is_told_in_the_next_pass(net):
    net = net()
    client, server = net.pair()
    got = collector(server)
    client.write(b"x")
    net.passes(lambda: got == [b"x"])
    # unread data makes the close a reset
    server.write(b"unread")
    client.close()
    for _ in range(3):
        server.write(b"more")
    net.passes(lambda: got[-1] is None)
    assert not server.is_connected()


def test_closing_from_on_ready_is_allowed(net):
    net = net()
    client, server = net.pair()
    server.on_ready = server.close
    client.write(b"x")
    got = collector(client)
    net.passes(lambda: None in got)
    assert len(net.streams) == 2


def test_no_descriptors_left_stops_accepting_for_a_while(net):
    net = net()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    net.streams.fileno()
    client = net.streams.connect((LOOPBACK, net.listener.port))
    resource.setrlimit(resource.RLIMIT_NOFILE, (client._socket.fileno() + 1, hard))
    try:
        with pytest.raises(OSError):
            net.streams.connect((LOOPBACK, net.listener.port))
        for _ in range(5):
            net.streams.poll()
            net.streams.flush()
        assert net.streams.errors == {errno.EMFILE: 1}
        assert not net.accepted
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    net.rt.clock.now_ms += 2000
    net.rt.timers.run_due()
    net.passes(lambda: net.accepted)


def test_a_taken_port_is_an_error(net):
    net = net()
    with pytest.raises(OSError) as caught:
        net.streams.listen(net.listener.port, "0.0.0.0")
    assert caught.value.errno == errno.EADDRINUSE


def test_a_watched_descriptor_wakes_the_same_waiter(net):
    net = net()
    client, server = net.pair()
    other = Streams(rt=net.rt)
    other.watch(server._socket.fileno())
    client.write(b"x")
    assert select.select([other.fileno()], [], [], 5)[0]
    other.poll()
    other.close()


def test_a_descriptor_is_watched_no_longer(net):
    net = net()
    client, server = net.pair()
    other = Streams(rt=net.rt)
    fd = server._socket.fileno()
    # before there is something to wait on, and after it
    other.watch(fd)
    other.unwatch(fd)
    other.fileno()
    other.watch(fd)
    other.unwatch(fd)
    other.unwatch(fd)
    client.write(b"x")
    assert not select.select([other.fileno()], [], [], 0.05)[0]
    # somebody else in the program closed it
    taken = os.dup(fd)
    other.watch(taken)
    os.close(taken)
    other.unwatch(taken)
    assert other.errors == {errno.EBADF: 1}
    other.close()


def test_much_in_one_pass_does_not_pile_up(net):
    net = net()
    client, server = net.pair()
    got = collector(server)
    net.streams.poll()
    for _ in range(FLUSH_SIZE // 1024 * 3 // 2):
        client.write(b"x" * 1024)
    assert client.pending() == FLUSH_SIZE // 2
    net.streams.flush()
    net.passes(lambda: len(b"".join(got)) == FLUSH_SIZE * 3 // 2)


def test_the_window_is_what_the_other_kernel_takes(net):
    net = net()
    client, server = net.pair()
    # nobody reads: what was announced is used up, and what lies here counts as well
    client.write(b"hello")
    net.passes(lambda: server.read() == b"hello")
    server.write(b"hello")
    net.passes(lambda: client.read() == b"hello")
    window = client.window()
    assert 16_384 <= window < 1 << 30
    net.streams.poll()
    # what leaves at the end of the pass only
    client.write(bytes(10_000))
    assert client.window() == window - 10_000
    net.streams.flush()
    while client.pending() == 0:
        client.write(bytes(100_000))
    assert client.window() == 0
    server.close()
    client.close()
    assert client.window() == -1


def test_a_kernel_that_cannot_tell_the_window(net, monkeypatch):
    net = net()
    client, _ = net.pair()
    # older ones end before it
    monkeypatch.setattr(streams, "_INFO", Struct("5000x"))
    assert client.window() == -1


def test_before_the_end_what_was_said_last_has_left(net, monkeypatch):
    """A relay of c-toxcore needs a moment to read it, which is waited for."""
    monkeypatch.setattr(streams, "LINGER_S", 0.01)
    world = net()
    client, server = world.pair()
    before = world.streams.written()
    world.streams.poll()
    client.write(b"last words")
    assert world.streams.written() - before == 10
    began = time.monotonic()
    world.streams.linger()
    assert time.monotonic() - began >= 0.01
    assert server.read() == b"last words"
    assert world.streams.written() - before == 10
