"""Chains of nodes, answers that find their way back, and what is refused."""

import pytest

from tests.support.forwarding import pack_relay_request
from tests.unit.dht.net import Peer, settled
from toxpy.crypto.timed_auth import TIMED_AUTH_SIZE
from toxpy.dht.budget import REPLIES_BURST
from toxpy.dht.forwarding import (
    SENDBACK_LIFETIME_MS,
    pack_chain,
    pack_with_sendback,
    unpack_with_sendback,
)
from toxpy.errors import PacketError
from toxpy.wire.address import pack_ip_port
from toxpy.wire.packets import (
    FORWARD_REPLY,
    FORWARD_REQUEST,
    FORWARDING,
    MAX_FORWARD_DATA_SIZE,
    MAX_SENDBACK_SIZE,
)

STRANGER = (bytes([21, 1, 1, 1]), 999)


class Line:
    """Five nodes who all know each other; what reaches the callbacks of each is kept."""

    def __init__(self):
        self.universe, self.peers = settled(5)
        self.requests, self.responses = [], []
        for i, peer in enumerate(self.peers):
            peer.forwarding.on_request = self.catcher(i)
            peer.forwarding.on_response = lambda data, i=i: self.responses.append((i, data))

    def catcher(self, i):
        def on_request(forwarder, sendback, data):
            self.requests.append((i, data))
            self.peers[i].forwarding.send_reply(forwarder, sendback, b"re:" + data)

        return on_request

    def keys(self, *numbers):
        return [self.peers[i].key for i in numbers]

    def run(self):
        self.universe.run_for(500)


@pytest.mark.parametrize("chain", [(2,), (2, 3), (2, 3, 4), (2, 3, 4, 1), (2, 1, 2, 1), (0,)])
def test_a_chain_there_and_back(chain):
    line = Line()
    line.peers[0].forwarding.send_request(line.peers[1].address, line.keys(*chain), b"hello")
    line.run()
    assert line.requests == [(chain[-1], b"hello")]
    assert line.responses == [(0, b"re:hello")]


def test_the_largest_data_fits():
    line = Line()
    data = bytes(MAX_FORWARD_DATA_SIZE - 3)
    line.peers[0].forwarding.send_request(line.peers[1].address, line.keys(2), data)
    line.run()
    assert line.responses == [(0, b"re:" + data)]


def test_the_sendback_holds_a_tag_and_the_asker():
    line = Line()
    peers = line.peers
    peers[2].sent.clear()
    line.universe.carry = lambda *_: None
    peers[1].deliver(peers[0].address, pack_chain(line.keys(2), b"hello"))
    ((to, packet),) = [(to, data) for to, data in peers[1].sent if data[0] == FORWARDING.kind]
    assert to == peers[2].address
    sendback, data = unpack_with_sendback(packet)
    assert data == b"hello"
    assert sendback[TIMED_AUTH_SIZE:] == b"\x00" + pack_ip_port(peers[0].address)
    assert len(sendback) == TIMED_AUTH_SIZE + 8


def test_a_client_of_our_relay_asks_and_hears():
    line = Line()
    relay, heard = line.peers[0].forwarding, []
    relay.to_relay_client = lambda token, data: heard.append((token, data))
    token = 2**64 - 5
    for chain in ((), (2,), (2, 3, 4)):
        heard.clear()
        line.requests.clear()
        relay.on_relay_request(token, pack_relay_request(line.peers[1].address, line.keys(*chain), b"hi"))
        line.run()
        assert line.requests == [((1, *chain)[-1], b"hi")]
        assert heard == [(token, b"re:hi")]


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (b"", "forward_malformed"),
        (b"\x02\x14\x00\x00", "forward_malformed"),
        (b"\x82" + bytes(6) + b"data", "forward_malformed"),
        (pack_ip_port((bytes([20, 0, 0, 9]), 0)) + b"data", "forward_address"),
        (pack_ip_port((bytes([255] * 4), 9)) + b"data", "forward_address"),
        (pack_ip_port(STRANGER) + bytes(MAX_FORWARD_DATA_SIZE + 1), "forward_size"),
    ],
)
def test_bad_requests_of_relay_clients(request_, reason):
    peer = Line().peers[0]
    peer.sent.clear()
    peer.forwarding.on_relay_request(1, request_)
    assert peer.sent == []
    assert peer.dropped(reason) == 1


def reply_to(line, data=b"answer"):
    """Node 2's reply to something that node 1 forwarded to it for a stranger."""
    peers = line.peers
    peers[1].sent.clear()
    peers[1].deliver(STRANGER, pack_chain(line.keys(2), b"hello"))
    _, packet = peers[1].sent[-1]
    sendback, _ = unpack_with_sendback(packet)
    peers[1].sent.clear()
    return pack_with_sendback(FORWARD_REPLY, sendback, data)


def test_a_sendback_is_good_for_one_to_two_hours():
    line = Line()
    line.universe.carry = lambda *_: None
    reply, peer = reply_to(line), line.peers[1]
    peer.deliver(line.peers[2].address, reply)
    assert peer.sent == [(STRANGER, pack_with_sendback(FORWARDING, b"", b"answer"))]
    line.universe.clock.now_ms += SENDBACK_LIFETIME_MS
    peer.deliver(line.peers[2].address, reply)
    assert len(peer.sent) == 2
    line.universe.clock.now_ms += SENDBACK_LIFETIME_MS
    peer.deliver(line.peers[2].address, reply)
    assert len(peer.sent) == 2
    assert peer.dropped("forward_sendback") == 1


