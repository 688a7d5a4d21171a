"""Hellos as the specification has them, frames, limits, and how a connection ends."""

import tracemalloc

import pytest
from nacl.bindings import crypto_box_beforenm, crypto_secretbox, crypto_secretbox_open

from tests.support.fake_streams import pair
from tests.support.universe import SeededRng
from toxpy.crypto.keys import KeyPair
from toxpy.system.traffic import Traffic
from toxpy.tcp.secure import (
    CLIENT_HELLO_SIZE,
    CLOSED_BY_PEER,
    MAX_PENDING,
    MAX_PENDING_PRIORITY,
    SERVER_HELLO_SIZE,
    SecureStream,
    create_client_hello,
    create_server_hello,
    open_client_hello,
    open_server_hello,
)
from toxpy.wire.packets import MAX_FRAME_PAYLOAD

RNG = SeededRng(1)
CLIENT, RELAY, SESSION = (KeyPair.generate(RNG) for _ in range(3))
SHARED = crypto_box_beforenm(RELAY.public, CLIENT.secret)
KEY = RNG.bytes(32)
HERE, THERE = (bytes((192, 0, 2, 1)), 1), (bytes((192, 0, 2, 2)), 2)


def both(**options):
    """Two secure streams and the stream below the first."""
    a, b = pair(HERE, THERE, **options)
    return SecureStream(a, KEY, 5, 2**192 - 2), SecureStream(b, KEY, 2**192 - 2, 5), a


def frame(number, payload):
    box = crypto_secretbox(payload, number.to_bytes(24, "big"), KEY)
    return len(box).to_bytes(2, "big") + box


def test_client_hello_is_the_specifications():
    nonce, base_nonce = RNG.bytes(24), RNG.bytes(24)
    hello = create_client_hello(CLIENT, SHARED, SESSION, base_nonce, nonce)
    assert len(hello) == CLIENT_HELLO_SIZE == 128
    assert hello[:32] == CLIENT.public and hello[32:56] == nonce
    assert crypto_secretbox_open(hello[56:], nonce, SHARED) == SESSION.public + base_nonce
    assert open_client_hello(SHARED, hello) == (SESSION.public, base_nonce)


def test_server_hello_is_the_specifications():
    nonce, base_nonce = RNG.bytes(24), RNG.bytes(24)
    hello = create_server_hello(SHARED, SESSION, base_nonce, nonce)
    assert len(hello) == SERVER_HELLO_SIZE == 96
    assert hello[:24] == nonce
    assert crypto_secretbox_open(hello[24:], nonce, SHARED) == SESSION.public + base_nonce
    assert open_server_hello(SHARED, hello) == (SESSION.public, base_nonce)


def test_hellos_of_others_do_not_open():
    hello = create_client_hello(CLIENT, SHARED, SESSION, RNG.bytes(24), RNG.bytes(24))
    assert open_client_hello(KEY, hello) is None
    assert open_client_hello(SHARED, hello[:-1]) is None
    assert open_client_hello(SHARED, hello + b"\0") is None
    assert open_server_hello(SHARED, hello) is None
    for at in (32, 56, 127):
        damaged = bytearray(hello)
        damaged[at] ^= 1
        assert open_client_hello(SHARED, bytes(damaged)) is None


def test_frames_are_the_specifications():
    secure, _, a = both()
    assert secure.send(b"one") and secure.send(b"two", True)
    assert a.writes == [frame(5, b"one"), frame(6, b"two")]


def test_both_directions_and_the_nonce_wraps():
    here, there, a = both()
    for payload in (b"a", b"b", b"c"):
        assert there.send(payload)
    here.send(b"forth")
    a.pump()
    assert here.receive() == [b"a", b"b", b"c"]
    assert there.receive() == [b"forth"]
    assert here.receive() == []


@pytest.mark.parametrize("size", [1, MAX_FRAME_PAYLOAD])
def test_sizes_that_fit(size):
    here, there, a = both()
    assert here.send(b"x" * size)
    a.pump()
    assert there.receive() == [b"x" * size]


@pytest.mark.parametrize("size", [0, MAX_FRAME_PAYLOAD + 1, 70_000])
def test_sizes_that_do_not_fit_send_nothing(size):
    here, there, a = both()
    assert not here.send(b"x" * size)
    assert here.send(b"next")
    a.pump()
    assert there.receive() == [b"next"]


@pytest.mark.parametrize("size", [0, 1, 16, 2049, 0xFFFF])
def test_an_impossible_length_ends_the_connection_at_once(size):
    here, there, a = both()
    here.send(b"good")
    a.write(size.to_bytes(2, "big"))
    a.pump()
    assert there.receive() == [b"good"]
    assert there.failure == "a frame of impossible length"
    assert there.receive() is None


