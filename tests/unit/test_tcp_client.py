"""One client and one relay, with the relay's end in the test's hands."""

import pytest
from nacl.bindings import crypto_box_beforenm, crypto_secretbox, crypto_secretbox_open

from tests.support.fake_relay import FakeRelay
from tests.support.fake_streams import FakeConnector, pump_all
from tests.support.universe import SeededRng, SimClock
from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.netprof import Profile
from toxpy.runtime import LOG_INFO, LOG_WARNING, Runtime
from toxpy.tcp import client as tcp
from toxpy.tcp.client import TcpClient
from toxpy.tcp.proxy import HTTP, SOCKS5, Proxy
from toxpy.wire.address import Node

RELAY_ADDRESS = (bytes((192, 0, 2, 7)), 33445)
PROXY_ADDRESS = (bytes((198, 51, 100, 1)), 8080)
FRIEND = bytes(range(32))
FIRST_ID = b"\x10"


class Owner:
    """What the client told."""

    def __init__(self):
        self.calls = []
        self.react = {}

    def __getattr__(self, name):
        if not name.startswith("on_"):
            raise AttributeError(name)

        def record(client, *values):
            self.calls.append((name.removeprefix("on_"), *values))
            self.react.get(name, lambda *_: None)(client, *values)

        return record

    def take(self):
        """What came since the last time."""
        calls, self.calls = self.calls, []
        return calls


class Stage:
    """A client, its owner and the means to be its relay."""

    def __init__(self, kind=None, host=None, relay_pk=None):
        self.logs = []
        self.rt = Runtime(SimClock(), SeededRng(3), lambda level, text: self.logs.append((level, text)))
        self.rt.clock.now_ms = 1000
        self.connector = FakeConnector()
        self.owner = Owner()
        self.keys = KeyPair.generate(self.rt.rng)
        self.relay_keys = KeyPair.generate(self.rt.rng)
        self.proxy = None if kind is None else Proxy(kind, PROXY_ADDRESS)
        self.host = host
        self.node = Node(relay_pk or self.relay_keys.public, RELAY_ADDRESS, tcp=True)
        self.relay = None
        self.profile = Profile()

    def start(self):
        self.client = TcpClient(
            self.node,
            self.keys,
            SharedKeys(self.keys, rt=self.rt),
            self.owner,
            rt=self.rt,
            connect=self.connector,
            proxy=self.proxy,
            host=self.host,
            profile=self.profile,
        )
        return self

    def accept(self, **options):
        """The far end of the stream, with nobody behind it."""
        return self.connector.accept(**options)

    def serve(self, far=None, pongs=True, **options):
        """A relay at the far end."""
        self.relay = FakeRelay(self.relay_keys, far or self.accept(**options), self.rt.rng, pongs=pongs)
        pump_all(self.relay.stream)
        return self.relay

    def wait(self, ms):
        """Time passes, in steps; both ends read what there is."""
        end_ms = self.rt.clock.now_ms + ms
        while True:
            next_ms = self.rt.timers.next_deadline_ms()
            self.rt.clock.now_ms = end_ms if next_ms is None else min(next_ms, end_ms)
            self.rt.timers.run_due()
            if self.relay is not None:
                pump_all(self.relay.stream)
            if self.rt.clock.now_ms == end_ms and (self.rt.timers.next_deadline_ms() or end_ms + 1) > end_ms:
                return

    def stream(self):
        return self.connector.streams[-1]

    def closed_reason(self):
        """The only thing that happened, and everything is let go."""
        ((name, reason),) = self.owner.take()
        assert name == "closed"
        assert self.client.state == tcp.CLOSED and self.stream().closed
        assert self.rt.timers.next_deadline_ms() is None
        return reason


@pytest.fixture
def stage():
    """Confirmed."""
    made = Stage().start()
    made.serve()
    assert made.owner.take() == [("connected",)]
    return made


def routed(stage, online=True):
    """FRIEND has connection id 0."""
    assert stage.client.send_routing_request(FRIEND)
    stage.relay.say(b"\x01" + FIRST_ID + FRIEND)
    assert stage.owner.take() == [("routing_response", 0, FRIEND)]
    if online:
        stage.relay.say(b"\x02" + FIRST_ID)
        assert stage.owner.take() == [("peer_status", 0, True)]
    return stage


# connecting


