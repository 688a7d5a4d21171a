"""An instance that keeps to some networks dials, tells, looks up and announces nothing of the others."""

import socket as std_socket

import pytest

from tests.support.pool_world import peer_pk, relay_node
from tests.support.sim_proxy import SimProxy
from tests.support.worlds import SimulatedWorld
from toxpy.core import Core
from toxpy.crypto.keys import KeyPair
from toxpy.errors import ToxError
from toxpy.generated.enums import TOX_NETPROF_PACKET_TYPE_TCP_CLIENT
from toxpy.network.network_address import AddressType
from toxpy.network.only_networks import OnlyNetworks
from toxpy.options import Options
from toxpy.system import sockets
from toxpy.tcp.pool import TcpPool
from toxpy.tox import Tox
from toxpy.wire.address import Node
from toxpy.wire.packets import ONION_REQUEST

NAME = "relay.onion"
KEY = bytes(range(1, 33))
V4, V6 = (bytes((203, 0, 113, 5)), 33445), (bytes.fromhex("20014860") + bytes(12), 33445)
IPV4, IPV6, ONION, I2P = AddressType.IPV4, AddressType.IPV6, AddressType.ONION, AddressType.I2P


@pytest.fixture(autouse=True)
def looked_up(monkeypatch):
    """The names that were asked for; none is known."""
    names = []
    monkeypatch.setattr(sockets, "_look_up", lambda host: names.append(host) or [])
    return names


@pytest.fixture
def world():
    world = SimulatedWorld(relayed=True)
    yield world
    world.close()


@pytest.mark.parametrize(
    ("types", "allowed"),
    [
        ({ONION}, {"x.onion", "X.ONION."}),
        ({I2P}, {"x.b32.i2p", "stats.i2p"}),
        ({ONION, IPV4}, {"x.onion", "X.ONION.", "relay.example", V4}),
        ({IPV6}, {"relay.example", V6}),
        ({AddressType.NYM, AddressType.LOKI}, {"x.nym", "x.loki"}),
    ],
)
def test_what_may_be_dialled(types, allowed):
    only = OnlyNetworks(types)
    hosts = ["x.onion", "X.ONION.", "x.b32.i2p", "stats.i2p", "x.nym", "x.loki", "relay.example", "onion"]
    found = {host for host in hosts if only.allows(V4, host)} | {ip for ip in (V4, V6) if only.allows(ip)}
    assert found - {"onion"} == allowed
    assert ("onion" in found) == only.has_ip


@pytest.mark.parametrize(
    ("value", "error"),
    [({AddressType.UNKNOWN}, ValueError), ({9}, ValueError), (3, TypeError), ({"onion"}, ValueError)],
)
def test_what_is_no_set_of_networks(value, error):
    with pytest.raises(error):
        Tox(only_networks=value, udp_enabled=False)


def test_names_of_other_networks_are_never_looked_up(looked_up):
    assert sockets.resolve("x.onion") == sockets.resolve("Y.I2P.") == []
    assert looked_up == []
    sockets.resolve("x.onion.example")
    assert looked_up == ["x.onion.example"]


def refused(function, host):
    """Bootstrapping to that host is no use, and says so."""
    with pytest.raises(ToxError) as caught:
        function(host, 33445, KEY)
    assert caught.value.name == "TOX_ERR_BOOTSTRAP_BAD_HOST"


def save_of_somebody(world):
    """Savedata with nodes, path nodes, relays and a friend."""
    nodes = world.network()
    somebody = world.actor("somebody")
    somebody.bootstrap_to(nodes[1])
    somebody.friend_add_norequest(KeyPair.generate(somebody.tox.rt.rng).public)
    world.until(lambda: somebody.self_get_connection_status() != 0, "somebody to be connected")
    world.run_for(20)
    saved = somebody.tox.get_savedata()
    world.stop(somebody)
    return saved


@pytest.mark.parametrize("only", [(ONION,), ()])
def test_nothing_leaves_but_to_the_proxy(world, looked_up, only):
    """With a save full of nodes and relays of another life; without the option the same run does leave."""
    proxy = SimProxy(world)
    saved = save_of_somebody(world)
    proxy.names[NAME] = (world.relay.socket.address[0], world.relay.tcp_port)
    world.options["alice"] = {**proxy.options(), "only_networks": only, "local_discovery_enabled": True}
    alice = world.actor("alice", savedata=saved)
    if only:
        for host in (world.relay.host, "relay.example", "::1"):
            refused(alice.add_tcp_relay, host)
            refused(alice.bootstrap, host)
        refused(alice.bootstrap, NAME)
        refused(alice.add_tcp_relay_by_name, "relay.example")
    alice.add_tcp_relay(NAME, 33445, world.relay.self_get_dht_id())
    world.run_for(60)
    assert alice.tox.tcp.connected()
    asked = alice.netprof_get_packet_id_count(TOX_NETPROF_PACKET_TYPE_TCP_CLIENT, ONION_REQUEST.prefix[0], 0)
    assert (asked == 0) == bool(only)
    names = {name for _, name in proxy.asked}
    assert (names == {NAME}) == bool(only)
    assert looked_up == []
    assert not any(alice.socket.traffic.packets_sent)
    # the nodes are there for the next run without the option
    assert alice.tox.onion.path_nodes.all()


