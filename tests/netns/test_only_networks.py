"""What leaves a machine whose Tox keeps to Tor: the connection to the proxy, whatever it is told to do."""

import json
import os
import subprocess
import sys
import time

import pytest

from tests.netns.capture import Capture
from tests.netns.network import Client, Lines, Proxy, befriend, bootstrap_nodes

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