def test_directly_to_a_relay():
    stage = Stage().start()
    assert stage.connector.addresses == [RELAY_ADDRESS]
    assert stage.client.state == tcp.CONNECTING
    far = stage.accept()
    assert stage.client.state == tcp.HANDSHAKE
    relay = stage.serve(far, pongs=False)
    assert stage.client.state == tcp.UNCONFIRMED and stage.owner.calls == []
    assert not stage.client.is_connected() and not stage.client.send_routing_request(FRIEND)
    assert relay.client_pk == stage.keys.public
    # the ping is the first frame
    (ping,) = relay.frames
    assert ping[0] == 4 and len(ping) == 9 and any(ping[1:])
    relay.say(b"\x05" + ping[1:])
    assert stage.client.is_connected() and stage.owner.take() == [("connected",)]
    assert stage.logs == [(LOG_INFO, "TCP relay 192.0.2.7:33445: connected")]


def test_the_hello_is_the_protocols():
    """Opened and answered with libsodium alone, as the specification says."""
    stage = Stage().start()
    far = stage.accept()
    pump_all(far)
    hello = far.read()
    assert len(hello) == 128 and hello[:32] == stage.keys.public
    shared = crypto_box_beforenm(stage.keys.public, stage.relay_keys.secret)
    plain = crypto_secretbox_open(hello[56:], hello[32:56], shared)
    session = KeyPair.generate(stage.rt.rng)
    answer = crypto_secretbox(session.public + bytes(23) + b"\x07", b"n" * 24, shared)
    far.write(b"n" * 24 + answer)
    pump_all(far)
    frame = far.read()
    assert frame[:2] == b"\x00\x19"
    key = crypto_box_beforenm(plain[:32], session.secret)
    ping = crypto_secretbox_open(frame[2:], plain[32:], key)
    far.write(b"\x00\x19" + crypto_secretbox(b"\x05" + ping[1:], bytes(23) + b"\x07", key))
    pump_all(far)
    assert stage.client.is_connected()


@pytest.mark.parametrize("chunk", [1, 50, 97])
def test_frames_right_behind_the_hello(chunk):
    stage = Stage().start()
    far = stage.accept(chunk=chunk)
    # the relay says everything at once, and nothing afterwards
    far.on_ready = lambda: None
    pump_all(far)
    relay = FakeRelay(stage.relay_keys, far, stage.rt.rng, pongs=False)
    relay.buffer = bytes(far.inbox)
    far.inbox.clear()
    far.write(relay.answer())
    relay.say(b"\x07" + FRIEND + b"early")
    assert stage.owner.take() == [("connected",), ("oob", FRIEND, b"early")]


def test_frames_in_the_same_read_as_the_hello():
    stage = Stage().start()
    far = stage.accept()
    relay = FakeRelay(stage.relay_keys, far, stage.rt.rng, pongs=False)
    far.on_ready = lambda: None
    pump_all(far)
    relay.buffer = far.read()
    near = stage.stream()
    near.on_ready, on_ready = (lambda: None), near.on_ready
    far.write(relay.answer())
    relay.say(b"\x07" + FRIEND + b"early")
    on_ready()
    assert stage.owner.take() == [("connected",), ("oob", FRIEND, b"early")]


def test_no_socket_is_told_later():
    stage = Stage()
    stage.connector.error = OSError(24, "Too many open files")
    stage.start()
    assert stage.owner.calls == []
    stage.wait(0)
    assert stage.owner.take() == [("closed", "no socket for the connection: Too many open files")]
    assert stage.client.state == tcp.CLOSED
    stage.connector.error = OSError(24, "Too many open files")
    stage.start().client.close()
    stage.wait(100)
    assert stage.owner.take() == []


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (None, "cannot connect to the relay"),
        (HTTP, "cannot connect to the HTTP proxy"),
        (SOCKS5, "cannot connect to the SOCKS5 proxy"),
    ],
)
def test_a_refused_connection(kind, reason):
    stage = Stage(kind).start()
    stage.connector.refuse()
    assert stage.closed_reason() == reason
    # only what the user can mend is a warning
    assert [level >= LOG_WARNING for level, _ in stage.logs] == [kind is not None]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (None, "relay did not answer within 10 s"),
        (HTTP, "HTTP proxy did not answer within 10 s"),
        (SOCKS5, "SOCKS5 proxy did not answer within 10 s"),
    ],
)
def test_every_phase_has_ten_seconds(kind, reason):
    stage = Stage(kind).start()
    stage.wait(9_999)
    assert stage.owner.calls == []
    stage.wait(1)
    assert stage.closed_reason() == reason

    stage = Stage(kind).start()
    stage.wait(9_999)
    far = stage.accept()
    if kind is not None:
        assert stage.client.state == tcp.PROXY
        # a drop now and then does not help the proxy
        for byte in b"HTTP/1.1 " if kind == HTTP else b"\x05":
            stage.wait(1000)
            far.write(bytes((byte,)))
            pump_all(far)
        stage.wait(999 if kind == HTTP else 8999)
        assert stage.owner.calls == []
        stage.wait(1)
    else:
        stage.wait(9_999)
        assert stage.owner.calls == []
        stage.wait(1)
        reason = "relay did not answer the handshake within 10 s"
    assert stage.closed_reason() == reason


