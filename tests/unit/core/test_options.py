"""Every option of the network does something: with and without it an instance behaves differently.

The last test keeps this list complete.
"""

import pytest

from cbindings.describe import describe_header
from tests.support.prefix import ROOT
from tests.support.sim_streams import SimStreams, TcpFabric
from tests.support.universe import Universe
from toxpy.core import Core
from toxpy.dht.lan import LAN_DISCOVERY
from toxpy.errors import ToxError
from toxpy.generated import enums
from toxpy.options import FIELDS, Options, StructOptions
from toxpy.system import sockets
from toxpy.system.interfaces import Interfaces
from toxpy.system.sockets import NoSocket
from toxpy.tox import build_options
from toxpy.wire.address import Node
from toxpy.wire.packets import FORWARD_REQUEST, SEARCH_REQUEST

KEY = bytes(range(1, 33))
LOOPBACK = bytes((127, 0, 0, 1))
PROXY = {"proxy_type": enums.TOX_PROXY_TYPE_SOCKS5, "proxy_host": "127.0.0.1", "proxy_port": 9050}
#: What has its test elsewhere: savedata and log in test_core, locks in tests/capi/host/threads.c,
#: capabilities in test_capability, extensions in tests/unit/ext.
ELSEWHERE = {"savedata_type", "savedata_data", "log_callback", "experimental_thread_safety", "capabilities"}
ELSEWHERE |= {"handshake", "handshake_default_policy", "handshake_fallback", "extended_messages"}
ELSEWHERE |= {"only_networks", "endpoint", "offline_messages"}
#: There are no groups yet whose state could be left out of a save; what a save holds of them stays in it.
WITHOUT_EFFECT = {"experimental_groups_persistence"}
CHECKED = set()


def about(*names):
    """Marks a test as that of these options."""
    CHECKED.update(names)
    return lambda test: test


class Place:
    """Cores in a universe, or with real sockets on loopback."""

    def __init__(self):
        self.universe = Universe(9)
        self.fabric = TcpFabric(self.universe)
        self.cores = []
        #: where connections were begun to
        self.connected = []

    def core(self, **fields):
        socket = self.universe.socket(self.universe.nat("full"))
        rt = self.universe.runtime(f"core {len(self.cores)}")
        streams = SimStreams(self.fabric, socket, rt)
        connect = streams.connect
        streams.connect = lambda address: (self.connected.append(address), connect(address))[1]
        core = Core(Options(**fields), rt=rt, udp=socket, streams=streams)
        self.universe.add(core, socket)
        self.cores.append(core)
        return core

    def real(self, **fields):
        fields = {"local_discovery_enabled": False, "start_port": 34900, "end_port": 34999, **fields}
        self.cores.append(Core(Options(**fields)))
        return self.cores[-1]


@pytest.fixture
def place():
    made = Place()
    yield made
    for core in made.cores:
        core.kill()


def refusal(call, *arguments):
    """The name of the error."""
    with pytest.raises(ToxError) as caught:
        call(*arguments)
    return caught.value.name


@about("ipv6_enabled")
def test_ipv6(place):
    both, old = place.real(), place.real(ipv6_enabled=False)
    assert not old.socket.ipv6
    assert both.network.bootstrap("::1", 9, KEY)
    assert refusal(old.network.bootstrap, "::1", 9, KEY) == "TOX_ERR_BOOTSTRAP_BAD_HOST"
    if both.socket.ipv6:
        both.socket.send((bytes(15) + b"\1", 9), b"\0")
        assert not both.socket.errors
    old.socket.send((bytes(15) + b"\1", 9), b"\0")
    assert old.socket.errors


@about("udp_enabled")
def test_udp(place):
    assert place.real().network.self_get_udp_port()
    without = place.real(udp_enabled=False)
    assert isinstance(without.socket, NoSocket)
    without.network.bootstrap("127.0.0.1", 9, KEY)
    assert refusal(without.network.self_get_udp_port) == "TOX_ERR_GET_PORT_NOT_BOUND"


@about("start_port", "end_port")
def test_the_range_of_ports(place):
    assert place.real(start_port=34950, end_port=34959).network.self_get_udp_port() in range(34950, 34960)
    assert place.real(start_port=34960, end_port=34969).network.self_get_udp_port() in range(34960, 34970)


@about("local_discovery_enabled")
def test_local_discovery(place, monkeypatch):
    monkeypatch.setattr(Interfaces, "destinations", lambda _self: [(b"\xff" * 4, 0)])
    sent = {}
    for enabled in (True, False):
        core = place.core(local_discovery_enabled=enabled)
        heard = sent[enabled] = []
        if core.node._lan is not None:
            core.node._lan._broadcast = lambda data, _port, _to, heard=heard: heard.append(data[0])
        place.universe.run_for(11_000)
        assert (core.node.dispatch.handlers[LAN_DISCOVERY] is not None) == enabled
    assert set(sent[True]) == {LAN_DISCOVERY}
    assert sent[False] == []


