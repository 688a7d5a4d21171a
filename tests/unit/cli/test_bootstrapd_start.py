"""The bootstrap node's start where the machine does not give what the configuration asks for."""

import errno
import resource
import threading

import pytest

from tests.unit.cli.test_bootstrapd_config import Log
from toxpy.cli.bootstrapd.bootstrapd_config import BootstrapAddress, Config
from toxpy.cli.bootstrapd.libconfig import parse
from toxpy.cli.bootstrapd.main import StartError, add_numeric_nodes, bind, look_up, raise_file_limit
from toxpy.system import sockets
from toxpy.system.sockets import UdpSocket

KEY = bytes(range(32))


@pytest.fixture
def log():
    return Log()


class Bound:
    """A socket that was bound."""

    def __init__(self, ipv6):
        self.ipv6, self.port, self.closed = ipv6, 33445, False

    def close(self):
        self.closed = True


@pytest.fixture
def machine(monkeypatch):
    """Set what binding gives: family or errno by whether IPv6 was asked for."""
    results, bound = {}, []

    def fake(ipv6, start_port, end_port):
        assert start_port == end_port == 33445
        result = results[ipv6]
        if isinstance(result, int) and not isinstance(result, bool):
            raise OSError(result, errno.errorcode[result])
        bound.append(Bound(result))
        return bound[-1]

    monkeypatch.setattr(UdpSocket, "bind", fake)
    results["bound"] = bound
    return results


def config(log, **settings):
    lines = [f"{name} = {str(value).lower()}" for name, value in settings.items()]
    return Config(parse("\n".join(lines).encode()), log)


def test_ipv6(machine, log):
    machine.update({True: True, False: errno.EIO})
    assert bind(config(log), log).ipv6


def test_no_ipv6_wanted(machine, log):
    machine.update({True: errno.EIO, False: False})
    assert not bind(config(log, enable_ipv6=False), log).ipv6


@pytest.mark.parametrize("result", [False, errno.EACCES])
def test_ipv4_instead_of_ipv6(machine, log, result):
    machine.update({True: result, False: False})
    assert not bind(config(log), log).ipv6
    assert any("Falling back to using IPv4" in text for text in log.warnings())
    assert [each.closed for each in machine["bound"]] == [True] * (len(machine["bound"]) - 1) + [False]


@pytest.mark.parametrize("result", [False, errno.EACCES])
def test_no_ipv4_instead_of_ipv6(machine, log, result):
    machine.update({True: result, False: False})
    with pytest.raises(StartError, match="UDP port 33445"):
        bind(config(log, enable_ipv4_fallback=False), log)
    assert all(each.closed for each in machine["bound"])


@pytest.mark.parametrize("ipv6", [False, True])
def test_nothing_works(machine, log, ipv6):
    machine.update({True: errno.EADDRINUSE, False: errno.EADDRINUSE})
    with pytest.raises(StartError, match="EADDRINUSE"):
        bind(config(log, enable_ipv6=ipv6), log)


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "warned"),
    [
        (1024, 1048576, 32768, False),
        (1024, 8192, 8192, False),
        (1024, 2048, 2048, True),
        (1024, resource.RLIM_INFINITY, 32768, False),
        (65536, 1048576, None, False),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, None, False),
    ],
)
def test_the_limit_of_open_files(monkeypatch, log, soft, hard, wanted, warned):
    limits = []
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _kind, pair: limits.append(pair))
    files = raise_file_limit(log)
    assert limits == ([(wanted, hard)] if wanted else [])
    assert files == min(wanted or 32768, 32768)
    assert bool(log.warnings()) == warned


class Node:
    """Notes who is bootstrapped from."""

    def __init__(self, ipv6=True):
        self.asked = []
        self.streams = self
        self.ipv6 = ipv6

    def bootstrap(self, address, public_key):
        assert public_key == KEY
        self.asked.append(address)


class Loop:
    """Calls at once."""

    def call(self, function):
        function()


@pytest.mark.parametrize("ipv6", [False, True])
def test_nodes_with_an_ip_are_asked_at_once(log, ipv6):
    node = Node(ipv6)
    hosts = ["1.2.3.4", "::1", "example.org", "::ffff:5.6.7.8"]
    names = add_numeric_nodes([BootstrapAddress(host, 5, KEY) for host in hosts], node, log)
    assert [entry.host for entry in names.values()] == ["example.org"]
    asked = [bytes((1, 2, 3, 4)), bytes(15) + b"\1", bytes((5, 6, 7, 8))]
    assert node.asked == [(ip, 5) for ip in asked if ipv6 or len(ip) == 4]
    assert any("IPv6 is off" in text for text in log.warnings()) == (not ipv6)


def test_names_are_tried_again_less_and_less_often(monkeypatch, log):
    pauses, tries = [], []

    def resolve(host):
        tries.append(host)
        return [bytes((9, 9, 9, 9))] if host == "good" or tries.count(host) > 10 else []

    class Pause:
        def wait(self, seconds):
            pauses.append(seconds)

    monkeypatch.setattr(sockets, "resolve", resolve)
    monkeypatch.setattr(threading, "Event", Pause)
    node = Node()
    names = {3: BootstrapAddress("good", 1, KEY), 4: BootstrapAddress("late", 2, KEY)}
    look_up(names, node, Loop(), log)
    assert node.asked == [(bytes((9, 9, 9, 9)), 1), (bytes((9, 9, 9, 9)), 2)]
    assert pauses == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert len([text for text in log.warnings() if "#4" in text]) == 1