def test_a_damaged_frame_ends_the_connection_after_the_good_ones():
    here, there, a = both()
    here.send(b"good")
    a.write(frame(6, b"bad")[:-1] + b"\0")
    a.write(frame(7, b"never seen"))
    a.pump()
    assert there.receive() == [b"good"]
    assert there.failure == "a frame that does not decrypt"
    a.write(frame(6, b"too late"))
    a.pump()
    assert there.receive() is None
    assert not there.send(b"no")


@pytest.mark.parametrize("number", [4, 6])
def test_repeated_or_left_out_frames_do_not_decrypt(number):
    _, there, a = both()
    a.write(frame(number, b"x"))
    a.pump()
    assert there.receive() is None


def test_what_came_before_the_other_side_closed_is_handed_out():
    here, there, a = both()
    here.send(b"last words")
    a.write(b"\0")
    here.close()
    a.pump()
    assert there.receive() == [b"last words"]
    assert there.receive() is None
    assert there.failure == CLOSED_BY_PEER


def test_the_leftover_of_the_hello_comes_first():
    a, b = pair(HERE, THERE)
    first, second = frame(0, b"first"), frame(1, b"second")
    secure = SecureStream(b, KEY, 0, 0, first + second[:7])
    assert secure.receive() == [b"first"]
    a.write(second[7:])
    a.pump()
    assert secure.receive() == [b"second"]


def test_the_leftover_counts_even_when_the_peer_has_closed():
    a, b = pair(HERE, THERE)
    a.close()
    a.pump()
    secure = SecureStream(b, KEY, 0, 0, frame(0, b"first"))
    assert secure.receive() == [b"first"]
    assert secure.receive() is None


def test_ordinary_payloads_are_refused_before_priority_ones():
    here, there, a = both(limit=0)
    sent = 0
    while here.send(b"x" * 1000):
        sent += 1
    assert MAX_PENDING < a.pending() <= MAX_PENDING + 1018
    urgent = 0
    while here.send(b"y" * 1000, True):
        urgent += 1
    assert MAX_PENDING_PRIORITY < a.pending() <= MAX_PENDING_PRIORITY + 1018
    # what was refused took no nonce
    a.limit = None
    a.pump()
    received = []
    while payloads := there.receive():
        received += payloads
    assert received == [b"x" * 1000] * sent + [b"y" * 1000] * urgent
    assert here.send(b"again")


def test_one_read_per_receive():
    here, there, a = both(chunk=100)
    for _ in range(10):
        here.send(b"x" * 82)
    a.pump()
    assert a.other.reads == 0
    for count in range(1, 11):
        assert there.receive() == [b"x" * 82]
        assert a.other.reads == count


def test_a_length_claim_allocates_nothing():
    streams = [both() for _ in range(200)]
    for _, _, a in streams:
        a.write((2048).to_bytes(2, "big"))
        a.pump()
    tracemalloc.start()
    try:
        assert all(there.receive() == [] for _, there, _ in streams)
        assert tracemalloc.get_traced_memory()[0] < 200 * 200
    finally:
        tracemalloc.stop()


def test_a_frame_may_come_byte_by_byte():
    _, there, a = both()
    data = frame(5, b"x" * 2000)
    for byte in data[:-1]:
        a.write(bytes((byte,)))
        a.pump()
        assert there.receive() == []
    a.write(data[-1:])
    a.pump()
    assert there.receive() == [b"x" * 2000]


def test_closing_twice_and_sending_afterwards():
    here, there, a = both()
    here.close()
    here.close()
    assert not here.send(b"x")
    assert here.receive() is None
    a.pump()
    assert there.receive() is None


def test_the_profile_counts_payloads_by_their_first_byte():
    a, b = pair(HERE, THERE)
    sent, received = Traffic(), Traffic()
    here, there = SecureStream(a, KEY, 0, 0, traffic=sent), SecureStream(b, KEY, 0, 0, traffic=received)
    here.send(b"\x04" * 9)
    here.send(b"\x11" * 100)
    here.send(b"")
    a.pump()
    there.receive()
    assert sent.packets_sent[0x04] == received.packets_received[0x04] == 1
    assert sent.bytes_sent[0x11] == received.bytes_received[0x11] == 100
    assert sent.total(False, True) == received.total(True, True) == 109


def test_no_secret_in_the_repr():
    here, _, _ = both()
    assert KEY.hex() not in repr(here) and repr(KEY) not in repr(here)
