"""Nodes from a file, and asking them until one answers."""

import asyncio
import json

import pytest

import toxpy
from tests.unit.api.test_aio import ScriptedCore, play, settle
from toxpy import NodeAddress, PublicKey, ToxError, load_nodes
from toxpy.generated import events
from toxpy.network import aio
from toxpy.network.nodes import MAX_NODES, MAX_NODES_FILE_SIZE, MAX_PROBLEMS, MAX_RELAYS, first_asked

KEYS = [PublicKey(bytes([number]) * 32) for number in range(40)]


def listed(number, **fields):
    """An entry as nodes.tox.chat has them."""
    entry = {"ipv4": f"192.0.2.{number}", "ipv6": "-", "port": 33445, "tcp_ports": [443, 3389]}
    return {**entry, "public_key": str(KEYS[number]), "status_udp": True, "status_tcp": True, **fields}


def write(tmp_path, content):
    path = tmp_path / "nodes.json"
    path.write_text(content if isinstance(content, str) else json.dumps({"nodes": content}))
    return path


def test_the_public_list(tmp_path):
    found = load_nodes(
        write(
            tmp_path,
            [
                listed(1, ipv6="2001:db8::1"),
                listed(2, status_tcp=False),
                listed(3, ipv4="tox.example.org", status_udp=False),
                listed(4, status_tcp=False, status_udp=False),
                listed(5, ipv4="NONE"),
                {"ipv4": "192.0.2.6", "port": 33446, "public_key": str(KEYS[6])},
            ],
        )
    )
    assert sorted(found, key=str) == [
        NodeAddress("192.0.2.1", 33445, KEYS[1], 443),
        NodeAddress("192.0.2.2", 33445, KEYS[2], 0),
        NodeAddress("192.0.2.6", 33446, KEYS[6], 0),
        NodeAddress("2001:db8::1", 33445, KEYS[1], 443),
        NodeAddress("tox.example.org", 0, KEYS[3], 443),
    ]


def test_lines_of_addresses(tmp_path):
    path = write(
        tmp_path,
        f"# nodes of friends\n\ntox.example.org:33445:{KEYS[1]}\n  [2001:db8::1]:443:{KEYS[2]} # the second\n"
        f"192.0.2.1 33445 {KEYS[3]}\n",
    )
    assert sorted(load_nodes(path), key=str) == [
        NodeAddress("192.0.2.1", 33445, KEYS[3]),
        NodeAddress("2001:db8::1", 443, KEYS[2]),
        NodeAddress("tox.example.org", 33445, KEYS[1]),
    ]


def test_not_everybody_starts_at_the_same_node(tmp_path):
    path = write(tmp_path, [listed(number) for number in range(40)])
    first = {load_nodes(path)[0] for _ in range(50)}
    assert len(first) > 5


@pytest.mark.parametrize(
    "content, problem",
    [
        ("", "there are no nodes in"),
        ("# only a remark", "there are no nodes in"),
        ([], "there are no nodes in"),
        ("{", "cannot understand"),
        ('{"nodes": 3}', "cannot understand"),
        ('{"other": []}', "cannot understand"),
        ('{"nodes": [3]}', "cannot understand"),
        ('{"nodes": [{"ipv4": "x", "port": 1}]}', "cannot understand"),
        ([listed(1, port=0)], "there is no port '0'"),
        ([listed(1, port=None)], "there is no port 'None'"),
        ([listed(1, tcp_ports=["x"])], "there is no port 'x'"),
        ([listed(1, public_key="AB")], "cannot understand"),
        ("host:33445", "is not HOST:PORT:KEY"),
        ("host:65536:" + "AB" * 32, "there is no port '65536'"),
        ('{"nodes": ' + "[" * 100_000, "cannot understand"),
    ],
)
def test_what_is_no_nodes_file(tmp_path, content, problem):
    with pytest.raises(ValueError, match=problem):
        load_nodes(write(tmp_path, content))


BAD_ENTRIES = [
    (3, "no public_key"),
    ({"ipv4": "192.0.2.1", "port": 1}, "no public_key"),
    ({**listed(1), "public_key": "AB"}, "64 hex digits"),
    ({**listed(1), "port": "x"}, "no port 'x'"),
    ({**listed(1), "tcp_ports": {"a": 1}}, "no port"),
    ({**listed(1), "tcp_ports": [0]}, "no port '0'"),
    ({**listed(1), "ipv4": 3}, "no text"),
]


