"""Descriptors that run out, instances that end, passes that never block: with real sockets on loopback."""

import contextlib
import errno
import fcntl
import os
import resource
import socket as std_socket
import statistics
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from tests.support.fake_streams import FakeConnector
from tests.support.universe import SeededRng, SimClock
from toxpy.core import Core
from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.errors import ToxError
from toxpy.generated import enums
from toxpy.options import Options
from toxpy.runtime import LOG_WARNING, Runtime
from toxpy.system import sockets
from toxpy.system.datapath_twin import MAX_FAILURES
from toxpy.system.streams import ACCEPT_PAUSE_MS
from toxpy.tcp.pool import TcpPool
from toxpy.tcp.relay import FIRST_RETRY_MS, MAX_RETRY_MS
from toxpy.wire.address import Node

ROOT = Path(__file__).parents[3]
LOOPBACK = bytes((127, 0, 0, 1))
KEY = bytes(range(1, 33))


def descriptors():
    """What is open, and where it leads."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")
    return found


@contextlib.contextmanager
def few_files(left):
    """Only so many descriptors can be opened."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(descriptors()) + 40, hard))
    try:
        with contextlib.suppress(OSError):
            while True:
                held.append(os.open("/dev/null", os.O_RDONLY))
        for _ in range(left):
            os.close(held.pop())
        yield
    finally:
        for fd in held:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def make(**fields):
    fields = {"local_discovery_enabled": False, "start_port": 34700, "end_port": 34900, **fields}
    return Core(Options(**fields))


def free_port():
    with std_socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def full_server():
    """A server that answers nobody more, not even with an error, and the connections that fill its queue."""
    server = std_socket.create_server(("127.0.0.1", 0), backlog=0)
    queue = []
    for _ in range(4):
        queue.append(std_socket.socket())
        queue[-1].setblocking(False)
        queue[-1].connect_ex(server.getsockname())
    return server, queue


# no descriptor


def save_with_relay():
    """What makes a start open a connection."""
    core = make(udp_enabled=False)
    core.tcp.add_relay(Node(KEY, (LOOPBACK, 9), tcp=True))
    saved = core.get_savedata()
    core.kill()
    return saved


@pytest.mark.parametrize("left", range(6))
@pytest.mark.parametrize("udp", [True, False])
def test_a_start_without_descriptors_is_an_error_that_leaves_nothing(left, udp):
    saved, port = save_with_relay(), free_port()
    before = descriptors()
    with few_files(left):
        try:
            core = make(udp_enabled=udp, tcp_port=port, savedata_type=1, savedata_data=saved)
        except ToxError as error:
            assert (error.code, error.name) == (enums.TOX_ERR_NEW_PORT_ALLOC, "TOX_ERR_NEW_PORT_ALLOC")
            assert error.retryable and isinstance(error.__cause__, OSError)
            # needed are those of UDP, the listener and epoll
            assert left < 2 + udp
        else:
            assert left >= 2 + udp
            core.iterate()
            core.kill()
    assert descriptors() == before
    make(udp_enabled=udp, tcp_port=port).kill()


def test_a_pass_without_descriptors_goes_on_and_tells_why():
    lines = []
    core = make(
        tcp_port=free_port(),
        log_callback=lambda level, _file, _line, _function, text: lines.append((level, text)),
    )
    relay = std_socket.create_server(("127.0.0.1", 0))
    try:
        visitors = [std_socket.create_connection(("127.0.0.1", core.options.tcp_port)) for _ in range(3)]
        with few_files(0):
            assert core.network.add_tcp_relay("127.0.0.1", relay.getsockname()[1], KEY)
            for _ in range(20):
                core.iterate()
            assert core.network.bootstrap("127.0.0.1", 9, KEY)
            assert len(core.node.relay) == core.node.relay.half_open == 0
            states = [error for node, _, error in core.tcp.relay_states() if node.public_key == KEY]
            assert states == ["no socket for the connection: Too many open files"]
        assert [text for level, text in lines if level == LOG_WARNING] == [
            "TCP: Too many open files (EMFILE), 1 times"
        ]
        end = time.monotonic() + 5 * ACCEPT_PAUSE_MS / 1000
        while core.node.relay.half_open < 3 and time.monotonic() < end:
            core.iterate()
        assert core.node.relay.half_open >= 3
        for visitor in visitors:
            visitor.close()
    finally:
        relay.close()
        core.kill()


def test_relays_are_tried_again_with_growing_pauses_while_there_is_no_descriptor():
    rt = Runtime(SimClock(), SeededRng(1))
    keys = KeyPair.generate(rt.rng)
    connector, tries, exhausted = FakeConnector(), [], True

    def connect(address):
        tries.append(rt.clock.now_ms)
        if exhausted:
            raise OSError(errno.EMFILE, "Too many open files")
        return connector(address)

    pool = TcpPool(keys, SharedKeys(keys, rt=rt), rt=rt, connect=connect)
    pool.add_relay(Node(KEY, (bytes((9, 9, 9, 9)), 443), tcp=True))
    while len(tries) < 20:
        rt.clock.now_ms = rt.timers.next_deadline_ms()
        rt.timers.run_due()
    pauses = [after - before for before, after in zip(tries, tries[1:], strict=False)]
    expected = [min(FIRST_RETRY_MS << i, MAX_RETRY_MS) for i in range(19)]
    assert all(0.75 * most <= pause <= most for pause, most in zip(pauses, expected, strict=True))
    # the jitter
    assert len({pause / most for pause, most in zip(pauses, expected, strict=True)}) > 10
    exhausted = False
    while len(tries) < 21:
        rt.clock.now_ms = rt.timers.next_deadline_ms()
        rt.timers.run_due()
    assert len(connector.streams) == 1
    pool.close()


