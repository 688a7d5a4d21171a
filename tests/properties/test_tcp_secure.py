"""Hellos and frames: codec laws, any chunking gives the same frames, no bytes raise."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fake_streams import pair
from tests.support.universe import SeededRng
from toxpy.crypto.keys import KeyPair
from toxpy.crypto.sodium import encrypt
from toxpy.tcp.secure import (
    CLIENT_HELLO_SIZE,
    SecureStream,
    create_client_hello,
    create_server_hello,
    open_client_hello,
    open_server_hello,
)

RNG = SeededRng(2)
KEYS, SESSION = KeyPair.generate(RNG), KeyPair.generate(RNG)
KEY = RNG.bytes(32)
HERE, THERE = (bytes((192, 0, 2, 1)), 1), (bytes((192, 0, 2, 2)), 2)
NONCES = st.binary(min_size=24, max_size=24)
PAYLOADS = st.lists(st.binary(min_size=1, max_size=300), max_size=12)


def frames(payloads, first=0):
    boxes = [encrypt(KEY, (first + i).to_bytes(24, "big"), payload) for i, payload in enumerate(payloads)]
    return b"".join(len(box).to_bytes(2, "big") + box for box in boxes)


def receive(chunks):
    """What comes out, and why it ended, when the stream is read in these pieces."""
    a, b = pair(HERE, THERE)
    secure, received = SecureStream(b, KEY, 0, 0), []
    for chunk in chunks:
        a.write(chunk)
        a.pump()
        received += secure.receive() or []
    return received, secure.failure


def split(data, cuts):
    edges = [0, *sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
    return [data[start:end] for start, end in zip(edges, edges[1:], strict=False)]


@given(st.binary(min_size=32, max_size=32), NONCES, NONCES)
def test_hellos_come_back(shared, base_nonce, nonce):
    hello = create_client_hello(KEYS, shared, SESSION, base_nonce, nonce)
    assert open_client_hello(shared, hello) == (SESSION.public, base_nonce)
    answer = create_server_hello(shared, SESSION, base_nonce, nonce)
    assert open_server_hello(shared, answer) == (SESSION.public, base_nonce)


def test_no_prefix_of_a_hello_opens():
    hello = create_client_hello(KEYS, KEY, SESSION, RNG.bytes(24), RNG.bytes(24))
    answer = create_server_hello(KEY, SESSION, RNG.bytes(24), RNG.bytes(24))
    for size in range(CLIENT_HELLO_SIZE):
        assert open_client_hello(KEY, hello[:size]) is None
    for size in range(len(answer)):
        assert open_server_hello(KEY, answer[:size]) is None


@given(st.binary(max_size=300))
def test_random_bytes_are_no_hello(data):
    assert open_client_hello(KEY, data) is None
    assert open_server_hello(KEY, data) is None


@given(PAYLOADS, st.lists(st.integers(0, 1 << 16), max_size=20))
def test_any_chunking_gives_the_same_frames(payloads, cuts):
    assert receive(split(frames(payloads), cuts)) == (payloads, "")


@given(PAYLOADS, st.binary(min_size=1, max_size=60), st.lists(st.integers(0, 1 << 16), max_size=8))
def test_any_chunking_fails_at_the_same_place(payloads, garbage, cuts):
    data = frames(payloads) + garbage
    received, failure = receive(split(data, cuts))
    assert received == payloads
    assert (received, failure) == receive([data])


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=3))
def test_every_prefix_of_a_stream_gives_the_frames_it_holds(payloads):
    data, ends = frames(payloads), []
    for count in range(len(payloads) + 1):
        ends.append(len(frames(payloads[:count])))
    for size in range(len(data) + 1):
        whole = sum(end <= size for end in ends) - 1
        assert receive([data[:size]]) == (payloads[:whole], "")


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_random_bytes_never_raise_and_give_nothing(chunks):
    received, _ = receive(chunks)
    assert received == []


@given(PAYLOADS)
def test_what_is_sent_is_received(payloads):
    a, b = pair(HERE, THERE)
    here, there = SecureStream(a, KEY, 7, 0), SecureStream(b, KEY, 0, 7)
    for payload in payloads:
        assert here.send(payload)
    a.pump()
    assert there.receive() == payloads