@pytest.mark.parametrize("entry, problem", BAD_ENTRIES)
def test_one_bad_entry_does_not_spoil_the_others(tmp_path, entry, problem):
    path = write(tmp_path, [listed(1), entry, listed(2)])
    told = []
    assert {node.host for node in load_nodes(path, told.append)} == {"192.0.2.1", "192.0.2.2"}
    assert len(told) == 1 and told[0].startswith(f"{path}: node 2: ") and problem in told[0]
    with pytest.warns(UserWarning, match="node 2"):
        assert len(load_nodes(path)) == 2


def test_bad_lines_are_told_but_not_endlessly(tmp_path):
    path = write(tmp_path, "nonsense\n" * 1000 + f"192.0.2.1:33445:{KEYS[1]}\n")
    told = []
    assert len(load_nodes(path, told.append)) == 1
    assert len(told) == MAX_PROBLEMS + 1 and ": line 1: " in told[0] and "980 more" in told[-1]
    with pytest.raises(TypeError, match="async"):
        load_nodes(path, play_nothing)


async def play_nothing(_message):
    """Nobody could wait for it."""


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_nodes(tmp_path / "none")
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.write(b"{")
        file.truncate(1 << 36)
    with pytest.raises(ValueError, match="cannot understand"):
        load_nodes(path)
    assert MAX_NODES_FILE_SIZE == 4 * 1024 * 1024


def test_so_many_are_asked_at_once():
    nodes = [NodeAddress("192.0.2.1", number % 2 and 33445, key, 443) for number, key in enumerate(KEYS)]
    asked, relays = first_asked(iter(nodes))
    assert asked == nodes[1 : 2 * MAX_NODES : 2] and relays == nodes[:MAX_RELAYS]


class Refusing:
    """Counts what is asked for; the host "unknown" cannot be found."""

    def __init__(self):
        self.asked = []

    def ask(self, kind):
        def asked(host, port, key):
            self.asked.append((kind, host, port))
            if host == "unknown":
                raise ToxError(2, "TOX_ERR_BOOTSTRAP_BAD_HOST")

        return asked


def test_nodes_that_cannot_be_asked_are_told():
    world, errors = Refusing(), []
    with toxpy.Tox(local_discovery_enabled=False) as tox:
        tox.bootstrap, tox.add_tcp_relay = world.ask("udp"), world.ask("tcp")
        nodes = [NodeAddress("unknown", 33445, KEYS[1], 443), NodeAddress("192.0.2.1", 33445, KEYS[2])]
        tox.bootstrap_from(nodes)
        tox.bootstrap_from(nodes[:1], lambda node, error: errors.append((node, error.name)))
    once = [("udp", "unknown", 33445), ("tcp", "unknown", 443)]
    assert world.asked == [once[0], ("udp", "192.0.2.1", 33445), once[1], *once]
    assert errors == [(nodes[0], "TOX_ERR_BOOTSTRAP_BAD_HOST")] * 2
    del tox.bootstrap
    with pytest.raises(toxpy.ToxClosed):
        tox.bootstrap_from([NodeAddress("192.0.2.1", 33445, KEYS[2])])


class Connecting(ScriptedCore):
    """A core whose connection to the network the test sets."""

    status = 0

    def self_get_connection_status(self):
        return self.status

    def connection(self, status):
        self.status = status
        self.arrive(events.SelfConnectionStatus(status))


def test_it_asks_again_until_one_answers_and_when_the_connection_was_lost(monkeypatch):
    monkeypatch.setattr(aio, "ASK_AGAIN_S", 0.01)
    nodes = [NodeAddress(f"192.0.2.{number}", 33445, key) for number, key in enumerate(KEYS[:20])]

    async def scene(core, tox):
        staying = asyncio.create_task(tox.stay_connected(nodes))
        while len(core.bootstrapped) < 32:
            await asyncio.sleep(0.001)
        ports = [ips[0][-1] for ips, _, _ in core.bootstrapped]
        # at first the first ones, then the others
        assert ports[:20] == list(range(20))
        core.connection(2)
        await tox.wait_connected()
        await asyncio.sleep(0.05)
        before = len(core.bootstrapped)
        await asyncio.sleep(0.05)
        assert len(core.bootstrapped) == before
        core.connection(0)
        while len(core.bootstrapped) == before:
            await asyncio.sleep(0.001)
        core.connection(1)
        await settle()
        tox.close()
        with pytest.raises(toxpy.ToxClosed):
            await staying

    play(scene, Connecting())


def test_an_instance_that_was_closed_asks_nobody_any_more():
    async def scene(core, tox):
        tox.close()
        with pytest.raises(toxpy.ToxClosed):
            await tox.stay_connected([NodeAddress("192.0.2.1", 33445, KEYS[1])])

    play(scene, Connecting())