@about("dht_announcements_enabled")
def test_announcements_and_forwarding(place):
    for enabled in (True, False):
        core = place.core(dht_announcements_enabled=enabled, local_discovery_enabled=False)
        for kind in (FORWARD_REQUEST.kind, SEARCH_REQUEST.kind):
            core.socket.inbox.append((bytes((kind,)) + bytes(40), (bytes((9, 9, 9, 9)), 9)))
        core.iterate()
        assert core.rt.counters.values.get("drop.udp_kind", 0) == (0 if enabled else 2)


@about("hole_punching_enabled")
def test_hole_punching(place):
    """What the DHT does without it is tested in tests/unit/dht/test_nat.py."""
    assert place.core(local_discovery_enabled=False).dht._punching._enabled
    assert not place.core(local_discovery_enabled=False, hole_punching_enabled=False).dht._punching._enabled


@about("tcp_port")
def test_our_own_relay(place):
    place.core(local_discovery_enabled=False)
    assert place.fabric.listeners == {}
    relay = place.core(local_discovery_enabled=False, tcp_port=3389)
    assert [port for _, port in place.fabric.listeners] == [3389]
    assert relay.network.self_get_tcp_port() == 3389


@about("proxy_type", "proxy_host", "proxy_port")
def test_a_proxy_is_where_connections_go(place):
    relay = Node(KEY, (bytes((60, 1, 1, 1)), 443), tcp=True)
    place.core(local_discovery_enabled=False).tcp.add_relay(relay)
    assert place.connected == [relay.address]
    for fields, address in (
        (PROXY, (LOOPBACK, 9050)),
        ({**PROXY, "proxy_port": 9150}, (LOOPBACK, 9150)),
        ({**PROXY, "proxy_host": "127.0.0.2"}, (bytes((127, 0, 0, 2)), 9050)),
    ):
        place.connected.clear()
        place.core(local_discovery_enabled=False, **fields).tcp.add_relay(relay)
        assert place.connected == [address]
    first = {}
    for kind in (enums.TOX_PROXY_TYPE_HTTP, enums.TOX_PROXY_TYPE_SOCKS5):
        core = place.core(local_discovery_enabled=False, **{**PROXY, "proxy_type": kind})
        first[kind] = core.tcp._relays.proxy.handshake(relay.address, None).first[:1]
    assert first == {enums.TOX_PROXY_TYPE_HTTP: b"C", enums.TOX_PROXY_TYPE_SOCKS5: b"\x05"}
    # and it carries no UDP
    assert isinstance(place.real(**PROXY).socket, NoSocket)


@about("proxy_may_leak")
def test_what_goes_around_a_proxy_has_to_be_asked_for():
    tight, leaky = build_options(None, dict(PROXY)), build_options(None, {**PROXY, "proxy_may_leak": True})
    assert not (tight.udp_enabled or tight.local_discovery_enabled) and tight.experimental_disable_dns
    assert leaky.udp_enabled and leaky.local_discovery_enabled and not leaky.experimental_disable_dns
    with pytest.raises(ValueError, match="tcp_port"):
        build_options(None, {**PROXY, "tcp_port": 1})
    assert build_options(None, {**PROXY, "tcp_port": 1, "proxy_may_leak": True}).tcp_port == 1


@about("experimental_disable_dns")
def test_names_are_not_looked_up(place, monkeypatch):
    asked = []

    def look_up(host):
        asked.append(host)
        return ["127.0.0.1"]

    monkeypatch.setattr(sockets, "_look_up", look_up)
    assert place.real().network.bootstrap("node.invalid", 9, KEY)
    assert asked == ["node.invalid"]
    for ask in ("bootstrap", "add_tcp_relay"):
        call = getattr(place.real(experimental_disable_dns=True).network, ask)
        assert refusal(call, "node.invalid", 9, KEY) == "TOX_ERR_BOOTSTRAP_BAD_HOST"
    assert asked == ["node.invalid"]


def test_the_struct_of_c_is_the_base():
    """Its savedata has a length in C, the log's user data is for C, and what is owned is C's memory."""
    struct = describe_header(ROOT / "include" / "toxcore.h").structs["Tox_Options"]
    in_c = {field.name for field in struct if "owned_" not in field.name}
    assert set(StructOptions.__slots__) == in_c - {"savedata_length", "log_user_data"}


def test_no_option_is_left_out_and_unknown_ones_are_refused():
    assert set(FIELDS) == CHECKED | ELSEWHERE | WITHOUT_EFFECT
    for make in (lambda: Options(no_such=1), lambda: build_options(Options(), {"no_such": 1})):
        with pytest.raises(TypeError, match="no_such"):
            make()
