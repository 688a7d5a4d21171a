"""I2P's SAM bridge: sessions, forwarding, and in what words they fail."""

import pytest

from tests.support.fake_services import DESTINATION, FakeSam, i2p_host, i2p_text, talk
from toxpy.ext.networks.conversation import read_pairs
from toxpy.ext.networks.sam import (
    ANSWER_MS,
    MAX_DESTINATION_SIZE,
    SESSION_MS,
    SamForward,
    SamHello,
    SamSession,
    host_of,
)
from toxpy.network.network_address import NetworkAddress


@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
def test_a_new_destination(chunk):
    sam = FakeSam()
    session = talk(SamSession("toxpy1"), sam, chunk)
    assert session.done
    assert session.key == DESTINATION
    assert session.address(33445) == NetworkAddress.parse(f"{i2p_host()}:33445")
    assert sam.asked[0] == "HELLO VERSION MIN=3.0 MAX=3.1"
    assert sam.asked[1].startswith(
        "SESSION CREATE STYLE=STREAM ID=toxpy1 DESTINATION=TRANSIENT SIGNATURE_TYPE=7 "
    )
    assert "length" not in sam.asked[1]


def test_a_destination_that_the_profile_keeps():
    sam = FakeSam()
    session = talk(SamSession("toxpy1", DESTINATION, hops=1), sam)
    assert (session.done, session.key, session.host) == (True, DESTINATION, i2p_host())
    assert f" DESTINATION={i2p_text(DESTINATION)} " in sam.asked[1]
    assert sam.asked[1].endswith(" inbound.length=1 outbound.length=1")


def test_tunnels_get_more_time_than_a_word():
    session = SamSession("toxpy1")
    assert (session.questions, session.patience_ms) == (1, ANSWER_MS)
    session.feed(b"HELLO REPLY RESULT=OK VERSION=3.1\n")
    assert (session.questions, session.patience_ms) == (2, SESSION_MS)


def test_only_a_word():
    sam = FakeSam()
    assert talk(SamHello(), sam).done
    assert len(sam.asked) == 1
    assert talk(SamHello(), FakeSam(HELLO="NOVERSION")).failure == "the SAM bridge does not speak version 3.1"


def test_streams_are_brought_to_a_port():
    sam = FakeSam()
    assert talk(SamForward("toxpy1", 40_000), sam).done
    assert sam.asked[1] == "STREAM FORWARD ID=toxpy1 PORT=40000 HOST=127.0.0.1 SILENT=true"


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ({"HELLO": "NOVERSION"}, "the SAM bridge does not speak version 3.1"),
        ({"SESSION": "DUPLICATED_ID"}, "the SAM bridge has a session of that name already"),
        (
            {"SESSION": "DUPLICATED_DEST"},
            "the SAM bridge has this destination already: is another program using the same profile?",
        ),
        ({"SESSION": "INVALID_KEY"}, "the SAM bridge cannot read the key that the profile keeps"),
        (
            {"SESSION": 'I2P_ERROR MESSAGE="no \\"tunnels\\"\x1b yet"'},
            'the SAM bridge refuses: I2P_ERROR no "tunnels"? yet',
        ),
    ],
)
def test_failures_of_sessions(results, words):
    session = talk(SamSession("toxpy1"), FakeSam(**results))
    assert (session.done, session.failure) == (False, words)


def test_failures_of_forwarding():
    forward = talk(SamForward("toxpy1", 1), FakeSam(STREAM="INVALID_ID"))
    assert forward.failure == "the SAM bridge has forgotten our session"


@pytest.mark.parametrize(
    "said", [b"SSH-2.0-OpenSSH\n", b"HELLO REPLY\n", b"HELLO REPLYRESULT=OK\n", b"\n", b"\xff\n"]
)
def test_something_else_listens(said):
    session = SamSession("toxpy1")
    assert session.feed(said) == b""
    assert session.failure == "what listens at the SAM bridge does not answer as a SAM bridge does"


@pytest.mark.parametrize(
    "destination",
    [
        "",
        "AAAA",
        "a",
        "\xe4" * 4,
        i2p_text(DESTINATION[:391]),
        i2p_text(DESTINATION + bytes(MAX_DESTINATION_SIZE)),
    ],
)
def test_no_destination(destination):
    session = SamSession("toxpy1")
    session.feed(b"HELLO REPLY RESULT=OK VERSION=3.1\n")
    session.feed(f"SESSION STATUS RESULT=OK DESTINATION={destination}\n".encode("latin-1"))
    assert not session.done
    assert session.failure == "the SAM bridge answers with something that is no private destination"


def test_no_beginning_of_an_answer_is_taken_for_the_whole():
    answers = [
        b"HELLO REPLY RESULT=OK VERSION=3.1\n",
        FakeSam().answer("SESSION DESTINATION=TRANSIENT").encode(),
    ]
    for number, answer in enumerate(answers):
        for size in range(len(answer)):
            session = SamSession("toxpy1")
            for earlier in answers[:number]:
                session.feed(earlier)
            assert session.feed(answer[:size]) == b""
            assert not session.done
            assert session.failure is None
        session.feed(answer[size:])
    assert session.done


def test_the_length_of_a_destination_is_in_its_certificate():
    longer = bytes(384) + b"\x05\x00\x08" + bytes(8) + b"secret"
    assert host_of(longer) == i2p_host(longer, 395)
    with pytest.raises(ValueError, match="no private destination"):
        host_of(longer[:395])


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("", {}),
        ("A=1  B=two C", {"A": "1", "B": "two", "C": ""}),
        ('A="x y" B=z', {"A": "x y", "B": "z"}),
        (r'A="\"\\\101\n\777" B=', {"A": '"\\A\n\xff', "B": ""}),
        ('A="no end', {"A": "no end"}),
        ('A="no end\\', {"A": "no end\\"}),
        ('A=B=C =D "', {"A": "B=C", '"': ""}),
    ],
)
def test_pairs(text, pairs):
    assert read_pairs(text) == pairs