def test_a_relay_that_answers_but_cannot_confirm():
    stage = Stage().start()
    stage.serve(pongs=False)
    stage.wait(10_000)
    assert stage.closed_reason() == "relay did not answer a ping within 10 s"


def test_a_relay_with_another_key():
    stage = Stage().start()
    far = stage.accept()
    far.write(bytes(96))
    pump_all(far)
    assert stage.closed_reason() == "relay's handshake does not decrypt: does it have another public key?"


def test_a_relay_key_of_low_order():
    stage = Stage(relay_pk=b"\x01" + bytes(31)).start()
    stage.accept()
    assert stage.closed_reason() == "the relay's public key is not valid"


def test_a_session_key_of_low_order():
    stage = Stage().start()
    far = stage.accept()
    pump_all(far)
    shared = crypto_box_beforenm(stage.keys.public, stage.relay_keys.secret)
    far.write(b"n" * 24 + crypto_secretbox(b"\x01" + bytes(31 + 24), b"n" * 24, shared))
    pump_all(far)
    assert stage.closed_reason() == "relay's session key is not valid"


@pytest.mark.parametrize("size", [0, 1, 95])
def test_a_relay_that_closes_instead_of_answering(size):
    stage = Stage().start()
    far = stage.accept()
    far.write(bytes(size))
    far.close()
    pump_all(stage.stream())
    assert stage.closed_reason() == "the connection was closed before the relay answered the handshake"


# proxies


@pytest.mark.parametrize("chunk", [1, None])
@pytest.mark.parametrize("host", [None, "relay.example"])
def test_through_an_http_proxy(host, chunk):
    stage = Stage(HTTP, host).start()
    assert stage.connector.addresses == [PROXY_ADDRESS]
    far = stage.accept(chunk=chunk)
    assert stage.client.state == tcp.PROXY
    pump_all(far)
    name = host or "192.0.2.7"
    assert bytes(far.inbox).startswith(f"CONNECT {name}:33445 HTTP/1.1\r\n".encode())
    far.inbox.clear()
    far.write(b"HTTP/1.0 200 OK\r\nX: y\r\n\r\n")
    pump_all(far)
    stage.serve(far)
    assert stage.owner.take() == [("connected",)]
    assert stage.logs == [(LOG_INFO, f"TCP relay {name}:33445: connected")]


@pytest.mark.parametrize("chunk", [1, None])
@pytest.mark.parametrize("host", [None, "relay.example"])
def test_through_a_socks5_proxy(host, chunk):
    stage = Stage(SOCKS5, host).start()
    assert stage.connector.addresses == [PROXY_ADDRESS]
    far = stage.accept(chunk=chunk)
    pump_all(far)
    assert bytes(far.inbox) == b"\x05\x01\x00"
    far.inbox.clear()
    far.write(b"\x05\x00")
    pump_all(far)
    target = b"\x03\x0drelay.example" if host else b"\x01\xc0\x00\x02\x07"
    assert bytes(far.inbox) == b"\x05\x01\x00" + target + b"\x82\xa5"
    far.inbox.clear()
    far.write(b"\x05\x00\x00\x01" + bytes(6))
    pump_all(far)
    stage.serve(far)
    assert stage.owner.take() == [("connected",)]


def test_each_phase_behind_a_proxy_has_its_own_ten_seconds():
    stage = Stage(HTTP).start()
    stage.wait(9000)
    far = stage.accept()
    stage.wait(9000)
    far.write(b"HTTP/1.0 200 OK\r\n\r\n")
    pump_all(far)
    assert stage.client.state == tcp.HANDSHAKE
    stage.wait(9000)
    assert stage.owner.calls == []
    stage.wait(1000)
    assert stage.closed_reason() == "relay did not answer the handshake within 10 s"