def test_a_sendback_cannot_be_cut_bent_or_made():
    line = Line()
    reply, peer = reply_to(line), line.peers[1]
    bent = [reply[:i] + bytes((reply[i] ^ 1,)) + reply[i + 1 :] for i in range(1, 2 + reply[1])]
    bent += [reply[:i] for i in range(1, 2 + reply[1])]
    bent += [pack_with_sendback(FORWARD_REPLY, bytes(size), b"x") for size in range(MAX_SENDBACK_SIZE)]
    other = reply_to(line)
    assert other == reply, "only the source decides, so nothing is to be told apart"
    for packet in bent:
        peer.deliver(STRANGER, packet)
    assert peer.sent == []
    assert peer.dropped("forward_sendback") + peer.dropped("forward_malformed") == len(bent)
    line.peers[3].deliver(STRANGER, reply)
    assert line.peers[3].dropped("forward_sendback") == 1


def test_nobody_is_reached_who_is_not_in_the_close_list():
    line = Line()
    peer = line.peers[1]
    peer.sent.clear()
    for key in (bytes(32), peer.key, b"\x07" * 32):
        peer.deliver(STRANGER, pack_chain([key], b"hello"))
    assert peer.sent == []
    assert peer.dropped("forward_unroutable") == 3


def test_sendbacks_end_a_chain_that_grows():
    """Each step adds 40 bytes of sendback, so a loop ends after a few."""
    line = Line()
    data = b"hello"
    for _ in range(20):
        data = pack_chain(line.keys(1), pack_chain(line.keys(2), data))
    line.peers[2].deliver(line.peers[0].address, data)
    before = line.universe.sent
    line.run()
    assert line.universe.sent - before < 30
    assert line.requests == []
    assert sum(peer.dropped("forward_size") for peer in line.peers) == 1


@pytest.mark.parametrize("size", [0, 1, 31])
def test_short_requests(size):
    peer = Line().peers[0]
    peer.deliver(STRANGER, FORWARD_REQUEST.prefix + bytes(size))
    assert peer.dropped("forward_size") == 1


def test_too_much_of_everything():
    line = Line()
    peer = line.peers[0]
    for packet in (
        pack_chain(line.keys(2), b"") + bytes(MAX_FORWARD_DATA_SIZE + 1),
        pack_with_sendback(FORWARDING, bytes(255), b""),
        pack_with_sendback(FORWARDING, b"", bytes(MAX_FORWARD_DATA_SIZE + 1)),
        pack_with_sendback(FORWARD_REPLY, bytes(255), b""),
    ):
        peer.deliver(STRANGER, packet)
    assert peer.dropped("forward_size") + peer.dropped("forward_malformed") == 4
    for keys, data in (([b"k" * 32] * 5, b""), ([b"k" * 32], bytes(MAX_FORWARD_DATA_SIZE + 1)), ([], b"")):
        with pytest.raises(ValueError):
            peer.forwarding.send_request(STRANGER, keys, data)
    with pytest.raises(ValueError):
        pack_relay_request(STRANGER, [bytes(32)] * 2, bytes(MAX_FORWARD_DATA_SIZE - 65))
    assert len(pack_relay_request(STRANGER, [bytes(32)] * 2, bytes(MAX_FORWARD_DATA_SIZE - 66))) == 1799
    with pytest.raises(ValueError):
        peer.forwarding.send_reply(STRANGER, bytes(255), b"")


def test_a_flood_from_one_network_is_throttled():
    line = Line()
    peer = line.peers[1]
    peer.sent.clear()
    packet = pack_chain(line.keys(2), b"flood")
    for i in range(2 * REPLIES_BURST):
        peer.deliver((bytes([66, 1, 1, i & 255]), 1 + (i >> 8)), packet)
    assert len(peer.sent) == REPLIES_BURST
    assert peer.dropped("forward_budget") == REPLIES_BURST
    peer.deliver(STRANGER, packet)
    assert len(peer.sent) == REPLIES_BURST + 1


def test_a_flood_of_replies_is_throttled():
    line = Line()
    line.universe.carry = lambda *_: None
    reply, peer = reply_to(line), line.peers[1]
    for _ in range(2 * REPLIES_BURST):
        peer.deliver((bytes([66, 1, 1, 1]), 1), reply)
    assert len(peer.sent) == REPLIES_BURST
    assert peer.dropped("forward_budget") == REPLIES_BURST


def test_without_owners_everything_is_dropped_and_counted():
    universe, _ = settled(2)
    peer = Peer(universe, "alone")
    peer.deliver(STRANGER, pack_with_sendback(FORWARDING, b"", b"answer"))
    assert peer.dropped("forward_response_unasked") == 1
    peer.deliver(STRANGER, pack_with_sendback(FORWARDING, b"sendback", b"not for announcements"))
    assert peer.dropped("announcement_kind") == 1
    peer.forwarding.on_relay_request(7, pack_relay_request(STRANGER, [], b"x"))
    sendback, _ = unpack_with_sendback(peer.sent[-1][1])
    peer.deliver(STRANGER, pack_with_sendback(FORWARD_REPLY, sendback, b"answer"))
    assert peer.dropped("forward_relay_client") == 1


def test_sizes_are_checked():
    for packet in (b"", b"\x91", b"\x91\x05abcd", b"\x91\xff" + bytes(300)):
        with pytest.raises(PacketError):
            unpack_with_sendback(packet)
    assert unpack_with_sendback(b"\x91\x02abc") == (b"ab", b"c")
