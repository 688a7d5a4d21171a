"""Our relay client through Debian's proxies to Debian's relay and to ours, on loopback."""

import select
import time

import pytest

from tests.support.programs import Microsocks, Relay, Tinyproxy, free_port
from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.dht.budget import KeyBudget
from toxpy.runtime import Runtime
from toxpy.system.sockets import parse_ip
from toxpy.system.streams import Streams
from toxpy.tcp.client import PROXY, TcpClient
from toxpy.tcp.proxy import HTTP, SOCKS5, Proxy
from toxpy.tcp.server import TcpServer
from toxpy.wire.address import Node

PROXIES = {HTTP: Tinyproxy, SOCKS5: Microsocks}
BOTH = pytest.mark.parametrize("kind", [HTTP, SOCKS5], ids=["http", "socks5"])


class Client:
    """A TcpClient, and what it was told."""

    def __init__(self, net, node, proxy, host=None):
        self.keys = KeyPair.generate(net.rt.rng)
        self.shared_keys = SharedKeys(self.keys, rt=net.rt)
        self.connected, self.reason = False, None
        self.ids, self.online, self.data, self.oob = {}, {}, [], []
        options = {"rt": net.rt, "connect": net.streams.connect, "proxy": proxy, "host": host}
        self.tcp = TcpClient(node, self.keys, self.shared_keys, self, **options)

    def on_connected(self, client):
        self.connected = True

    def on_closed(self, client, reason):
        self.reason = reason

    def on_routing_response(self, client, connection_id, dht_pk):
        self.ids[dht_pk] = connection_id

    def on_peer_status(self, client, connection_id, online):
        self.online[connection_id] = online

    def on_data(self, client, connection_id, data):
        self.data.append((connection_id, data))

    def on_oob(self, client, dht_pk, data):
        self.oob.append((dht_pk, data))


class Net:
    """Our side: streams, clients, and the programs to end."""

    def __init__(self, directory):
        self.directory = directory
        self.rt = Runtime()
        self.streams = Streams(rt=self.rt)
        self.programs = []

    def program(self, kind, *arguments, **options):
        started = kind(self.directory, *arguments, **options)
        self.programs.append(started)
        return started

    def client(self, proxy, kind, *, key=None, ip="127.0.0.1", port=None, host=None):
        """A client of the relay at that address, by a proxy program taken for that kind."""
        via = None if proxy is None else Proxy(kind, (parse_ip(proxy.host), proxy.port))
        node = Node(key or KeyPair.generate(self.rt.rng).public, (parse_ip(ip), port), tcp=True)
        return Client(self, node, via, host)

    def until(self, condition, timeout_s=20):
        end = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < end, [program.log.read_text() for program in self.programs]
            select.select([self.streams.fileno()], [], [], 0.02)
            self.rt.clock.update()
            self.streams.poll()
            self.rt.timers.run_due()
            self.streams.flush()

    def reason(self, client):
        """Why it did not connect."""
        self.until(lambda: client.reason is not None or client.connected)
        assert not client.connected
        return client.reason

    def close(self):
        self.streams.close()
        for program in self.programs:
            program.close()


