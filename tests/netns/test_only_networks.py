"""What leaves a machine whose Tox keeps to Tor: the connection to the proxy, whatever it is told to do."""

import json
import os
import subprocess
import sys
import time

import pytest

from tests.netns.capture import Capture
from tests.netns.network import Client, Lines, Proxy, befriend, bootstrap_nodes
from tests.support.endpoints import onion
from tests.support.toxic import CONFIG, Screen, our_library

NAME = "relay.onion"
CONNECT_S = 60
#: Time of a run: two rounds of LAN discovery, and several of the onion.
RUN_S = 25


@pytest.fixture
def place(lab):
    """A lab with a small network."""
    bootstrap_nodes(lab, count=3)
    return lab


def wait_for(condition, seen):
    end = time.monotonic() + CONNECT_S
    while not condition():
        assert time.monotonic() < end, list(seen)
        time.sleep(0.1)


@pytest.mark.timeout(300)
def test_python(place, client_program):
    """All of these would lead into the internet: nodes, a relay by IP, a name, a friend to look for."""
    machine, proxy_host, relay = (
        place.nat_host("alice", "port_restricted"),
        place.host("proxy"),
        place.nodes[0],
    )
    proxy_host.knows(NAME, relay.host.public)
    proxy_host.knows("relay.lab", relay.host.public)
    proxy = Proxy(proxy_host, "microsocks")
    with Capture(place, machine) as capture, Capture(place, relay.host) as at_relay:
        alice = Client(client_program, machine, "python", proxy=proxy.option, only="3")
        commands = [("bootstrap", node.words) for node in place.nodes]
        commands += [("relay", place.nodes[1].words), ("relay", "relay.lab", relay.port, relay.key)]
        commands += [("bootstrap", NAME, relay.port, relay.key)]
        for words in commands:
            alice.command(*words)
        bob = Client(client_program, place.host("bob"), "real", nodes=place.nodes)
        befriend(alice, bob)
        alice.command("relay", NAME, relay.port, relay.key)
        wait_for(
            lambda: any(words.startswith(f"tcp {proxy_host.public}:") for words in list(at_relay.seen)),
            at_relay.seen,
        )
        time.sleep(RUN_S)
        alice.quit()
        bob.quit()
    assert capture.besides(proxy.host.public, proxy.port) == {}
    assert capture.seen
    assert len(alice.errors()) == len(commands)
    assert not [event for event in alice.events if event[1] == "SELF"]


