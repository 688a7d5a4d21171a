"""Our TCP relay carries clients of the real library: everything they do to it, seen from the inside.

Four of our nodes are the network, the first is the only relay; the clients have no UDP, so they
find each other through the relay's onion and talk through its connections.
"""

import time

import pytest

from tests.support.real_tox import RealTox
from toxpy.crypto.keys import KeyPair
from toxpy.errors import ToxError
from toxpy.generated import events
from toxpy.generated.enums import TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ
from toxpy.network.bootstrap_node import BootstrapNode
from toxpy.runtime import Runtime
from toxpy.system.sockets import UdpSocket
from toxpy.system.streams import Streams

LOOPBACK = bytes((127, 0, 0, 1))
ONION_REQUEST, ONION_RESPONSE, FIRST_CONNECTION_ID = 8, 9, 16

#: Time after which a message that did not arrive is said again, in seconds.
SAY_AGAIN_S = 5


class Net:
    """Our nodes and the real clients."""

    def __init__(self):
        self.clients, self.seen = [], {}
        self.nodes = [self.node(relay=True)]
        self.nodes += [self.node() for _ in range(3)]
        self.relay = self.nodes[0]
        self.relay_port = self.relay.relay.ports[0]
        for node in self.nodes[1:]:
            node.bootstrap((LOOPBACK, self.relay.port), self.relay.dht.public_key)

    def node(self, relay=False, port=0, keys=None):
        rt = Runtime()
        streams = Streams(rt=rt, ipv6=False)
        listeners = [streams.listen(port, "127.0.0.1")] if relay else None
        udp = UdpSocket.bind(False, 33600, 33999)
        return BootstrapNode(
            keys or KeyPair.generate(rt.rng), rt=rt, udp=udp, streams=streams, listeners=listeners
        )

    def client(self):
        tox = RealTox(udp=False, ipv6=False)
        key = self.relay.dht.public_key
        for node in (self.relay, self.nodes[-1]):
            tox.bootstrap("127.0.0.1", node.port, node.dht.public_key)
        tox.add_tcp_relay("127.0.0.1", self.relay_port, key)
        self.clients.append(tox)
        self.seen[tox] = []
        return tox

    def friends(self):
        alice, bob = self.client(), self.client()
        alice.friend_add_norequest(bob.self_get_public_key())
        bob.friend_add_norequest(alice.self_get_public_key())
        return alice, bob

    def until(self, condition, what, timeout_s=100):
        end = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < end, f"{what}: {self.relay.rt.counters.values}"
            for each in (*self.nodes, *self.clients):
                each.iterate()
            for tox, seen in self.seen.items():
                seen += tox.drain_events()
            time.sleep(0.002)

    def status(self, tox):
        """What the client last heard of its friend's connection."""
        changes = [e for e in self.seen[tox] if isinstance(e, events.FriendConnectionStatus)]
        return changes[-1].connection_status if changes else 0

    def both_online(self):
        return all(self.status(tox) == 1 for tox in self.clients)

    def messages(self, tox):
        return [e.message for e in self.seen[tox] if isinstance(e, events.FriendMessage)]

    def close(self):
        for tox in self.clients:
            tox.kill()
        for node in self.nodes:
            node.close()


@pytest.fixture
def net():
    net = Net()
    yield net
    net.close()


def invalid(server):
    """What our relay held against its clients."""
    return {name: count for name, count in server.rt.counters.values.items() if name.startswith("drop.tcp_")}


def test_two_real_clients_over_our_relay(net):
    alice, bob = net.friends()
    server = net.relay.relay
    net.until(net.both_online, "to be online")
    assert len(server) == 2
    texts = [f"{i} ".encode() + b"x" * 1000 for i in range(200)]
    waiting = {alice: list(texts), bob: list(texts)}

    def all_there():
        for tox, left in waiting.items():
            if left:
                send(tox, left)
        return net.messages(alice) == net.messages(bob) == texts

    net.until(all_there, "the messages")
    traffic = server.traffic
    data = traffic.bytes_received[FIRST_CONNECTION_ID]
    assert data > 2 * 200 * 1000 and data == traffic.bytes_sent[FIRST_CONNECTION_ID]
    assert traffic.packets_received[ONION_REQUEST] and traffic.packets_sent[ONION_RESPONSE]
    assert set(invalid(server)) <= {"drop.tcp_data_peer_offline"}

    bob.kill()
    net.clients.remove(bob)
    del net.seen[bob]
    net.until(lambda: len(server) == 1, "the relay to see bob go", 10)
    net.until(lambda: net.status(alice) == 0, "alice to see bob go", 40)


def send(tox, left):
    """One message more, when the library has room for it."""
    try:
        tox.friend_send_message(0, 0, left[0])
    except ToxError as error:
        assert error.code == TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ
    else:
        del left[0]


@pytest.mark.timeout(240)
def test_real_clients_come_back_to_a_relay_that_restarted(net):
    alice, bob = net.friends()
    net.until(net.both_online, "to be online")
    old = net.relay
    keys = old.dht.keys
    old.close()
    net.nodes.remove(old)
    net.relay = net.node(relay=True, port=net.relay_port, keys=keys)
    net.nodes.insert(0, net.relay)
    net.relay.bootstrap((LOOPBACK, net.nodes[1].port), net.nodes[1].dht.public_key)
    # the real client does not notice a closed connection before its ping, 40 s at most
    net.until(lambda: len(net.relay.relay) == 2, "both to come back", 50)
    net.until(net.both_online, "to be online again")
    said_s = -SAY_AGAIN_S

    def is_heard():
        nonlocal said_s
        if net.status(alice) == 1 and time.monotonic() > said_s + SAY_AGAIN_S:
            alice.friend_send_message(0, 0, b"still there?")
            said_s = time.monotonic()
        return net.messages(bob)

    # a friend counts as online for 32 s after its session ended, and what is said in that one is lost with it
    net.until(is_heard, "the message")
    assert set(net.messages(bob)) == {b"still there?"}
    assert net.relay.relay.traffic.packets_sent[FIRST_CONNECTION_ID]
