"""The boxes of data packets, with one key or one for each direction: C and Python do the same."""

import ctypes
import json
import random
from pathlib import Path

import pytest

from tests.support.nonces import add_to_nonce
from toxpy.crypto.sodium import decrypt, decrypt_xchacha, encrypt, encrypt_xchacha
from toxpy.system.datapath_twin import Session as PySession
from toxpy.wire.data_packets import MAX_DATA_SIZE, MIN_PACKET_SIZE

KEY, BACK = bytes(range(32)), bytes(range(32, 64))
ONES = b"\xff" * 24
NOISE = Path(__file__).parents[2] / "vectors" / "noise_pr3028.json"


def one_key(make, receive_nonce, send_nonce):
    return make(KEY, receive_nonce, send_nonce)


def first_end(make, receive_nonce, send_nonce):
    return make(BACK, receive_nonce, send_nonce, KEY)


def second_end(make, receive_nonce, send_nonce):
    return make(KEY, receive_nonce, send_nonce, BACK)


@pytest.fixture(params=["one key", "two keys"])
def ends(request):
    """How a session is made for the sending and for the receiving end, and how its boxes are made."""
    if request.param == "one key":
        return one_key, one_key, encrypt
    return first_end, second_end, encrypt_xchacha


def both(compiled):
    return PySession, compiled.Session


@pytest.mark.parametrize("size", [1, 2, 7, 8, 9, 100, 1365, 1366, 1372, 1373])
def test_sealed_alike_and_opened_by_the_other(compiled, ends, size):
    sending, receiving, seal = ends
    data = (b"\x40" + bytes(range(1, 256)) * 6)[:size]
    packets = [sending(make, bytes(24), ONES).seal(0xFFFFFFFE, 7, data) for make in both(compiled)]
    assert packets[0] == packets[1]
    assert (len(packets[0]) - MIN_PACKET_SIZE + 1) % 8 == MAX_DATA_SIZE % 8
    zeros = bytes((MAX_DATA_SIZE - size) % 8)
    assert packets[0] == b"\x1b\xff\xff" + seal(KEY, ONES, b"\xff\xff\xff\xfe\0\0\0\x07" + zeros + data)
    for make in both(compiled):
        assert receiving(make, ONES, bytes(24)).open(packets[0]) == (0xFFFFFFFE, 7, data)


def test_two_keys_are_not_taken_for_one(compiled):
    for make in both(compiled):
        packet = first_end(make, bytes(24), bytes(24)).seal(1, 2, b"\x40")
        assert first_end(make, bytes(24), bytes(24)).open(packet) is None
        assert one_key(make, bytes(24), bytes(24)).open(packet) is None
        # the same key twice is not the same as one
        assert make(KEY, bytes(24), bytes(24), KEY).open(packet) == (1, 2, b"\x40")
        assert make(KEY, bytes(24), bytes(24), None).open(packet) is None


def test_what_two_live_peers_sent_opens(compiled):
    """Data packets of two instances of c-toxcore with Noise, as they were recorded; and sealed again."""
    vector = json.loads(NOISE.read_text(encoding="utf-8"))
    keys = [vector["initiator_to_responder_key"], vector["responder_to_initiator_key"]]
    forth, back = map(bytes.fromhex, keys)
    assert {packet["by"] for packet in vector["data"]} == {"initiator", "responder"}
    for make in both(compiled):
        initiator = make(back, bytes(24), bytes(24), forth)
        responder = make(forth, bytes(24), bytes(24), back)
        for packet in vector["data"]:
            sender, receiver = initiator, responder
            if packet["by"] == "responder":
                sender, receiver = responder, initiator
            plain = bytes.fromhex(packet["plain"])
            start, number = int.from_bytes(plain[:4], "big"), int.from_bytes(plain[4:8], "big")
            record = start, number, plain[8:].lstrip(b"\0")
            data = bytes.fromhex(packet["packet"])
            assert receiver.open(data) == record
            sender.send_nonce = bytes.fromhex(packet["nonce"])
            assert sender.seal(*record) == data


def test_nonces_wrap_and_the_base_moves_alike(compiled, ends):
    rng = random.Random(1)
    sending, receiving, _ = ends
    base = b"\xff" * 22 + b"\xff\xf0"
    receivers = [receiving(make, base, base) for make in both(compiled)]
    sender, other = (sending(make, base, base) for make in both(compiled))
    for i in range(400):
        other.send_nonce = sender.send_nonce
        packet = sender.seal(i, i, b"\xc0x")
        assert other.seal(i, i, b"\xc0x") == packet
        assert [receiver.open(packet) for receiver in receivers] == [(i, i, b"\xc0x")] * 2
        # what never arrived used up nonces as well
        sender.send_nonce = add_to_nonce(sender.send_nonce, rng.choice([0, 1, 1000, 21_500]))
    before = sender.send_nonce
    for jump in (43_000, 65_000, 65_536, 100_000, -50_000 % 2**192):
        sender.send_nonce = add_to_nonce(before, jump)
        got = [receiver.open(sender.seal(0, 0, b"\xc0")) for receiver in receivers]
        assert got[0] == got[1]
    assert got[0] is None


