"""One client and one relay, with the relay's end in the test's hands."""

import pytest
from nacl.bindings import crypto_box_beforenm, crypto_secretbox, crypto_secretbox_open

from tests.support.fake_relay import FakeRelay
from tests.support.fake_streams import pump_all
from tests.support.tcp_stage import FIRST_ID, FRIEND, PROXY_ADDRESS, RELAY_ADDRESS, Stage, confirmed, routed
from toxpy.crypto.keys import KeyPair
from toxpy.runtime import LOG_INFO, LOG_WARNING
from toxpy.tcp import client as tcp
from toxpy.tcp.proxy import HTTP, SOCKS5


@pytest.fixture
def stage():
    return confirmed()


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
    traffic = stage.traffic
    assert [traffic.packets_sent[kind] for kind in (0, 4, 6, 16)] == [1, 1, 0, 1]
    assert [traffic.packets_received[kind] for kind in (1, 2, 5, 16)] == [1, 1, 1, 1]
    assert (traffic.bytes_sent[16], traffic.bytes_received[16]) == (6, 4)


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