@pytest.mark.parametrize(
    ("kind", "said", "reason"),
    [
        (HTTP, b"HTTP/1.0 407 Login\r\n", "HTTP proxy answered 407 Login"),
        (HTTP, b"", "HTTP proxy closed the connection without granting it"),
        (HTTP, b"HTTP/1.0 200 OK\r\n", "HTTP proxy closed the connection without granting it"),
        (SOCKS5, b"\x05", "SOCKS5 proxy closed the connection without granting it"),
        (SOCKS5, b"\x05\xff", "SOCKS5 proxy demands authentication"),
    ],
)
def test_a_proxy_that_will_not(kind, said, reason):
    stage = Stage(kind).start()
    far = stage.accept()
    far.write(said)
    far.close()
    pump_all(stage.stream())
    assert stage.closed_reason() == reason
    assert stage.logs == [(LOG_WARNING, "TCP relay 192.0.2.7:33445: " + reason)]


def test_the_relays_bytes_behind_the_proxys_answer():
    stage = Stage(HTTP).start()
    far = stage.accept()
    far.write(b"HTTP/1.0 200 OK\r\n\r\n" + bytes(96))
    pump_all(far)
    assert stage.closed_reason().startswith("relay's handshake does not decrypt")


def test_names_are_for_proxies():
    with pytest.raises(ValueError):
        Stage(host="relay.example").start()
    with pytest.raises(ValueError):
        Stage(HTTP, "relay example").start()
    assert Stage().connector.streams == []


# frames


def test_routing_data_and_oob(stage):
    routed(stage)
    client, relay = stage.client, stage.relay
    assert relay.heard(0) == [FRIEND]
    assert client.send_data(0, b"to friend") and client.send_oob(FRIEND, b"x" * 1024)
    assert client.send_onion(b"onion") and client.send_forward_request(b"forward")
    relay.say(FIRST_ID + b"from friend", b"\x07" + FRIEND + b"oob", b"\x09o", b"\x0bf")
    assert stage.owner.take() == [
        ("data", 0, b"from friend"),
        ("oob", FRIEND, b"oob"),
        ("onion_response", b"o"),
        ("forwarding", b"f"),
    ]
    assert relay.frames[-4:] == [
        FIRST_ID + b"to friend",
        b"\x06" + FRIEND + b"x" * 1024,
        b"\x08onion",
        b"\x0aforward",
    ]


def test_frames_are_counted(stage):
    routed(stage)
    assert stage.client.send_data(0, b"12345") and not stage.client.send_oob(FRIEND, b"")
    stage.relay.say(b"\x10" + b"123")
    profile = stage.profile
    assert [profile.packets_sent[kind] for kind in (0, 4, 6, 16)] == [1, 1, 0, 1]
    assert [profile.packets_received[kind] for kind in (1, 2, 5, 16)] == [1, 1, 1, 1]
    assert (profile.bytes_sent[16], profile.bytes_received[16]) == (6, 4)


def test_what_cannot_be_sent(stage):
    client = stage.client
    sent = list(stage.stream().writes)
    assert not client.send_data(0, b"no such peer")
    assert not client.send_oob(FRIEND, b"") and not client.send_oob(FRIEND, bytes(1025))
    assert not client.send_disconnect(0)
    assert not client.send_onion(bytes(2032)) and not client.send_forward_request(bytes(2032))
    routed(stage, online=False)
    sent += stage.stream().writes[len(sent) :]
    assert not client.send_data(0, b"peer is not there")
    stage.relay.say(b"\x02" + FIRST_ID)
    assert not client.send_data(0, b"") and not client.send_data(0, bytes(2032))
    assert stage.stream().writes == sent
    assert client.send_data(0, bytes(2031)) and client.send_onion(bytes(2031))


def test_peers_come_and_go_once(stage):
    routed(stage)
    stage.relay.say(b"\x02" + FIRST_ID)
    assert stage.owner.take() == []
    stage.relay.say(b"\x03" + FIRST_ID, b"\x03" + FIRST_ID)
    assert stage.owner.take() == [("peer_status", 0, False)]
    # the last data may be on its way still
    stage.relay.say(FIRST_ID + b"late")
    assert stage.owner.take() == [("data", 0, b"late")]
    # nobody has this id
    stage.relay.say(b"\x02\x11", b"\x03\x11", b"\x11data")
    assert stage.owner.take() == [] and stage.client.is_connected()
    assert stage.rt.counters.values["drop.tcp_data_id"] == 1


