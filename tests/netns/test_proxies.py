"""What leaves a machine whose Tox uses a proxy: the connection to the proxy, and nothing else."""

import time

import pytest

from tests.netns.capture import Capture
from tests.netns.network import Client, Proxy, befriend, bootstrap_nodes
from tests.support.release import of_package

CONNECT_S = 150
RELAY = "relay.lab"


@pytest.fixture
def place(lab):
    """A lab with nodes, and a machine behind a router that is watched."""
    bootstrap_nodes(lab)
    return lab


def talk(alice, bob):
    """Both connect over TCP and a message goes each way."""
    befriend(alice, bob)
    for client in (alice, bob):
        client.wait("FRIEND", CONNECT_S, "tcp")
    for one, other in ((alice, bob), (bob, alice)):
        one.command("send", 20)
        assert other.wait_messages(20, 60) == list(range(1, 21))


def bob_of(place, program):
    return Client(program, place.host("bob"), "real", nodes=place.nodes, relays=place.nodes[:2], ipv6=False)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("proxy", ["tinyproxy", "microsocks", of_package("dante", "dante-server")])
@pytest.mark.parametrize("library", ["ours", "real"])
def test_c_library_without_udp(place, client_program, library, proxy):
    """The C library with UDP off, a proxy and numeric addresses."""
    machine, proxy = place.nat_host("alice", "port_restricted"), Proxy(place.host("proxy"), proxy)
    with Capture(place, machine) as capture:
        alice = Client(
            client_program,
            machine,
            library,
            proxy=proxy.option,
            udp=False,
            lan=True,
            nodes=place.nodes,
            relays=place.nodes[:2],
        )
        talk(alice, bob_of(place, client_program))
        alice.quit()
    assert capture.besides(proxy.host.public, proxy.port) == {}
    assert capture.seen


@pytest.mark.timeout(400)
@pytest.mark.parametrize("proxy", ["tinyproxy", "microsocks", of_package("dante", "dante-server")])
def test_python_default(place, client_program, proxy):
    """The Python API, told of nothing but the proxy, given a relay's name that only the proxy can look up."""
    machine, proxy_host = place.nat_host("alice", "port_restricted"), place.host("proxy")
    relay = place.nodes[0]
    proxy_host.knows(RELAY, relay.host.public)
    proxy = Proxy(proxy_host, proxy)
    with Capture(place, machine) as capture:
        alice = Client(client_program, machine, "python", proxy=proxy.option)
        alice.command("relay", RELAY, relay.port, relay.key)
        alice.command("bootstrap", relay.words)
        talk(alice, bob_of(place, client_program))
        alice.quit()
    assert capture.besides(proxy.host.public, proxy.port) == {}
    assert capture.seen


@pytest.mark.timeout(400)
@pytest.mark.parametrize("library", ["ours", "real"])
def test_what_c_programs_must_turn_off(place, client_program, library):
    """The watch sees what the C library does besides: UDP, and names that it looks up itself."""
    machine, proxy = place.host("alice"), Proxy(place.host("proxy"), "microsocks")
    with Capture(place, machine) as capture:
        alice = Client(client_program, machine, library, proxy=proxy.option, udp=False)
        alice.command("relay", RELAY, 33445, place.nodes[0].key)
        alice.wait("ERROR", CONNECT_S)
        alice.quit()
        alice = Client(client_program, machine, library, udp=True, nodes=place.nodes, ipv6=False)
        alice.wait("SELF", CONNECT_S, "udp")
        alice.quit()
    others = capture.besides(proxy.host.public, proxy.port)
    assert any(words.startswith("udp") and words.endswith(":53") for words in others)
    assert any(words.startswith("udp") and words.endswith(":33445") for words in others)


@pytest.mark.timeout(300)
def test_a_proxy_that_is_gone(place, client_program):
    """No proxy, no connection: nothing goes around it."""
    machine, host = place.host("alice"), place.host("proxy")
    with Capture(place, machine) as capture:
        alice = Client(client_program, machine, "python", proxy=f"socks5:{host.public}:3128")
        for node in place.nodes[:2]:
            alice.command("relay", node.words)
        attempts = 0
        while attempts < 3:
            time.sleep(0.2)
            assert alice.process.poll() is None
            attempts = sum(words.endswith(":3128") for words in list(capture.seen))
        alice.quit()
    assert capture.besides(host.public, 3128) == {}
    assert not [event for event in alice.events if event[1] == "SELF"]
