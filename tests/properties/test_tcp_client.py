"""Any bytes from a proxy or a relay, in any pieces: the client never raises, and ends or waits."""

from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_relay import FakeRelay
from tests.support.fake_streams import FakeConnector, pump_all
from tests.support.universe import SeededRng, SimClock
from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.runtime import Runtime
from toxpy.tcp import client as tcp
from toxpy.tcp.client import TcpClient
from toxpy.tcp.proxy import HTTP, SOCKS5, Proxy
from toxpy.wire.address import Node

ADDRESS = (bytes((192, 0, 2, 7)), 33445)
OWN_KEYS, RELAY_KEYS = KeyPair(b"\x05" * 32), KeyPair(b"\x06" * 32)
GRANTED = {HTTP: [b"HTTP/1.1 200 OK\r\n\r\n"], SOCKS5: [b"\x05\x00", b"\x05\x00\x00\x01" + bytes(6)]}

http_pieces = st.sampled_from(
    [
        b"HTTP/1.",
        b"HTTP/1.1 ",
        b"200",
        b"100",
        b"407",
        b" OK",
        b"\r\n",
        b"\n",
        b"\r\n\r\n",
        b"X: y",
        bytes(5000),
    ]
)
socks_pieces = st.sampled_from([b"\x05", b"\x00", b"\x05\x00", b"\x01", b"\x03\x02", b"\x04", bytes(22)])
any_pieces = st.binary(max_size=120)
pieces = st.lists(st.one_of(http_pieces, socks_pieces, any_pieces), max_size=12)

ids = st.sampled_from([b"\x00", b"\x0f", b"\x10", b"\x11", b"\xff"])
key = st.sampled_from([bytes(32), b"\x01" * 32])
good_frames = st.one_of(
    st.builds(lambda i, k: b"\x01" + i + k, ids, key),
    st.builds(lambda kind, i: kind + i, st.sampled_from([b"\x02", b"\x03"]), ids),
    st.builds(
        lambda kind, value: kind + value,
        st.sampled_from([b"\x04", b"\x05"]),
        st.binary(min_size=8, max_size=8),
    ),
    st.builds(lambda k, data: b"\x07" + k + data, key, st.binary(min_size=1, max_size=1100)),
    st.builds(lambda i, data: i + data, ids, st.binary(min_size=1, max_size=50)),
)
frames = st.lists(
    st.one_of(good_frames, good_frames, good_frames, st.binary(min_size=1, max_size=60)), max_size=20
)


class Owner:
    """Checks the order and the values of what it is told, and sends something at every chance."""

    def __init__(self):
        self.connected = self.closed = False
        self.known, self.online = set(), set()

    def alive(self):
        assert self.connected and not self.closed

    def on_connected(self, client):
        assert not self.connected and not self.closed
        self.connected = True
        assert client.send_routing_request(bytes(32))

    def on_closed(self, client, reason):
        assert not self.closed
        assert reason.isascii() and reason.isprintable() and len(reason) < 120
        self.closed = True

    def on_routing_response(self, client, connection_id, dht_pk):
        self.alive()
        assert len(dht_pk) == 32
        if connection_id is not None:
            assert 0 <= connection_id < 240 and connection_id not in self.known
            self.known.add(connection_id)

    def on_peer_status(self, client, connection_id, online):
        self.alive()
        assert connection_id in self.known and online != (connection_id in self.online)
        self.online ^= {connection_id}
        # not even to one that is, when it turns out that the relay has closed
        assert not client.send_data(connection_id, b"hello") or online

    def on_data(self, client, connection_id, data):
        self.alive()
        assert connection_id in self.known and data
        if data[0] & 1:
            assert client.send_disconnect(connection_id)
            self.known.discard(connection_id)
            self.online.discard(connection_id)

    def on_oob(self, client, dht_pk, data):
        self.alive()
        assert len(dht_pk) == 32 and data
        client.send_oob(dht_pk, data)

    def on_onion_response(self, client, data):
        self.alive()
        assert data

    on_forwarding = on_onion_response


def start(kind):
    """A client whose connection was accepted: by the proxy, or by the relay without one."""
    rt = Runtime(SimClock(), SeededRng(1))
    connector, owner = FakeConnector(), Owner()
    proxy = None if kind is None else Proxy(kind, ADDRESS)
    node = Node(RELAY_KEYS.public, ADDRESS, tcp=True)
    shared_keys = SharedKeys(OWN_KEYS, rt=rt)
    client = TcpClient(node, OWN_KEYS, shared_keys, owner, rt=rt, connect=connector, proxy=proxy)
    return rt, client, owner, connector.accept()


def settle(rt, client, owner, far):
    """After the input: over, or waiting for a time-out that comes."""
    pump_all(far)
    assert (client.state == tcp.CLOSED) == owner.closed
    for _ in range(3):
        next_ms = rt.timers.next_deadline_ms()
        if next_ms is not None:
            assert next_ms <= rt.clock.now_ms + tcp.PING_INTERVAL_MS
            rt.clock.now_ms = next_ms
            rt.timers.run_due()
    assert client.state == tcp.CLOSED and owner.closed
    assert rt.timers.next_deadline_ms() is None


@given(st.sampled_from([None, HTTP, SOCKS5]), pieces, st.booleans())
def test_any_bytes_before_the_handshake_is_done(kind, pieces, closes):
    rt, client, owner, far = start(kind)
    for piece in pieces:
        far.write(piece)
        pump_all(far)
    if closes:
        far.close()
    settle(rt, client, owner, far)


@given(st.sampled_from([None, HTTP, SOCKS5]), frames, st.integers(1, 3000), st.booleans())
def test_any_frames_in_any_pieces(kind, frames, chunk, pongs):
    rt, client, owner, far = start(kind)
    for answer in GRANTED.get(kind, []):
        pump_all(far)
        far.inbox.clear()
        far.write(answer)
    pump_all(far)
    relay = FakeRelay(RELAY_KEYS, far, rt.rng, pongs=pongs)
    far.other.chunk = chunk
    pump_all(far)
    assert owner.connected == pongs
    relay.say(*frames)
    # whatever decrypts first is the confirmation
    assert owner.connected == (pongs or bool(frames))
    relay.pongs = False
    settle(rt, client, owner, far)


@given(frames, st.integers(0, 10_000), st.integers(1, 255))
def test_any_flipped_bits_end_the_connection(frames, place, mask):
    rt, client, owner, far = start(None)
    relay = FakeRelay(RELAY_KEYS, far, rt.rng)
    pump_all(far)
    assert owner.connected
    for frame in frames:
        relay.secure.send(frame)
    if far.out:
        far.out[place % len(far.out)] ^= mask
    relay.pongs = False
    settle(rt, client, owner, far)