def test_refused_and_taken_ids(stage):
    assert stage.client.send_routing_request(FRIEND)
    stage.relay.say(b"\x01\x00" + FRIEND, b"\x01\x0f" + FRIEND)
    assert stage.owner.take() == [("routing_response", None, FRIEND)] * 2
    routed(stage)
    stage.relay.say(b"\x01" + FIRST_ID + bytes(32))
    assert stage.owner.take() == []
    stage.relay.say(b"\x01\xff" + bytes(32))
    assert stage.owner.take() == [("routing_response", 239, bytes(32))]


def test_an_id_given_back_is_free_at_once(stage):
    routed(stage)
    assert stage.client.send_disconnect(0) and not stage.client.send_disconnect(0)
    assert not stage.client.send_data(0, b"gone")
    stage.relay.say(FIRST_ID + b"crossed", b"\x03" + FIRST_ID)
    assert stage.owner.take() == []
    assert stage.relay.heard(3) == [FIRST_ID]
    routed(stage)


@pytest.mark.parametrize(
    "frame",
    [
        b"\x00" + FRIEND,
        b"\x01",
        b"\x01" + FIRST_ID + bytes(31),
        b"\x01" + FIRST_ID + bytes(33),
        b"\x02\x0f",
        b"\x02\x10\x10",
        b"\x03\x00",
        b"\x03",
        b"\x04" + bytes(7),
        b"\x04" + bytes(9),
        b"\x05" + bytes(8),
        b"\x05" + b"1" * 7,
        b"\x06" + FRIEND + b"x",
        b"\x07" + FRIEND,
        b"\x08x",
        b"\x09",
        b"\x0ax",
        b"\x0b",
        b"\x0cx",
        b"\x0fx",
        b"\x10",
        b"\xff",
    ],
)
def test_an_invalid_frame_ends_the_connection(stage, frame):
    stage.relay.say(frame, b"\x07" + FRIEND + b"not heard any more")
    assert stage.closed_reason() == "relay sent an invalid frame"
    assert stage.rt.counters.values["drop.tcp_frame"] == 1
    assert stage.relay.closed


@pytest.mark.parametrize("junk", [b"\x00\x00", b"\xff\xff", b"\x00\x11" + bytes(17)])
def test_junk_ends_the_connection_behind_good_frames(stage, junk):
    stage.relay.send(b"\x07" + FRIEND + b"good")
    stage.relay.stream.write(junk)
    pump_all(stage.relay.stream)
    assert stage.owner.calls.pop(0) == ("oob", FRIEND, b"good")
    assert stage.closed_reason().startswith("connection to the relay ended: a frame ")


def test_the_relay_closes(stage):
    stage.relay.send(b"\x07" + FRIEND + b"last words")
    stage.relay.stream.close()
    pump_all(stage.stream())
    assert stage.owner.calls.pop(0) == ("oob", FRIEND, b"last words")
    assert stage.closed_reason() == "connection to the relay ended: closed by the other side"


# pings


def test_pings_every_thirty_seconds(stage):
    stage.wait(29_999)
    assert len(stage.relay.heard(4)) == 1
    stage.wait(1)
    assert len(set(stage.relay.heard(4))) == 2
    stage.wait(300_000)
    assert len(set(stage.relay.heard(4))) == 12
    stage.relay.pongs = False
    stage.wait(39_999)
    assert stage.owner.calls == []
    stage.wait(1)
    assert stage.closed_reason() == "relay did not answer a ping within 10 s"


def test_a_wrong_pong_does_not_count(stage):
    stage.relay.pongs = False
    stage.wait(30_000)
    stage.relay.say(b"\x05" + b"w" * 8)
    # the pong of the ping before
    stage.relay.say(b"\x05" + stage.relay.heard(4)[0])
    stage.wait(9_999)
    assert stage.client.is_connected()
    stage.wait(1)
    assert stage.closed_reason() == "relay did not answer a ping within 10 s"


def test_a_late_pong_does_not_shift_the_pings(stage):
    stage.relay.pongs = False
    stage.wait(30_000)
    stage.wait(9_999)
    stage.relay.say(b"\x05" + stage.relay.heard(4)[-1])
    stage.wait(20_000)
    assert len(stage.relay.heard(4)) == 2
    stage.wait(1)
    assert len(stage.relay.heard(4)) == 3