def test_packets_across_two_bytes_of_nonce_lost_and_reordered(compiled, ends):
    """From the first nonce to beyond 2^16 of them: a third is lost, the rest comes mixed up."""
    rng = random.Random(7)
    sending, receiving, _ = ends
    senders = [sending(make, bytes(24), bytes(24)) for make in both(compiled)]
    receivers = [receiving(make, bytes(24), bytes(24)) for make in both(compiled)]
    opened = 0
    # all of them near the turn of the two bytes, a few of each row before it
    for first in (*range(0, 65_000, 500), *range(65_400, 65_800, 40)):
        row = []
        for number in range(first, first + 40):
            nonce = number.to_bytes(24, "big")
            for sender in senders:
                sender.send_nonce = nonce
            packets = [sender.seal(first, number, b"\x40" + number.to_bytes(4, "big")) for sender in senders]
            assert packets[0] == packets[1] and senders[0].send_nonce == senders[1].send_nonce
            row.append((number, packets[0]))
        rng.shuffle(row)
        for number, packet in row[: 1 + len(row) * 2 // 3]:
            answers = [receiver.open(packet) for receiver in receivers]
            assert answers == [(first, number, b"\x40" + number.to_bytes(4, "big"))] * 2
            opened += 1
    assert opened == 27 * (130 + 10)


def test_replays_open_again_alike(compiled, ends):
    # what is old is the window's to see
    sending, receiving, _ = ends
    sender = sending(PySession, bytes(24), bytes(24))
    packets = [sender.seal(0, i, b"\x40") for i in range(3)]
    for make in both(compiled):
        session = receiving(make, bytes(24), bytes(24))
        assert [session.open(packet)[1] for packet in (*packets, *packets)] == [0, 1, 2, 0, 1, 2]


def test_malformed_packets_do_not_open(compiled, ends):
    sending, receiving, seal = ends
    sender = sending(PySession, bytes(24), bytes(24))
    good = sender.seal(1, 2, b"\x40hello")
    nonce = bytes(22) + b"\x00\x05"
    inside = [b"", bytes(7), bytes(8), bytes(9), bytes(400), bytes(8) + b"\x00\x40x"]
    crafted = [b"\x1b" + nonce[-2:] + seal(KEY, nonce, plain) for plain in inside]
    flipped = [good[:i] + bytes((good[i] ^ 1,)) + good[i + 1 :] for i in range(len(good))]
    bad = [b"", good + b"\0", *(good[:i] for i in range(len(good))), bytes(3000), *crafted, *flipped]
    answers = []
    for make in both(compiled):
        session = receiving(make, bytes(24), bytes(24))
        answers.append([session.open(packet) for packet in bad])
    assert answers[0] == answers[1]
    # only what was made with the key: nothing inside but zeros, and one with data
    empty = (0, 0, b"")
    assert [answer for answer in answers[0] if answer is not None] == [empty, empty, (0, 0, b"\x40x")]


def test_wrong_arguments_raise_alike(compiled):
    for make in both(compiled):
        for wrong in (KEY[1:], b""):
            with pytest.raises(ValueError, match="32 bytes"):
                make(wrong, bytes(24), bytes(24))
            with pytest.raises(ValueError, match="32 bytes"):
                make(KEY, bytes(24), bytes(24), wrong)
        with pytest.raises(ValueError, match="32 bytes"):
            make(KEY, bytes(23), bytes(24))
        session = make(KEY, bytes(24), bytes(24))
        for data in (b"", bytes(MAX_DATA_SIZE + 1)):
            with pytest.raises(ValueError, match="1373"):
                session.seal(0, 0, data)
        with pytest.raises(ValueError, match="24 bytes"):
            session.send_nonce = bytes(23)
        with pytest.raises(ValueError, match="24 bytes"):
            session.set_receive_nonce(bytes(25))
        assert session.send_nonce == bytes(24)


def test_a_new_receive_nonce(compiled, ends):
    sending, receiving, _ = ends
    packet = sending(PySession, bytes(24), ONES).seal(0, 1, b"\x40")
    for make in both(compiled):
        session = receiving(make, bytes(24), bytes(24))
        assert session.open(packet) is None
        session.set_receive_nonce(ONES)
        assert session.open(packet) == (0, 1, b"\x40")


def test_a_released_session_leaves_no_key_in_memory(compiled):
    rng = random.Random(2)
    for keys in [(rng.randbytes(32), None), (rng.randbytes(32), rng.randbytes(32))]:
        session = compiled.Session(keys[0], bytes(24), bytes(24), keys[1])
        # what it derives from them goes as well
        session.seal(0, 0, b"\x40")
        at, size = id(session), compiled.Session.__basicsize__
        known = [key for key in keys if key is not None]
        assert all(key in ctypes.string_at(at, size) for key in known)
        used = set(ctypes.string_at(at, size))
        del session
        left = ctypes.string_at(at, size)
        assert not any(key in left for key in known)
        assert len(used) > 20 > len(set(left[2 * ctypes.sizeof(ctypes.c_void_p) :]))


def test_xchacha_tells_what_is_damaged():
    sealed = encrypt_xchacha(KEY, ONES, b"text", b"ad")
    assert len(sealed) == 4 + 16
    assert decrypt_xchacha(KEY, ONES, sealed, b"ad") == b"text"
    assert decrypt_xchacha(KEY, ONES, encrypt_xchacha(KEY, ONES, b"")) == b""
    damaged = [sealed[:i] + bytes((sealed[i] ^ 1,)) + sealed[i + 1 :] for i in range(len(sealed))]
    for bad in (b"", *(sealed[:i] for i in range(len(sealed))), *damaged, sealed + b"\0"):
        assert decrypt_xchacha(KEY, ONES, bad, b"ad") is None
    for ad in (b"", b"aD", b"ad "):
        assert decrypt_xchacha(KEY, ONES, sealed, ad) is None
    for key, nonce in ((KEY[1:], ONES), (KEY, ONES[1:])):
        for function in encrypt_xchacha, decrypt_xchacha:
            with pytest.raises(ValueError, match="32 bytes"):
                function(key, nonce, sealed)
    # the other cipher with the same key is another one
    assert decrypt(KEY, ONES, encrypt_xchacha(KEY, ONES, b"text")) is None