def test_a_look_up_without_a_thread_finds_nothing(monkeypatch):
    def none_left(*_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(sockets._thread, "start_new_thread", none_left)
    assert sockets.resolve("localhost") == []
    core = make()
    with pytest.raises(ToxError) as caught:
        core.network.bootstrap("localhost", 33445, KEY)
    assert caught.value.name == "TOX_ERR_BOOTSTRAP_BAD_HOST" and caught.value.retryable
    core.kill()


NODE = """
    import os, resource, select, sys
    resource.setrlimit(resource.RLIMIT_NOFILE, (96, 96))
    from toxpy.core import Core
    from toxpy.options import Options
    options = Options(local_discovery_enabled=False, start_port=34700, end_port=34900)
    options.tcp_port = int(sys.argv[1])
    core = Core(options)
    # the client of its own that every relay has: among the visitors it would be one of those that have to go
    while core.tcp.connected() == 0:
        core.iterate()
        select.select([core.fileno()], [], [], 0.02)
    print("ready", flush=True)
    while not select.select([0], [], [], 0)[0]:
        select.select([core.fileno()], [], [], 0.02)
        core.iterate()
    left = 0
    try:
        while True:
            os.open("/dev/null", os.O_RDONLY)
            left += 1
    except OSError:
        print(left, core.node.relay.half_open, core.node.streams.errors, flush=True)
"""


def test_a_full_relay_leaves_descriptors_to_its_program():
    """200 connections to a node with a limit of 96."""
    port = free_port()
    command = [sys.executable, "-c", textwrap.dedent(NODE), str(port)]
    node = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    with node, contextlib.ExitStack() as closing:
        assert node.stdout.readline() == "ready\n"
        connect = std_socket.create_connection
        visitors = [closing.enter_context(connect(("127.0.0.1", port))) for _ in range(200)]
        # all were accepted once those that had to go are gone
        visitors[0].settimeout(20)
        assert visitors[0].recv(1) == b""
        time.sleep(0.2)
        node.stdin.write("\n")
        node.stdin.flush()
        left, half_open, errors = node.stdout.readline().split(maxsplit=2)
        assert errors == "{}\n"
        assert int(half_open) >= 30
        assert int(left) >= 40


# passes


def test_no_descriptor_blocks_and_a_pass_takes_no_time():
    """UDP, a listener, an accepted connection, one that hangs in its handshake, one that is not answered."""
    silent = std_socket.create_server(("127.0.0.1", 0))
    full, queue = full_server()
    known = set(descriptors())
    core = make(tcp_port=free_port())
    visitor = std_socket.create_connection(("127.0.0.1", core.options.tcp_port))
    try:
        core.network.add_tcp_relay("127.0.0.1", silent.getsockname()[1], KEY)
        core.network.add_tcp_relay("127.0.0.1", full.getsockname()[1], KEY[::-1])
        core.network.bootstrap("127.0.0.1", 9, KEY[::-1])
        for _ in range(50):
            core.iterate()
        own = {fd: leads for fd, leads in descriptors().items() if fd not in known | {visitor.fileno()}}
        sockets_of_ours = [fd for fd, leads in own.items() if leads.startswith("socket:")]
        # its own client is connected to its own relay
        assert len(sockets_of_ours) == 7
        assert all(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK for fd in sockets_of_ours)
        polls = []

        class Recorder:
            """Writes down how long epoll is asked to wait."""

            def __init__(self, real):
                self.real = real

            def __getattr__(self, name):
                return getattr(self.real, name)

            def poll(self, timeout=-1, maxevents=-1):
                polls.append(timeout)
                return self.real.poll(timeout, maxevents)

        core.node.streams._epoll = Recorder(core.node.streams._epoll)
        took = []
        for _ in range(200):
            start = time.perf_counter()
            core.iterate()
            took.append(time.perf_counter() - start)
        assert polls == [0] * 200
        assert statistics.median(took) < 0.005
    finally:
        for each in (visitor, silent, full, *queue):
            each.close()
        core.kill()


def test_a_program_that_closed_our_descriptors_costs_a_pass_little_and_can_end():
    before = descriptors()
    core = make(tcp_port=free_port())
    core.network.add_tcp_relay("127.0.0.1", core.options.tcp_port, KEY)
    core.iterate()
    own = [fd for fd, leads in descriptors().items() if fd not in before and leads.startswith("socket:")]
    assert len(own) >= 4
    for fd in own:
        os.close(fd)
    core.iterate()
    assert core.socket.errors == {errno.EBADF: MAX_FAILURES}
    core.kill()
    assert descriptors() == before


# the end


def test_nothing_is_left_after_a_hundred_instances():
    """No descriptor, thread or timer, whatever they were doing."""
    silent = std_socket.create_server(("127.0.0.1", 0))
    refused = free_port()
    full, queue = full_server()

    def one():
        core = make(tcp_port=free_port(), local_discovery_enabled=False)
        core.network.add_tcp_relay("127.0.0.1", silent.getsockname()[1], KEY)
        core.network.add_tcp_relay("127.0.0.1", refused, KEY[::-1])
        core.network.add_tcp_relay("127.0.0.1", full.getsockname()[1], KEY[:31] + b"\0")
        core.network.bootstrap("127.0.0.1", 9, KEY)
        core.friends.friend_add_norequest(KeyPair.generate(core.rt.rng).public)
        for _ in range(3):
            core.iterate()
        core.kill()
        core.kill()
        assert core.rt.timers.next_deadline_ms() is None
        assert len(core.node.streams) == 0

    for _ in range(3):
        one()
    before, threads = descriptors(), threading.enumerate()
    for _ in range(100):
        one()
    assert descriptors() == before
    assert threading.enumerate() == threads
    for each in (silent, full, *queue):
        each.close()
