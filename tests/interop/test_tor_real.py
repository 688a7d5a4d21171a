"""Debian's tor in a network of its own: what becomes reachable by it, and comes back after it was killed."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from tests.support.endpoint_friends import SOCKS5, EndpointFriends, People, RealEndpoint
from tests.support.prefix import ROOT, compile_c, library_dir
from tests.support.private_network import PrivateNetwork
from tests.support.programs import free_port
from tests.support.real_mailbox import RealClient, RealMailbox
from tests.support.service_ends import LOOPBACK, ServiceEnds
from tests.support.tornet import TorNet, program
from toxpy import FriendConnectionStatus, FriendMessage, FriendRequest, Tox
from toxpy.ext.networks.service import OnionService
from toxpy.network.network_address import AddressType

ACCESS = bytes(range(32))

pytestmark = [pytest.mark.namespaces, pytest.mark.package(name="tor"), pytest.mark.timeout(300)]


@pytest.fixture
def net(tmp_path):
    with PrivateNetwork(), TorNet(tmp_path) as made:
        yield made


def onion_service(net, **options):
    """By the first client's tor."""
    control = LOOPBACK, net.clients[0].control
    ends = ServiceEnds(lambda **world: OnionService(control, 33445, **options, **world))
    net.at_end.callback(ends.close)
    return ends


def come(net, ends, address, data):
    """By the second client's tor, which forgets after each try in vain what it knows of the service.

    For two minutes it asks no introduction point again that did not answer once, and a busy machine is enough
    for that.
    """
    tor = net.clients[1]
    ends.come(tor.socks, address, data, between=lambda: tor.ask("SIGNAL NEWNYM"))


def test_an_onion_service(net):
    ends = onion_service(net, cookie_file=os.fsencode(net.clients[0].cookie))
    address, _ = ends.ready()
    data = bytes(range(256)) * 400
    come(net, ends, address, data)

    # tor crashes, and comes up again
    net.clients[0].kill()
    ends.until(lambda: isinstance(ends.said[-1], str))
    net.clients[0].start()
    again, _ = ends.ready(2)
    assert again == address
    net.until_ready(net.clients[:1], time.monotonic())
    come(net, ends, address, data)

    # the profile keeps the key, so a restart changes nothing
    key = ends.service.key
    ends.close()
    ends = onion_service(net, key=key)
    assert ends.ready()[0] == address
    come(net, ends, address, data)

    # by password
    words = [program("tor"), "--quiet", "--hash-password", "a secret"]
    hashed = subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()
    assert "250 OK" in net.clients[1].ask(f'SETCONF HashedControlPassword="{hashed}"').splitlines()
    by_password = [
        ServiceEnds(
            lambda word=word, **world: OnionService(
                (LOOPBACK, net.clients[1].control), 33445, password=word, **world
            )
        )
        for word in (b"a secret", b"another")
    ]
    assert by_password[0].ready()[0] != address
    by_password[1].until(lambda: by_password[1].said)
    assert by_password[1].said == ["tor refuses the password"]
    for other in by_password:
        other.close()

    # a password where tor has none, and somebody who is not tor
    other = onion_service(net, password=b"secret")
    other.until(lambda: other.said)
    assert other.said == ["tor's control port takes no password: HashedControlPassword in the torrc sets one"]
    other.close()
    false_cookie = net.folder / "false"
    false_cookie.write_bytes(bytes(32))
    other = onion_service(net, cookie_file=os.fsencode(false_cookie))
    other.until(lambda: other.said)
    assert other.said == ["what listens at tor's control port does not know tor's cookie"]
    other.close()

    # two programs with one profile
    other = onion_service(net, key=key)
    other.until(lambda: other.said)
    assert other.said == ["tor has this onion service already: is another program using the same profile?"]
    other.close()
    ends.close()


def tor_endpoint(net, number, serves):
    """Of somebody who uses that client's tor."""
    tor = net.clients[number]

    def service(key, **world):
        cookie_file = os.fsencode(tor.cookie)
        return OnionService((LOOPBACK, tor.control), 33445, key, cookie_file=cookie_file, **world)

    return RealEndpoint(AddressType.ONION, tor.socks, service if serves else None)


def test_friends_meet_at_an_onion_service(net):
    friends = EndpointFriends(tor_endpoint(net, 1, serves=False), tor_endpoint(net, 0, serves=True))
    try:
        friends.meet(timeout_s=30)
        friends.talk()
        friends.send_file(4 << 20)
        friends.restart_alice()
        friends.restart_bob(timeout_s=30)
        friends.talk(3)

        # the tor in front of the endpoint crashes, and comes up again
        net.clients[0].kill()
        friends.until("loss", lambda: not friends.bob.is_online() and not friends.alice.is_online(), 90)
        net.clients[0].start()
        net.until_ready(net.clients[:1], time.monotonic())
        friends.until("after tor is up", friends.both_online)
        friends.talk(3)
    finally:
        friends.close()


