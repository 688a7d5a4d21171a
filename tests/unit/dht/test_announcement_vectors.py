"""Packets recorded from programs linked with c-toxcore 0.2.23, read by our code and answered by our node."""

import json
from pathlib import Path

from tests.support.announcing import Client, chat_id
from tests.support.universe import Universe
from toxpy.crypto.keys import KeyPair
from toxpy.crypto.sodium import sha256
from toxpy.dht.announcements import Announcements
from toxpy.dht.dht import DHT
from toxpy.dht.forwarding import Forwarding, pack_chain, unpack_with_sendback
from toxpy.onion.announce import AnnounceServer
from toxpy.onion.group_announce import Member
from toxpy.runtime import Dispatch
from toxpy.wire.address import Node, pack_ip_port
from toxpy.wire.packets import RETRIEVE_RESPONSE, SEARCH_RESPONSE, STORE_RESPONSE

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "announcements.json").read_text())
LOOPBACK = b"\x7f\x00\x00\x01"
SOURCE = (LOOPBACK, 45101)
RELAY = Node(b"\x09" * 32, (LOOPBACK, 443), tcp=True)


def hexed(name):
    return bytes.fromhex(VECTORS[name])


class OurNode:
    """A node with a key of the recordings."""

    def __init__(self, key="node_secret"):
        self.universe = Universe()
        rt = self.rt = self.universe.runtime("node")
        udp = self.udp = Dispatch()
        self.sent = []
        self.dht = DHT(KeyPair(hexed(key)), rt=rt, send=self.send, udp=udp)
        self.forwarding = Forwarding(self.dht, rt=rt, send=self.send, udp=udp)
        self.announcements = Announcements(self.dht, self.forwarding, rt=rt, send=self.send, udp=udp)
        self.groups = AnnounceServer(self.dht, rt=rt, send=self.send, udp=udp)

    def send(self, address, data):
        self.sent.append((address, data))

    def ask(self, packet, address=SOURCE):
        self.sent.clear()
        self.udp.handlers[packet[0]](address, packet)
        return self.sent

    def learn(self, public_key, port):
        """That node answered from there."""
        self.dht.answered((LOOPBACK, port), public_key)


def recorded_client():
    client = Client(
        KeyPair(hexed("client_secret")), KeyPair(hexed("server_secret")).public, lambda: bytes(24)
    )
    return client, KeyPair(hexed("data_secret"))


def response(name):
    return bytes.fromhex(VECTORS["session"][name]["response"])


def test_the_answers_of_a_real_server():
    client, data_keys = recorded_client()
    found = client.found(response("search"))
    assert (found.data_pk, found.digest, found.accepts) == (data_keys.public, None, 1)
    assert client.found(response("search_again")).unchanged
    seconds, unix_s = client.stored(response("store"))
    assert seconds == 7 and abs(unix_s - VECTORS["time"]) < 10
    assert client.found(response("search_stored")).digest == sha256(b"my data")
    assert client.retrieved(response("retrieve")) == b"my data"
    assert client.stored(response("prolong"))[0] == 10


def test_our_server_answers_alike_in_every_byte_that_is_not_its_own():
    """The same session with a server of ours that has the real one's key."""
    client, data_keys = recorded_client()
    real = client.found(response("search"))
    node = OurNode("server_secret")

    def ask(packet):
        ((_, answer),) = node.ask(packet)
        return answer

    ours = client.found(ask(client.search(data_keys.public)))
    # up to the tag, and from behind it to the count of nodes
    assert ours.payload[:33] == real.payload[:33]
    assert ours.payload[65:66] == real.payload[65:66]
    assert len(ours.payload) == 67
    for name, kind, data, seconds in (("store", 0, b"my data", 7), ("prolong", 1, sha256(b"my data"), 9000)):
        answer = ask(client.store(data_keys, ours.tag, seconds, kind, data))
        stored, recorded = (client.response(STORE_RESPONSE, each) for each in (answer, response(name)))
        assert stored[:36] == recorded[:36]
        assert len(answer) == len(response(name))
    stored = client.found(ask(client.search(data_keys.public)))
    assert stored.payload[:65] == client.found(response("search_stored")).payload[:65]
    retrieved = ask(client.retrieve(data_keys.public, ours.tag))
    recorded = client.response(RETRIEVE_RESPONSE, response("retrieve"))
    assert client.response(RETRIEVE_RESPONSE, retrieved) == recorded