def test_the_relays_pings_are_answered(stage):
    stage.relay.say(b"\x04" + b"12345678")
    assert stage.relay.heard(5) == [b"12345678"]


# the out-buffer


def stuck(stage):
    """Nothing leaves any more, and data is refused."""
    routed(stage)
    stage.stream().limit = 0
    count = 0
    while stage.client.send_data(0, bytes(1000)):
        count += 1
        assert count < 100
    assert stage.stream().pending() > 65_536
    return count


def test_data_is_refused_while_much_waits(stage):
    count = stuck(stage)
    assert not stage.client.send_onion(b"x") and not stage.client.send_oob(FRIEND, b"x")
    assert stage.client.send_routing_request(bytes(32))
    stage.stream().limit = None
    pump_all(stage.relay.stream)
    assert len(stage.relay.heard(16)) == count
    assert stage.client.send_data(0, b"x")


def test_important_frames_wait_in_order_and_within_bounds(stage):
    stuck(stage)
    asked = []
    while len(asked) < 10_000:
        key = len(asked).to_bytes(32, "big")
        if not stage.client.send_routing_request(key):
            break
        asked.append(key)
    assert len(asked) < 5000
    assert stage.rt.counters.values["drop.tcp_owed_full"] == 1
    assert not stage.client.send_disconnect(0)
    most = stage.stream().pending()
    # a relay that asks and never reads costs nothing more
    for _ in range(1000):
        stage.relay.say(b"\x04" + b"12345678")
    assert stage.stream().pending() == most < 2**18
    stage.stream().limit = None
    pump_all(stage.relay.stream)
    assert stage.relay.heard(0) == [FRIEND, *asked]
    assert stage.client.is_connected()


def test_nothing_overtakes_what_waits(stage):
    stuck(stage)
    keys = [n.to_bytes(32, "big") for n in range(4000)]
    asked = [key for key in keys if stage.client.send_routing_request(key)]
    assert len(asked) < 4000
    # there is room again, but nobody was told yet
    stage.stream().limit = 100_000
    stage.relay.stream.pump()
    assert 0 < stage.stream().pending() < 131_072
    assert not stage.client.send_disconnect(0)
    pump_all(stage.relay.stream)
    assert stage.client.send_disconnect(0)
    pump_all(stage.relay.stream)
    assert stage.relay.heard(0) == [FRIEND, *asked]


def test_a_ping_that_has_to_wait_arrives(stage):
    stuck(stage)
    while stage.client.send_routing_request(bytes(32)) and stage.stream().pending() < 196_000:
        pass
    stage.wait(30_000)
    stage.wait(9000)
    stage.stream().limit = None
    stage.wait(0)
    stage.wait(100_000)
    assert stage.client.is_connected()


def test_a_relay_that_does_not_read_gets_no_more_data(stage):
    routed(stage)
    client, relay = stage.client, stage.relay
    relay.pongs = False
    sent = 0
    while client.has_room():
        assert client.send_data(0, bytes(1000))
        sent += 1
        assert sent < 100
    assert 48 <= sent <= 50
    pump_all(relay.stream)
    pings = [frame[1:] for frame in relay.frames if frame[0] == 4]
    # one when it was confirmed, and one behind every 12 KiB
    assert len(pings) == 4 and stage.owner.take() == []
    relay.pongs = True
    relay.say(b"\x05" + pings[-1])
    # that much was read; more marks tell of the rest
    assert client.has_room() and stage.owner.take() == [("room",)]
    stage.wait(0)
    assert stage.owner.take() == []
    more = 0
    while client.has_room():
        assert client.send_data(0, bytes(1000))
        more += 1
        assert more < 100
    assert more >= 30
    # nothing comes for forty seconds: that relay is of no use
    relay.pongs = False
    stage.wait(39_000)
    assert client.is_connected()
    stage.wait(2_000)
    name, *reason = stage.owner.take()[-1]
    assert (name, reason) == ("closed", ["relay did not answer a ping within 40 s"])


def test_no_room_is_no_end_without_a_mark(stage):
    # less than a mark was sent, and the relay's kernel has no more room: only a ping can tell when it has
    routed(stage)
    stage.relay.pongs = False
    assert stage.client.send_data(0, bytes(1000))
    stage.stream().window_size = 0
    stage.client._backlog._allowed = 0
    before = sum(frame[0] == 4 for frame in stage.relay.frames)
    assert not stage.client.has_room() and not stage.client.has_room()
    pump_all(stage.relay.stream)
    assert sum(frame[0] == 4 for frame in stage.relay.frames) == before + 1