def test_the_proxy_is_not_looked_up_either(looked_up):
    options = Options(only_networks=(ONION,), proxy_type=2, proxy_host="proxy.example", proxy_port=9050)
    with pytest.raises(ToxError) as caught:
        Core(options)
    assert caught.value.name == "TOX_ERR_NEW_PROXY_BAD_HOST"
    assert looked_up == []


def test_without_a_proxy_nothing_leaves(world, looked_up):
    saved = save_of_somebody(world)
    world.options["alice"] = {"only_networks": (ONION,), "udp_enabled": True, "tcp_port": 3390}
    alice = world.actor("alice", savedata=saved)
    assert alice.tox.socket.port == 0
    assert alice.tox.node.relay is None
    begun = []
    alice.tox.node.streams.connect = begun.append
    refused(alice.add_tcp_relay, NAME)
    world.run_for(60)
    assert begun == looked_up == []
    assert not any(alice.socket.traffic.packets_sent)


def test_what_a_friend_tells_is_not_dialled(world):
    """Friends meet at a named relay, with no DHT; then one tells relays with IPs."""
    world.network()
    proxy = SimProxy(world)
    relay = world.relay
    proxy.names[NAME] = (relay.socket.address[0], relay.tcp_port)
    world.options = {
        "alice": {**proxy.options(), "only_networks": (ONION,)},
        "bob": proxy.options(),
    }
    alice, bob = world.actor("alice"), world.actor("bob")
    for actor in (alice, bob):
        actor.add_tcp_relay(NAME, relay.tcp_port, relay.self_get_dht_id())
    for one, other in ((alice, bob), (bob, alice)):
        one.friend_add_norequest(other.self_get_public_key())
        # as if it had been told otherwise
        (connection,) = one.tox.messenger.connections.connections.values()
        connection.on_dht_pk(other.self_get_dht_id())
    world.connect(alice, bob, 30)
    for number in range(3):
        # as what the friend sent is handed on
        node = Node(bytes((number + 1,)) * 32, (bytes((203, 0, 113, number)), 33445), tcp=True)
        (connection,) = alice.tox.messenger.connections.connections.values()
        connection.on_relay(node)
    world.run_for(30)
    assert alice.is_online()
    assert bob.is_online()
    assert alice.tox.rt.counters.values["drop.tcp_relay_left_out"] >= 3
    assert [relay.host for relay in alice.tox.tcp._relays.by_key.values()] == [NAME]
    assert alice.tox.tcp.relays(9) == alice.tox.tcp.relays_to_save(9) == []


def test_relays_of_groups_are_no_others(world):
    """A group has a pool of its own: what its members tell is as little dialled."""
    world.network()
    proxy = SimProxy(world)
    world.options["alice"] = {**proxy.options(), "only_networks": (ONION,)}
    alice = world.actor("alice")
    alice.group_new(0, b"group", b"alice")
    world.run_for(2)
    (entry,) = alice.tox.groups.capability.all()
    pool = entry.group.relays._pool
    assert isinstance(pool, TcpPool)
    assert not pool.add_relay(relay_node(1))
    assert not pool.peer(peer_pk(1), lambda _: None).add_relay(relay_node(2))


@pytest.mark.parametrize(("types", "family"), [({IPV4}, 4), ({IPV6}, 16)])
def test_one_family(types, family):
    options = Options(only_networks=types, local_discovery_enabled=False, tcp_port=0)
    options.start_port, options.end_port = 33600, 33999
    core = Core(options)
    try:
        assert core.socket.port
        other = (bytes((127, 0, 0, 1)), 9) if family == 16 else (bytes(15) + b"\x01", 9)
        with std_socket.socket(
            std_socket.AF_INET if family == 16 else std_socket.AF_INET6, std_socket.SOCK_DGRAM
        ) as ear:
            ear.bind(("127.0.0.1" if family == 16 else "::1", 0))
            ear.settimeout(0.2)
            core.socket.send((other[0], ear.getsockname()[1]), b"\x20x")
            with pytest.raises(TimeoutError):
                ear.recv(10)
        other_host = "127.0.0.1" if family == 16 else "::1"
        for function in (core.network.bootstrap, core.network.add_tcp_relay):
            refused(function, other_host)
    finally:
        core.kill()
