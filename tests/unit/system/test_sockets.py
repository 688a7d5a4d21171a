"""UDP sockets over loopback, and name look-up without a network."""

import errno
import os
import socket as std_socket
import threading
import time

import pytest

from toxpy.system import sockets
from toxpy.system.sockets import UdpSocket, parse_ip, port_range, resolve

LOOPBACK = b"\x7f\x00\x00\x01"


@pytest.fixture
def sock():
    bound = UdpSocket.bind(True, 41200, 41300)
    yield bound
    bound.close()


def wait_for(sock, count=1):
    """Loopback delivers before sendto returns, but not under every kernel."""
    got = []
    for _ in range(200):
        got += sock.receive()
        if len(got) >= count:
            break
        time.sleep(0.005)
    return got


def test_traffic_is_counted_by_id_and_direction(sock):
    address = (LOOPBACK, sock.port)
    for data in (b"\x00ping", b"\x1bdata!", b"\xf0", b""):
        sock.send(address, data)
    wait_for(sock, 4)
    traffic = sock.traffic
    for received in (False, True):
        assert traffic.of_id(0, received, in_bytes=False) == 1
        assert traffic.of_id(0, received, in_bytes=True) == 5
        # 0x10 stands for all ids from there on
        assert traffic.of_id(0x10, received, in_bytes=True) == 7
        assert traffic.total(received, in_bytes=False) == 3
        assert traffic.total(received, in_bytes=True) == 12


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ((0, 0), range(33445, 33546)),
        ((100, 0), range(100, 101)),
        ((0, 100), range(100, 101)),
        ((100, 102), range(100, 103)),
        ((102, 100), range(100, 103)),
    ],
)
def test_port_range(given, wanted):
    assert port_range(*given) == wanted


@pytest.mark.parametrize("ipv6", [False, True])
def test_round_trip_over_ipv4(ipv6):
    a, b = UdpSocket.bind(ipv6, 41200, 41300), UdpSocket.bind(False, 41200, 41300)
    try:
        assert a.port != b.port
        a.send((LOOPBACK, b.port), b"there")
        assert wait_for(b) == [(b"there", (LOOPBACK, a.port))]
        b.send((LOOPBACK, a.port), b"back")
        assert wait_for(a) == [(b"back", (LOOPBACK, b.port))]
        assert not a.errors
    finally:
        a.close()
        b.close()


def test_round_trip_over_ipv6(sock):
    if not sock.ipv6:
        # a machine without IPv6: the fallback is what there is to see
        assert UdpSocket.bind(False, 41200, 41300).port != sock.port
        return
    ip = bytes(15) + b"\x01"
    other = UdpSocket.bind(True, 41200, 41300)
    sock.send((ip, other.port), b"six")
    assert wait_for(other) == [(b"six", (ip, sock.port))]
    other.close()


def test_limit_and_order(sock):
    for i in range(10):
        sock.send((LOOPBACK, sock.port), bytes([i]))
    assert [data for data, _ in sock.receive(limit=4)] == [bytes([i]) for i in range(4)]
    assert [data for data, _ in wait_for(sock, 6)] == [bytes([i]) for i in range(4, 10)]
    assert sock.receive() == []


def test_oversized_datagrams_are_dropped(sock):
    sock.send((LOOPBACK, sock.port), bytes(2049))
    sock.send((LOOPBACK, sock.port), bytes(2048))
    sock.send((LOOPBACK, sock.port), b"")
    assert [len(data) for data, _ in wait_for(sock, 2)] == [2048, 0]
    assert sock.oversized == 1


def test_errors_are_counted_not_raised():
    four = UdpSocket.bind(False, 41200, 41300)
    four.send((bytes(15) + b"\x01", 1), b"x")
    four.send((LOOPBACK, 0), b"x")
    four.send((LOOPBACK, 9), bytes(70_000))
    assert four.errors[errno.EAFNOSUPPORT] == 1
    assert four.errors[errno.EINVAL] == 1
    assert four.errors[errno.EMSGSIZE] == 1
    four.close()
    four.close()
    four.send((LOOPBACK, 9), b"x")
    assert (four.receive(), four.fileno()) == ([], -1)


def test_taken_port_range_raises_and_leaks_nothing(sock):
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="in use") as caught:
        UdpSocket.bind(True, sock.port, sock.port)
    assert caught.value.errno == errno.EADDRINUSE
    assert len(os.listdir("/proc/self/fd")) == before