def test_a_relay_that_stopped_in_a_long_backlog_is_pushed(stage):
    routed(stage)
    client, relay, stream = stage.client, stage.relay, stage.stream()
    stream.window_size = 1 << 20
    relay.pongs = False
    backlog = client._backlog
    backlog.limit = 1 << 20
    for _ in range(70):
        assert client.has_room() and client.send_data(0, bytes(1000))
        pump_all(relay.stream)
    assert backlog.is_long() and not [frame for frame in relay.frames if frame[0] == 6]
    stage.wait(1000)
    # room for the data there is, and when there is none two packets to nobody, more than any frame together
    fillers = [frame for frame in relay.frames if frame[0] == 6]
    assert ("room",) in stage.owner.take()
    assert 2 * 2 <= len(fillers) <= 2 * 6
    assert all(len(frame) == 33 + 1024 for frame in fillers)
    assert len({frame[1:33] for frame in fillers}) == len(fillers)
    # its kernel has no room for a push: it would only wait in ours
    stream.window_size = 1000
    stage.wait(5000)
    assert len([frame for frame in relay.frames if frame[0] == 6]) == len(fillers)
    # it goes on, and everything was read
    relay.pongs = True
    relay.say(b"\x05" + list(backlog.marks)[-1])
    assert not backlog.is_long() and client.is_connected()


def test_a_mark_read_in_a_long_backlog_is_answered(stage):
    routed(stage)
    client, relay = stage.client, stage.relay
    stage.stream().window_size = 1 << 20
    relay.pongs = False
    client._backlog.limit = 1 << 20
    for _ in range(90):
        assert client.has_room() and client.send_data(0, bytes(1000))
        pump_all(relay.stream)
    relay.say(b"\x05" + next(iter(client._backlog.marks)))
    assert client._backlog.is_long()
    assert len([frame for frame in relay.frames if frame[0] == 6]) == 2


# the end


def test_close_is_silent_and_final(stage):
    routed(stage)
    client = stage.client
    client.close()
    client.close()
    assert stage.stream().closed and stage.rt.timers.next_deadline_ms() is None
    pump_all(stage.stream(), stage.relay.stream)
    stage.wait(100_000)
    assert stage.owner.calls == [] and not client.is_connected() and stage.relay.closed
    assert not client.send_data(0, b"x") and not client.send_oob(FRIEND, b"x")
    assert not client.send_routing_request(FRIEND) and not client.send_disconnect(0)
    assert not client.send_onion(b"x") and not client.send_forward_request(b"x")


@pytest.mark.parametrize(
    ("callback", "frame"),
    [
        ("on_data", FIRST_ID + b"x"),
        ("on_oob", b"\x07" + FRIEND + b"x"),
        ("on_peer_status", b"\x03" + FIRST_ID),
        ("on_routing_response", b"\x01\x20" + FRIEND),
        ("on_onion_response", b"\x09x"),
        ("on_forwarding", b"\x0bx"),
    ],
)
def test_closing_from_a_call_back(stage, callback, frame):
    routed(stage)
    stage.owner.react[callback] = lambda client, *_: client.close()
    stage.relay.say(frame, frame, b"\x0cinvalid")
    assert [name for name, *_ in stage.owner.take()] == [callback.removeprefix("on_")]
    assert stage.client.state == tcp.CLOSED


def test_closing_from_a_call_back_before_junk(stage):
    stage.owner.react["on_oob"] = lambda client, *_: client.close()
    stage.relay.send(b"\x07" + FRIEND + b"x")
    stage.relay.stream.write(b"\xff\xff")
    pump_all(stage.relay.stream)
    assert [name for name, *_ in stage.owner.take()] == ["oob"]


def test_closing_when_connected():
    stage = Stage().start()
    stage.owner.react["on_connected"] = lambda client: client.close()
    stage.serve()
    assert stage.owner.take() == [("connected",)]
    assert stage.client.state == tcp.CLOSED and stage.stream().closed


def test_closing_before_anything_came():
    stage = Stage(SOCKS5).start()
    stage.client.close()
    stage.wait(100_000)
    assert stage.owner.calls == [] and stage.stream().closed