def test_a_real_node_asks_and_is_answered():
    node = OurNode()
    request = hexed("search_request")
    ((to, answer),) = node.ask(request)
    assert to == SOURCE
    assert answer[0] == SEARCH_RESPONSE.kind
    # of the form of the real answer to us, which named two nodes
    assert len(hexed("search_response")) - len(answer) in (0, 39, 78, 117)


def test_a_real_answer_to_a_question_of_another_run():
    node = OurNode()
    answer = hexed("search_response")
    node.learn(answer[1:33], SOURCE[1])
    node.ask(answer)
    assert node.dht.nodes.close_count(announce_only=True) == 0
    assert node.rt.counters.values["drop.announcement_replay"] == 1, "the box opens, the ping id is not ours"


def test_a_real_chain_is_forwarded():
    node = OurNode()
    keys = [bytes.fromhex(key) for key in VECTORS["forward_request_keys"]]
    request = hexed("forward_request")
    assert request == pack_chain(keys, b"hello")
    node.learn(keys[0], 45101)
    ((to, packet),) = node.ask(request, (LOOPBACK, 45102))
    assert to == (LOOPBACK, 45101)
    sendback, rest = unpack_with_sendback(packet)
    assert rest == pack_chain(keys[1:], b"hello")
    # the real reply brings back a sendback of exactly that form
    reply = unpack_with_sendback(hexed("forward_reply"))
    assert reply[1] == b"re:hello"
    assert reply[0][32:] == sendback[32:] == b"\x00" + pack_ip_port((LOOPBACK, 45102))


def test_a_real_forwarding_is_chained_on():
    node = OurNode()
    keys = [bytes.fromhex(key) for key in VECTORS["forwarding_keys"]]
    packet = hexed("forwarding")
    inner_sendback, request = unpack_with_sendback(packet)
    assert inner_sendback[32:] == b"\x00" + pack_ip_port((LOOPBACK, VECTORS["forwarding_from_port"]))
    assert request == pack_chain(keys, b"hello")
    node.learn(keys[0], 45103)
    ((to, packet),) = node.ask(packet)
    assert to == (LOOPBACK, 45103)
    sendback, data = unpack_with_sendback(packet)
    assert data == b"hello"
    assert sendback[32:] == b"\x01" + pack_ip_port(SOURCE) + inner_sendback


def test_a_real_answer_arrives():
    node, heard = OurNode(), []
    node.forwarding.on_response = heard.append
    node.ask(hexed("forwarded_response"))
    assert heard == [b"re:hello"]


def test_real_group_announcements_are_kept():
    node = OurNode()
    for request in VECTORS["group_requests"]:
        ((to, answer),) = node.ask(bytes.fromhex(request))
        assert to == SOURCE
        # 07 is what stands for the way back in the recording
        assert answer[:187] == b"\x8c" + b"\x07" * 177 + b"\x88" + (0x1122334455667788).to_bytes(8, "little")
    client = Client(KeyPair(b"\x05" * 32), node.dht.public_key, lambda: bytes(24))
    here = (LOOPBACK, 5555)
    ((_, answer),) = node.ask(client.group_request(chat_id(1), Member(b"\x04" * 32, here, [])))
    stored, _, members = client.group_response(answer)
    assert stored == 0
    assert members == [
        Member(b"\x03" * 32, here, [RELAY]),
        Member(b"\x02" * 32, None, [RELAY]),
        Member(b"\x01" * 32, here, []),
    ]


def test_a_real_answer_to_a_group_announcement():
    client, _ = recorded_client()
    stored, nodes, members = client.group_response(hexed("group_response"))
    assert stored == 0
    assert len(nodes) == 3
    assert members == [Member(b"\x01" * 32, (LOOPBACK, 5555), []), Member(b"\x02" * 32, None, [RELAY])]