def test_without_ipv6_falls_back(monkeypatch):
    def no_ipv6(family, *args):
        if family == std_socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "no IPv6")
        return real(family, *args)

    real = sockets._socket.socket
    monkeypatch.setattr(sockets._socket, "socket", no_ipv6)
    bound = UdpSocket.bind(True, 41200, 41300)
    assert not bound.ipv6
    bound.send((LOOPBACK, bound.port), b"four")
    assert wait_for(bound) == [(b"four", (LOOPBACK, bound.port))]
    bound.close()


def test_descriptor_is_not_inherited(sock):
    assert not os.get_inheritable(sock.fileno())
    assert not os.get_blocking(sock.fileno())


@pytest.mark.parametrize(
    ("host", "ip"),
    [
        ("127.0.0.1", LOOPBACK),
        ("::1", bytes(15) + b"\x01"),
        ("::ffff:1.2.3.4", b"\x01\x02\x03\x04"),
        ("1.2.3", None),
        ("localhost", None),
        ("", None),
        ("1.2.3.4\0", None),
    ],
)
def test_parse_ip(host, ip):
    assert parse_ip(host) == ip


def test_a_name_server_that_hangs_is_not_waited_for(monkeypatch):
    release = threading.Event()
    monkeypatch.setattr(sockets._socket, "getaddrinfo", lambda *args: release.wait(30) and [])
    monkeypatch.setattr(sockets, "LOOKUP_TIMEOUT_S", 0.01)
    assert resolve("slow.example") == []
    # the thread is still there, and ends by itself
    assert not release.is_set()
    release.set()


def test_resolve():
    assert resolve("1.2.3.4") == [b"\x01\x02\x03\x04"]
    assert resolve("::1", ipv6=False) == []
    assert resolve("localhost", dns=False) == []
    assert LOOPBACK in resolve("localhost", ipv6=False)
    assert resolve("does-not-exist.invalid") == []
    assert resolve("a" * 300) == []
    assert resolve("\0") == []


def test_broadcast_reaches_every_destination_of_its_families():
    listener = UdpSocket.bind(False, 41200, 41300)
    localhosts = [(LOOPBACK, 0), (b"\x7f\x00\x00\x02", 0)]
    unreachable = (b"\xff\x02" + bytes(13) + b"\x01", 999_999)
    v4, dual = UdpSocket.bind(False, 41200, 41300), UdpSocket.bind(True, 41200, 41300)
    try:
        for sender in (v4, dual):
            sender.broadcast(b"!hello", listener.port, [*localhosts, unreachable])
            assert [data for data, _ in wait_for(listener, 2)] == [b"!hello"] * 2
            assert sender.traffic.packets_sent[ord("!")] == 2
        assert not v4.errors, "IPv6 is none of its business"
        assert len(dual.errors) == int(dual.ipv6)
    finally:
        for each in (listener, v4, dual):
            each.close()
    dual.broadcast(b"!too late", 1, localhosts)


def test_a_sibling_has_a_port_of_its_own_and_the_same_families_and_counters(sock):
    other = sock.sibling()
    try:
        assert other.port not in (0, sock.port) and other.ipv6 == sock.ipv6
        assert os.get_inheritable(other.fileno()) is False
        sock.send((LOOPBACK, other.port), b"\x00hello")
        assert wait_for(other) == [(b"\x00hello", (LOOPBACK, sock.port))]
        other.send((LOOPBACK, sock.port), b"\x00back")
        assert wait_for(sock) == [(b"\x00back", (LOOPBACK, other.port))]
        assert sock.traffic.of_id(0, False, in_bytes=False) == 2
        assert sock.traffic.of_id(0, True, in_bytes=False) == 2
        # and where the first one refuses a family, so does this one
        for ipv6, ipv4 in ((False, True), (True, False)):
            alone = UdpSocket.bind(ipv6, 41301, 41400, ipv4=ipv4)
            beside = alone.sibling()
            assert beside.ipv6 == ipv6
            beside.send((LOOPBACK, sock.port), b"\x00alone")
            assert bool(beside.errors) is not ipv4
            beside.close()
            alone.close()
    finally:
        other.close()
    with pytest.raises(OSError, match="closed"):
        other.sibling()
    assert sock.fileno() >= 0


def test_where_udp_is_off_there_is_no_sibling():
    assert sockets.NoSocket().sibling().fileno() == -1