@pytest.fixture
def net(tmp_path):
    made = Net(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def relay(tmp_path_factory):
    started = Relay(tmp_path_factory.mktemp("relay"))
    yield started
    started.close()


class OwnRelay:
    """toxpy's relay, in the same process."""

    def __init__(self, net):
        keys = KeyPair.generate(net.rt.rng)
        shared_keys = SharedKeys(keys, rt=net.rt)
        listener = net.streams.listen(0)
        budget = KeyBudget(rt=net.rt)
        self.server = TcpServer(keys, shared_keys, [listener], rt=net.rt, budget=budget)
        self.public_key, self.relay_port = keys.public, listener.port


def pair(net, relay, proxy, kind, **where):
    """Two clients of the relay that are connected with each other by it; their ids of the other."""
    options = {"key": relay.public_key, "port": relay.relay_port, **where}
    a, b = net.client(proxy, kind, **options), net.client(proxy, kind, **options)
    net.until(lambda: a.connected and b.connected)
    for one, other in ((a, b), (b, a)):
        assert one.tcp.send_routing_request(other.keys.public)
    net.until(lambda: a.online and b.online)
    return a, b, a.ids[b.keys.public], b.ids[a.keys.public]


def assert_works(net, a, b, a_id, b_id):
    """Data and out-of-band in both directions, and the end of the route."""
    for one, connection_id, other, other_id in ((a, a_id, b, b_id), (b, b_id, a, a_id)):
        assert one.tcp.send_data(connection_id, b"data " + one.keys.public)
        assert one.tcp.send_oob(other.keys.public, b"oob")
        net.until(lambda other=other: other.data and other.oob)
        assert other.data == [(other_id, b"data " + one.keys.public)]
        assert other.oob == [(one.keys.public, b"oob")]
    assert a.tcp.send_disconnect(a_id)
    net.until(lambda: b.online == {b_id: False})
    assert not b.tcp.send_data(b_id, b"nobody there")
    assert a.reason is b.reason is None


@pytest.mark.parametrize("ip", ["127.0.0.1", "::1"])
def test_directly(net, relay, ip):
    assert_works(net, *pair(net, relay, None, None, ip=ip))


@pytest.mark.parametrize("kind", [None, HTTP, SOCKS5], ids=["direct", "http", "socks5"])
@pytest.mark.parametrize("ip", ["127.0.0.1", "::1"])
def test_our_own_relay(net, kind, ip):
    relay = OwnRelay(net)
    proxy = None if kind is None else net.program(PROXIES[kind])
    assert_works(net, *pair(net, relay, proxy, kind, ip=ip))
    relay.server.close()


@BOTH
@pytest.mark.parametrize("proxy_ip", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("ip", ["127.0.0.1", "::1"])
def test_through_a_proxy(net, relay, kind, proxy_ip, ip):
    proxy = net.program(PROXIES[kind], proxy_ip)
    assert_works(net, *pair(net, relay, proxy, kind, ip=ip))


@BOTH
def test_the_proxy_looks_the_name_up(net, relay, kind):
    proxy = net.program(PROXIES[kind])
    # nothing listens at the IP: only the name counts
    assert_works(net, *pair(net, relay, proxy, kind, ip="192.0.2.1", host="localhost"))


@BOTH
def test_much_data_arrives_in_order(net, relay, kind):
    proxy = net.program(PROXIES[kind])
    a, b, a_id, _ = pair(net, relay, proxy, kind)
    frames = [n.to_bytes(4, "big") * 300 for n in range(300)]
    sent = 0

    def go_on():
        nonlocal sent
        # the relay drops what its own buffers do not hold, so the window is small
        while sent < len(frames) and sent - len(b.data) < 16 and a.tcp.send_data(a_id, frames[sent]):
            sent += 1
        return len(b.data) == len(frames)

    net.until(go_on)
    assert [data for _, data in b.data] == frames


@BOTH
def test_nobody_behind_the_proxy(net, kind):
    proxy = net.program(PROXIES[kind])
    reason = net.reason(net.client(proxy, kind, port=free_port()))
    if kind == HTTP:
        assert reason == "HTTP proxy answered 500 Unable to connect"
    else:
        assert reason == "SOCKS5 proxy refused: connection refused"


@BOTH
def test_no_such_name(net, kind):
    proxy = net.program(PROXIES[kind])
    reason = net.reason(net.client(proxy, kind, port=1, host="relay.invalid"))
    if kind == HTTP:
        assert reason == "HTTP proxy answered 500 Unable to connect"
    else:
        assert reason.startswith("SOCKS5 proxy refused: ")


@BOTH
def test_no_proxy_there(net, kind):
    proxy = net.program(PROXIES[kind])
    proxy.close()
    name = "HTTP" if kind == HTTP else "SOCKS5"
    assert net.reason(net.client(proxy, kind, port=1)) == f"cannot connect to the {name} proxy"


def test_an_http_proxy_with_rules(net, relay):
    proxy = net.program(Tinyproxy, lines=["ConnectPort 1"])
    reason = net.reason(net.client(proxy, HTTP, port=relay.relay_port))
    assert reason.startswith("HTTP proxy answered 403 ")


def test_an_http_proxy_with_a_password(net, relay):
    proxy = net.program(Tinyproxy, lines=["BasicAuth user secret"])
    reason = net.reason(net.client(proxy, HTTP, port=relay.relay_port))
    assert reason == "HTTP proxy answered 407 Proxy Authentication Required"


def test_a_socks5_proxy_with_a_password(net, relay):
    proxy = net.program(Microsocks, arguments=["-u", "user", "-P", "secret"])
    reason = net.reason(net.client(proxy, SOCKS5, port=relay.relay_port))
    assert reason == "SOCKS5 proxy demands authentication"


def test_http_spoken_to_a_socks5_proxy(net, relay):
    proxy = net.program(Microsocks)
    reason = net.reason(net.client(proxy, HTTP, port=relay.relay_port))
    assert reason == "HTTP proxy answered in SOCKS: is it a SOCKS proxy?"


def test_socks5_spoken_to_an_http_proxy(net, relay):
    """It waits for the end of a line, and breaks off at last."""
    proxy = net.program(Tinyproxy, lines=["Timeout 1"])
    reason = net.reason(net.client(proxy, SOCKS5, port=relay.relay_port))
    assert reason == "SOCKS5 proxy closed the connection without granting it"
    patient = net.program(Tinyproxy)
    client = net.client(patient, SOCKS5, port=relay.relay_port)
    net.until(lambda: client.tcp.state == PROXY)
    net.rt.clock.now_ms += 10_000
    net.until(lambda: client.reason, timeout_s=5)
    assert client.reason == "SOCKS5 proxy did not answer within 10 s"


@BOTH
def test_the_proxy_goes_away(net, relay, kind):
    proxy = net.program(PROXIES[kind])
    a, b, *_ = pair(net, relay, proxy, kind)
    proxy.close()
    net.until(lambda: a.reason and b.reason)
    assert {a.reason, b.reason} == {"connection to the relay ended: closed by the other side"}


@BOTH
def test_another_relay_than_expected(net, relay, kind):
    """The relay cannot open our hello and closes; it is never asked for anything."""
    proxy = net.program(PROXIES[kind])
    reason = net.reason(net.client(proxy, kind, port=relay.relay_port))
    assert reason == "the connection was closed before the relay answered the handshake"
