"""What leaves a machine whose user has an endpoint in Tor: connections to tor's ports, and nothing else."""

import functools
import json
import operator
import os
import subprocess
import sys
import time

import pytest

from tests.netns.capture import Capture
from tests.netns.network import Client, Lines, Proxy
from tests.support.endpoints import onion
from tests.support.fake_services import ONION
from tests.support.toxic import CONFIG, Screen, our_library
from toxpy import Endpoint, ExtendedNode, NetworkAddress, Tox

CONNECT_S = 60
#: Time of a run after all is said: two rounds of LAN discovery.
RUN_S = 12
CONTROL_PORT = 9051
#: Each of them is its number.
MESSAGES = 12
pytestmark = pytest.mark.timeout(300)


def tox_id_of(key):
    """The Tox ID of a public key, with nospam 0."""
    data = bytes.fromhex(key) + bytes(4)
    checksum = [functools.reduce(operator.xor, data[half::2]) for half in range(2)]
    return (data + bytes(checksum)).hex()


class AsTor:
    """A host with a SOCKS5 proxy that knows a name, which leads to the host itself."""

    def __init__(self, lab, name):
        self.host = lab.host("tor")
        self.host.knows(name, "127.0.0.1")
        self.proxy = Proxy(self.host, "microsocks")
        self.url = f"socks5://{self.host.public}:{self.proxy.port}"

    def besides(self, capture, *ports):
        """What a capture saw beside these ports of this host, and the proxy's."""
        found = capture.besides(self.host.public, self.proxy.port)
        ends = [f"{self.host.public}:{port}" for port in ports]
        return [words for words in found if not any(end in words.split() for end in ends)]


def test_command_line_with_tor(lab, client_program):
    """`toxpy chat --tor` gets its onion service, and reaches a friend's endpoint."""
    machine, name = lab.nat_host("alice", "port_restricted"), onion(1)
    tor = AsTor(lab, name)
    control = tor.host.popen(sys.executable, "-m", "tests.netns.tor_control", tor.host.public, CONTROL_PORT)
    bob = Client(client_program, tor.host, "python", only="3", endpoint=f"{name}:33446:33446")
    key, address = bob.wait("ENDPOINT", CONNECT_S).split()
    place = ExtendedNode(bytes.fromhex(key), NetworkAddress.parse(address))
    profile, environment = machine.folder() / "alice.tox", {**os.environ, "TOXPY_PASSPHRASE": ""}
    command = (sys.executable, "-m", "toxpy")
    made = subprocess.run(
        [*command, "new", "-p", profile], check=True, env=environment, capture_output=True, text=True
    )
    bob.command("friend", made.stdout.strip()[:64])
    words = [
        "chat",
        tox_id_of(bob.key),
        "-p",
        profile,
        "--json",
        "--only",
        "tor",
        "--proxy",
        tor.url,
        "--at",
        str(place),
    ]
    words += ["--tor", "--tor-control", f"{tor.host.public}:{CONTROL_PORT}", "--linger", "60"]
    with Capture(lab, machine) as capture:
        chat = machine.popen(
            *command, *words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        lines = Lines(chat)
        lines.wait(lambda: any(ONION in line for line in lines.lines), CONNECT_S, "our endpoint")
        bob.wait("FRIEND", CONNECT_S, "tcp")
        chat.stdin.write("7\n")
        chat.stdin.flush()
        assert bob.wait_messages(1, CONNECT_S) == [7]
        time.sleep(RUN_S)
        chat.terminate()
        chat.wait(30)
        bob.quit()
    control.kill()
    assert tor.besides(capture, CONTROL_PORT) == [] and capture.seen
    assert any(f":{CONTROL_PORT}" in words for words in capture.seen)
    events = [json.loads(line)["event"] for line in lines.lines]
    assert "endpoint" in events and "friend_connection" in events


def make_profile(path, friend, address):
    """Of somebody who has that friend and had an endpoint before; the key, and where the endpoint is."""
    endpoint = Endpoint.name(address, 33446)
    with Tox(endpoint=endpoint, udp_enabled=False, local_discovery_enabled=False) as tox:
        tox.friend_add_norequest(friend)
        while tox.self_get_endpoint() is None:
            tox.iterate()
        path.write_bytes(tox.get_savedata())
        return str(tox.self_get_public_key()), tox.self_get_endpoint()


def write_nodes(path):
    """toxic's list of nodes, as new as can be, so that toxic does not fetch one; nobody is there."""
    now = int(time.time())
    entry = {
        "ipv4": "203.0.113.77",
        "ipv6": "-",
        "port": 33445,
        "tcp_ports": [33445],
        "public_key": "AB" * 32,
    }
    entry |= {"maintainer": "", "location": "XX", "status_udp": True, "status_tcp": True}
    entry |= {"version": "1000002018", "motd": "", "last_ping": now}
    nodes = {"last_scan": now, "last_refresh": now, "nodes": [entry]}
    path.write_text(json.dumps(nodes, separators=(",", ":")))


def test_toxic_with_an_endpoint(lab, client_program):
    """Unchanged toxic on our library, with an endpoint in TOXPY_CONFIG: a friend comes and writes."""
    name = onion(1)
    tor = AsTor(lab, name)
    folder = tor.host.folder()
    alice = Client(
        client_program,
        lab.nat_host("alice", "port_restricted"),
        "python",
        only="3",
        endpoint="",
        proxy=tor.proxy.option,
    )
    key, place = make_profile(folder / "profile.tox", alice.key, f"{name}:33446")
    write_nodes(folder / "nodes")
    (folder / "conf").write_text(CONFIG)
    settings = folder / "tox.toml"
    settings.write_text(
        f'[network]\nproxy = "socks5://{tor.host.public}:{tor.proxy.port}"\nonly = ["tor"]\n'
        f'[endpoint]\ntype = "name"\naddress = "{name}:33446"\nlisten = 33446\n'
    )
    environment = {
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        **our_library()[0],
        "TOXPY_CONFIG": str(settings),
    }
    files = ["-n", folder / "nodes", "-c", folder / "conf", "-f", folder / "profile.tox"]
    with Capture(lab, tor.host) as capture:
        toxic = Screen(
            folder,
            ["ip", "netns", "exec", tor.host.namespace, "toxic", "-L", *map(str, files)],
            **environment,
        )
        try:
            toxic.shows("[Home]", CONNECT_S)
            alice.command("friend", key)
            alice.command("at", place.public_key.hex(), place.address)
            alice.wait("FRIEND", CONNECT_S, "tcp")
            alice.command("send", MESSAGES)
            # the window of the friend, named by how many messages were not read
            toxic.shows(f"[{MESSAGES}]", CONNECT_S)
            time.sleep(RUN_S)
        finally:
            toxic.close()
            alice.quit()
    assert tor.besides(capture) == []