def behind_an_onion_service(net, port):
    """The name of a service of the first client's tor that leads to a port of this machine."""
    answer = net.clients[0].ask(f"ADD_ONION NEW:ED25519-V3 Flags=Detach Port=33445,127.0.0.1:{port}")
    return re.search(r"ServiceID=(\w+)", answer)[1] + ".onion"


def test_a_relay_and_a_mailbox_with_names(net, tmp_path):
    friends_meet_at_a_relay_with_a_name(net)
    a_mailbox_keeps_what_one_leaves_for_another(net, tmp_path)


def a_mailbox_keeps_what_one_leaves_for_another(net, folder):
    """It is known by its name in Tor alone; both come by tors of their own, one after the other."""
    box, blobs = RealMailbox(folder), [os.urandom(4096) for _ in range(5)]
    place = box.mailbox(behind_an_onion_service(net, box.udp.port), 33445)
    ways = [
        {"proxy_type": SOCKS5, "proxy_host": "127.0.0.1", "proxy_port": tor.socks, "udp_enabled": False}
        for tor in net.clients
    ]
    sender = RealClient(box, place, **ways[0]).greet()
    for blob in blobs:
        sender.put(ACCESS, blob)
    sender.close()
    recipient = RealClient(box, place, **ways[1]).greet()
    assert recipient.take(ACCESS) == blobs
    assert recipient.take(ACCESS) == []
    recipient.close()
    box.close()


def friends_meet_at_a_relay_with_a_name(net):
    """It is an ordinary relay of the DHT; both know its name in Tor, and use it by nothing else."""
    lan = {"local_discovery_enabled": False, "ipv6_enabled": False}
    relay_port = free_port()
    relay = Tox(tcp_port=relay_port, **lan)
    nodes = [relay, *(Tox(**lan) for _ in range(4))]
    for node in nodes[1:]:
        node.bootstrap("127.0.0.1", relay.self_get_udp_port(), relay.self_get_dht_id())
    name = behind_an_onion_service(net, relay_port)
    alice, bob = (
        Tox(proxy_type=SOCKS5, proxy_host="127.0.0.1", proxy_port=tor.socks, udp_enabled=False, **lan)
        for tor in net.clients
    )
    for user in (alice, bob):
        user.add_tcp_relay(name, 33445, relay.self_get_dht_id())
        for node in nodes[1:]:
            user.bootstrap("127.0.0.1", node.self_get_udp_port(), node.self_get_dht_id())
    alice.friend_add(bob.self_get_address(), "by name")
    came, end = [], time.monotonic() + 120
    while not any(isinstance(event, FriendMessage) for event in came):
        assert time.monotonic() < end, alice.friend_why_offline(0)
        for tox in (*nodes, alice, bob):
            for event in tox.iterate():
                came.append(event)
                if isinstance(event, FriendRequest):
                    bob.friend_add_norequest(event.public_key)
                elif isinstance(event, FriendConnectionStatus) and tox is alice:
                    alice.friend_send_message(0, "we met")
        time.sleep(0.003)
    for tox in (*nodes, alice, bob):
        tox.close()


def test_programs_meet(net, tmp_path):
    """Two people at the command line, and then one of them and the examples, bots in C and in Python."""
    tor = net.clients[0]
    people = People(tmp_path, "tor", [client.socks for client in net.clients])
    people.meet("--tor", "--tor-control", f"127.0.0.1:{tor.control}")

    echo = compile_c(tmp_path / "bot", ROOT / "c_examples" / "endpoint_echo.c", flags=["-std=c99"])
    example = ROOT / "examples" / "endpoint_echo.py"
    control, socks = f"127.0.0.1:{tor.control}", str(tor.socks)
    in_c = [echo, people.ids[1][:64], control, socks]
    in_python = [sys.executable, example, "--profile", tmp_path / "bot.tox", people.ids[1]]
    in_python += ["--control", control, "--socks", f"127.0.0.1:{socks}"]
    environment = {**os.environ, "LD_LIBRARY_PATH": str(library_dir()), "PYTHONPATH": str(ROOT)}
    for words in (in_c, in_python):
        with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as bot:
            # the Tox ID, and where the bot is found
            bot_id, place = (bot.stdout.readline().split()[-1] for _ in range(2))
            alice = people.chat(1, bot_id, "--at", place)
            alice.wait_for("friend_connection", status="tcp")
            alice.say("who is there?")
            alice.wait_for("message", text="who is there?")
            alice.close()
            bot.send_signal(signal.SIGTERM)
            assert bot.wait(20) == 0