@pytest.mark.timeout(300)
def test_command_line(place):
    """`toxpy echo` with a proxy and nothing else: a node, and a relay whose name the proxy knows."""
    machine, proxy_host, relay = (
        place.nat_host("alice", "port_restricted"),
        place.host("proxy"),
        place.nodes[0],
    )
    proxy_host.knows(NAME, relay.host.public)
    proxy = Proxy(proxy_host, "microsocks")
    profile = machine.folder() / "profile.tox"
    environment = {**os.environ, "TOXPY_PASSPHRASE": ""}
    command = (sys.executable, "-m", "toxpy")
    subprocess.run([*command, "new", "--profile", profile], check=True, env=environment, capture_output=True)
    with Capture(place, machine) as capture:
        process = machine.popen(
            *(*command, "echo", "--json", "--profile", profile),
            *("--proxy", f"socks5://{proxy_host.public}:{proxy.port}"),
            *("--node", f"{relay.host.public}:{relay.port}:{relay.key}"),
            *("--relay", f"{NAME}:{relay.port}:{relay.key}"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        lines = Lines(process)
        lines.wait(
            lambda: any(json.loads(line).get("status") == "tcp" for line in lines.lines),
            CONNECT_S,
            "our own connection",
        )
        time.sleep(RUN_S)
        process.terminate()
        process.wait(30)
    assert capture.besides(proxy.host.public, proxy.port) == {}
    assert capture.seen


@pytest.mark.timeout(300)
def test_friends_at_an_endpoint(lab, client_program):
    """They meet and talk though all that leaves alice's machine goes to the proxy, as to a tor at bob's."""
    machine, host, name = lab.nat_host("alice", "port_restricted"), lab.host("bob"), onion(1)
    host.knows(name, "127.0.0.1")
    proxy = Proxy(host, "microsocks")
    with Capture(lab, machine) as capture, Capture(lab, host) as at_bob:
        bob = Client(client_program, host, "python", only="3", endpoint=f"{name}:33446:33446")
        alice = Client(client_program, machine, "python", proxy=proxy.option, only="3", endpoint="")
        befriend(alice, bob)
        alice.command("at", *bob.wait("ENDPOINT", CONNECT_S).split())
        for client in (alice, bob):
            client.wait("FRIEND", CONNECT_S, "tcp")
        for one, other in ((alice, bob), (bob, alice)):
            one.command("send", 20)
            assert other.wait_messages(20, 60) == list(range(1, 21))
        time.sleep(12)
        for client in (alice, bob):
            client.quit()
    for watched in (capture, at_bob):
        assert watched.besides(host.public, proxy.port) == {}
        assert watched.seen


def settings_file(folder, proxy):
    """What TOXPY_CONFIG names."""
    path = folder / "tox.toml"
    path.write_text(f'[network]\nproxy = "socks5://{proxy.host.public}:{proxy.port}"\nonly = ["tor"]\n')
    return path


@pytest.mark.timeout(300)
@pytest.mark.parametrize("is_set", [True, False])
def test_toxic(place, is_set):
    """Unchanged toxic on our library; without the variable the same toxic asks its nodes."""
    machine, proxy = place.nat_host("alice", "port_restricted"), Proxy(place.host("proxy"), "microsocks")
    folder, node = machine.folder(), place.nodes[0]
    now = int(time.time())
    entry = {"ipv4": node.host.public, "ipv6": "-", "port": node.port, "tcp_ports": [node.port]}
    entry |= {
        "public_key": node.key,
        "maintainer": "",
        "location": "XX",
        "status_udp": True,
        "status_tcp": True,
    }
    entry |= {"version": "1000002018", "motd": "", "last_ping": now}
    nodes = {"last_scan": now, "last_refresh": now, "nodes": [entry]}
    (folder / "nodes").write_text(json.dumps(nodes, separators=(",", ":")))
    (folder / "conf").write_text(CONFIG)
    environment = {"HOME": str(folder), "LC_ALL": "C.UTF-8", **our_library()[0]}
    if is_set:
        environment["TOXPY_CONFIG"] = str(settings_file(folder, proxy))
    files = ["-n", folder / "nodes", "-c", folder / "conf", "-f", folder / "profile.tox"]
    command = ["ip", "netns", "exec", machine.namespace, "toxic", "-L", *map(str, files)]
    with Capture(place, machine) as capture:
        toxic = Screen(folder, command, **environment)
        try:
            toxic.shows("Would you like to encrypt it?", CONNECT_S)
            toxic.type("-l", "n")
            toxic.type("Enter")
            toxic.shows("[Home]", CONNECT_S)
            toxic.type("-l", f"/connect {place.nodes[1].words}")
            toxic.type("Enter")
            time.sleep(RUN_S)
            assert not toxic.ended(), toxic.text()
        finally:
            toxic.close()
    assert (capture.besides(proxy.host.public, proxy.port) == {}) == is_set


@pytest.mark.timeout(300)
def test_c_program(place, client_program):
    """An unchanged C program that asks for UDP, the LAN and names, with a file that says otherwise."""
    machine, proxy_host, relay = (
        place.nat_host("alice", "port_restricted"),
        place.host("proxy"),
        place.nodes[0],
    )
    proxy_host.knows(NAME, relay.host.public)
    proxy = Proxy(proxy_host, "microsocks")
    config = settings_file(machine.folder(), proxy)
    with Capture(place, machine) as capture, Capture(place, relay.host) as at_relay:
        alice = Client(client_program, machine, "ours", config=config, udp=True, lan=True, nodes=place.nodes)
        alice.command("relay", "relay.lab", relay.port, relay.key)
        alice.command("relay", NAME, relay.port, relay.key)
        wait_for(
            lambda: any(words.startswith(f"tcp {proxy_host.public}:") for words in list(at_relay.seen)),
            at_relay.seen,
        )
        time.sleep(12)
        alice.quit()
    assert capture.besides(proxy.host.public, proxy.port) == {}
    assert len(alice.errors()) == len(place.nodes) + 1
