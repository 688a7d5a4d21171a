"""Noise handshakes against those of two live instances of c-toxcore, and what did not come from the peer."""

import json
import subprocess
import sys

import pytest

from tests.support.prefix import ROOT
from tests.unit.net_crypto.noise_pair import flipped
from toxpy.crypto.keys import KeyPair
from toxpy.crypto.noise import NoiseIK
from toxpy.net_crypto.noise_setup import HEAD, session_of
from toxpy.system import datapath, datapath_twin

VECTOR = json.loads((ROOT / "tests" / "vectors" / "noise_pr3028.json").read_text())
PROLOGUE = bytes.fromhex(VECTOR["prologue"])
COOKIES = [bytes.fromhex(VECTOR["payload1"][name]) for name in ("responder_cookie", "initiator_cookie")]
MESSAGE_1, MESSAGE_2 = (
    bytes.fromhex(VECTOR[name])[VECTOR["header_bytes"] :] for name in ("message1", "message2")
)
LOW_ORDER = bytes(32), b"\x01" + bytes(31), b"\xec" + b"\xff" * 30 + b"\x7f"


def key_pair(who, kind):
    pair = KeyPair(bytes.fromhex(VECTOR[who][kind + "_secret"]))
    assert pair.public == bytes.fromhex(VECTOR[who][kind + "_public"])
    return pair


def both():
    """The two sides of the recorded handshake, and their ephemeral keys."""
    ours, theirs = key_pair("initiator", "static"), key_pair("responder", "static")
    sides = NoiseIK(ours, PROLOGUE, theirs.public), NoiseIK(theirs, PROLOGUE)
    return *sides, key_pair("initiator", "ephemeral"), key_pair("responder", "ephemeral")


def finished():
    initiator, responder, *ephemeral = both()
    responder.read(initiator.write(b"".join(COOKIES), ephemeral[0]))
    initiator.read(responder.write(COOKIES[1], ephemeral[1]))
    return initiator, responder


def test_both_messages_are_those_of_c_toxcore():
    initiator, responder, *ephemeral = both()
    assert initiator.write(b"".join(COOKIES), ephemeral[0]) == MESSAGE_1
    assert responder.read(MESSAGE_1) == b"".join(COOKIES)
    assert responder.their_pk == key_pair("initiator", "static").public
    assert responder.write(COOKIES[1], ephemeral[1]) == MESSAGE_2
    assert initiator.read(MESSAGE_2) == COOKIES[1]
    there = bytes.fromhex(VECTOR["initiator_to_responder_key"])
    back = bytes.fromhex(VECTOR["responder_to_initiator_key"])
    assert (initiator.send_key, initiator.receive_key) == (there, back)
    assert (responder.send_key, responder.receive_key) == (back, there)


@pytest.mark.parametrize("module", [datapath, datapath_twin], ids=["datapath", "twin"])
def test_recorded_data_packets_open(module, monkeypatch):
    monkeypatch.setattr("toxpy.net_crypto.noise_setup.Session", module.Session)
    for side, peer in zip(finished(), ("responder", "initiator"), strict=True):
        session, recorded = session_of(side), [each for each in VECTOR["data"] if each["by"] == peer]
        assert recorded
        for each in recorded:
            start, number, data = session.open(bytes.fromhex(each["packet"]))
            plain = bytes.fromhex(each["plain"])
            assert plain[:8] == start.to_bytes(4, "big") + number.to_bytes(4, "big")
            assert plain[8:].lstrip(b"\0") == data


def test_the_packets_begin_with_kind_and_version():
    assert all(VECTOR[name].startswith(HEAD.hex()) for name in ("message1", "message2"))


def test_every_flipped_bit_is_refused_and_the_true_message_still_opens():
    initiator, responder, *ephemeral = both()
    message = initiator.write(b"".join(COOKIES), ephemeral[0])
    for bad in flipped(message):
        assert responder.read(bad) is None
    assert responder.read(message) == b"".join(COOKIES)
    answer = responder.write(COOKIES[1], ephemeral[1])
    for bad in flipped(answer):
        assert initiator.read(bad) is None
    assert initiator.read(answer) == COOKIES[1]
    assert initiator.send_key == responder.receive_key != initiator.receive_key == responder.send_key


def test_cut_messages_are_refused():
    initiator, responder, *ephemeral = both()
    message = initiator.write(b"".join(COOKIES), ephemeral[0])
    for size in range(len(message)):
        assert responder.read(message[:size]) is None
    assert responder.read(message) is not None
    answer = responder.write(COOKIES[1], ephemeral[1])
    for size in range(len(answer)):
        assert initiator.read(answer[:size]) is None
    assert initiator.read(answer) == COOKIES[1]


def test_after_the_keys_nothing_is_read():
    initiator, responder = finished()
    for side in (initiator, responder):
        keys = side.send_key, side.receive_key
        for message in (MESSAGE_1, MESSAGE_2):
            assert side.read(message) is None
        assert (side.send_key, side.receive_key) == keys


def test_another_prologue_is_another_handshake():
    initiator, _, ephemeral, _ = both()
    message = initiator.write(b"".join(COOKIES), ephemeral)
    assert NoiseIK(key_pair("responder", "static"), b"\x02").read(message) is None


@pytest.mark.parametrize("point", LOW_ORDER, ids=lambda p: p[:2].hex())
def test_keys_of_low_order(point):
    initiator, responder, *ephemeral = both()
    assert NoiseIK(key_pair("initiator", "static"), PROLOGUE, point).write(b"", ephemeral[0]) is None
    assert responder.read(point + MESSAGE_1[32:]) is None
    initiator.write(b"".join(COOKIES), ephemeral[0])
    assert initiator.read(point + MESSAGE_2[32:]) is None
    assert initiator.read(MESSAGE_2) == COOKIES[1]


def test_no_other_library_for_cryptography_is_loaded():
    """The C library has none."""
    code = (
        "import sys; sys.modules['cryptography'] = None; import toxpy.crypto.noise as noise;"
        "print([m for m in sys.modules if m.partition('.')[0] in ('cryptography', 'hashlib', '_hashlib')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert (ran.stdout, ran.stderr) == ("['cryptography']\n", "")
