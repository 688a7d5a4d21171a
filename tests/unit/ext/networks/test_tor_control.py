"""Tor's control port: how we log in, what becomes of a service, and in what words it fails."""

import pytest

from tests.support.fake_services import COOKIE, ONION, ONION_KEY, FakeTor, talk
from tests.support.universe import SeededRng
from toxpy.ext.networks.conversation import MAX_LINE_SIZE, MAX_LINES, MAX_WORDS_SIZE
from toxpy.ext.networks.tor_control import Login, OnionPorts, TorControl
from toxpy.network.network_address import NetworkAddress

NONCE = b"n" * 32
COOKIE_PATH = b'/run/tor/a "cookie"\xc3\xa4'
PORTS = OnionPorts(33445, 40_000)


def control(ports=PORTS, *, cookie=COOKIE, password=None, cookie_file=None, reads=None):
    """A conversation that finds this cookie in whatever file; `reads` gets the paths."""

    def read_file(path, size):
        assert size == 32
        if reads is not None:
            reads.append(path)
        if isinstance(cookie, Exception):
            raise cookie
        return cookie

    return TorControl(Login(NONCE, read_file, password=password, cookie_file=cookie_file), ports)


def failure(conversation, tor):
    talk(conversation, tor)
    assert not conversation.done
    return conversation.failure


@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
def test_a_new_service(chunk):
    tor, reads = FakeTor(), []
    made = talk(control(reads=reads), tor, chunk)
    assert made.done
    assert made.failure is None
    assert made.address == NetworkAddress.parse(f"{ONION}.onion:33445")
    assert made.key == ONION_KEY
    assert reads == [COOKIE_PATH]
    assert [line.partition(" ")[0] for line in tor.asked] == [
        "PROTOCOLINFO",
        "AUTHCHALLENGE",
        "AUTHENTICATE",
        "GETINFO",
        "ADD_ONION",
    ]
    assert tor.asked[-1] == "ADD_ONION NEW:ED25519-V3 Port=33445,127.0.0.1:40000"
    assert COOKIE.hex() not in "".join(tor.asked).lower()


def test_a_service_that_the_profile_keeps():
    first = talk(control(), FakeTor())
    tor = FakeTor()
    again = talk(control(OnionPorts(33445, 40_001, first.key)), tor)
    assert (again.done, again.key, again.address) == (True, first.key, first.address)
    assert tor.asked[-1].startswith("ADD_ONION ED25519-V3:AAECAwQF")
    with pytest.raises(ValueError, match="64 bytes, not 63"):
        OnionPorts(33445, 40_000, bytes(63))


def test_only_asked_how_far_it_is():
    tor = FakeTor(progress=45)
    asked = talk(control(None), tor)
    assert (asked.done, asked.progress, asked.summary) == (True, 45, "Loading relay descriptors")
    assert asked.address is None
    assert tor.asked[-1].startswith("GETINFO")


@pytest.mark.parametrize(
    ("methods", "password", "proof"),
    [
        ("HASHEDPASSWORD", b"secret", "736563726574"),
        ("NULL", None, ""),
        ("SAFECOOKIE,HASHEDPASSWORD", b"secret", "736563726574"),
    ],
)
def test_other_ways_to_log_in(methods, password, proof):
    tor = FakeTor(methods)
    assert talk(control(password=password), tor).done
    assert tor.asked[1] == f"AUTHENTICATE {proof}".rstrip()


def test_a_named_cookie_file_is_used_whatever_the_port_says():
    tor, reads = FakeTor("NULL,SAFECOOKIE"), []
    assert talk(control(cookie_file=b"/mine", reads=reads), tor).done
    assert reads == [b"/mine"]
    assert tor.asked[1].startswith("AUTHCHALLENGE")
    assert failure(control(cookie_file=b"/mine"), FakeTor("NULL")) == (
        "tor's control port has no cookie: CookieAuthentication 1 in the torrc"
    )


def test_an_impostor_learns_neither_cookie_nor_key():
    tor = FakeTor(cookie=b"another cookie that is not tor's")
    assert failure(control(OnionPorts(1, 2, ONION_KEY)), tor) == (
        "what listens at tor's control port does not know tor's cookie"
    )
    assert len(tor.asked) == 2


@pytest.mark.parametrize(
    ("options", "tor", "words"),
    [
        ({"password": b"wrong"}, FakeTor("HASHEDPASSWORD"), "tor refuses the password"),
        ({}, FakeTor("SAFECOOKIE", refuse={"AUTHENTICATE": "515 No\r\n"}), "tor refuses the cookie"),
        ({}, FakeTor("HASHEDPASSWORD"), "tor's control port wants a password"),
        (
            {"password": b"secret"},
            FakeTor("SAFECOOKIE"),
            "tor's control port takes no password: HashedControlPassword in the torrc sets one",
        ),
        ({}, FakeTor("COOKIE"), "tor's control port has no cookie: CookieAuthentication 1 in the torrc"),
        (
            {"cookie": PermissionError(13, "Permission denied")},
            FakeTor(),
            'tor\'s cookie cannot be read: /run/tor/a "cookie"??: Permission denied',
        ),
        (
            {"cookie": ValueError("it has not 32 bytes")},
            FakeTor(),
            "tor's cookie cannot be read: /run/tor/a \"cookie\"??: not a file of tor's",
        ),
        (
            {},
            FakeTor(refuse={"ADD_ONION": "550 Onion address collision\r\n"}),
            "tor has this onion service already: is another program using the same profile?",
        ),
        (
            {},
            FakeTor(refuse={"ADD_ONION": "512 Bad\x1b[31m arguments\r\n"}),
            "tor refuses: 512 Bad?[31m arguments",
        ),
        (
            {},
            FakeTor(refuse={"PROTOCOLINFO": "HTTP/1.0 501 Tor is not an HTTP Proxy\r\n"}),
            "what listens at tor's control port does not answer as tor does: is it tor's SOCKS port?",
        ),
        (
            {},
            FakeTor(refuse={"PROTOCOLINFO": "SSH-2.0-OpenSSH_9.2\r\n"}),
            "what listens at tor's control port does not answer as tor does",
        ),
        (
            {},
            FakeTor(refuse={"AUTHCHALLENGE": "250 AUTHCHALLENGE SERVERHASH=00\r\n"}),
            "tor's control port answers with something that is no challenge",
        ),
        (
            {},
            FakeTor(refuse={"ADD_ONION": f"250-ServiceID={ONION[:-2]}aa\r\n250 OK\r\n"}),
            "tor's control port answers with something that is no onion service",
        ),
        (
            {},
            FakeTor(refuse={"ADD_ONION": f"250-ServiceID={ONION}\r\n250 OK\r\n"}),
            "tor's control port answers with something that is no key of an onion service",
        ),
        (
            {},
            FakeTor(
                refuse={"ADD_ONION": f"250-ServiceID={ONION}\r\n250-PrivateKey=ED25519-V3:AAA\r\n250 OK\r\n"}
            ),
            "tor's control port answers with something that is no onion service",
        ),
    ],
)
def test_failures_say_what_to_do(options, tor, words):
    assert failure(control(**options), tor) == words


def test_events_and_long_answers_are_read_over():
    more = "650-STATUS one\r\n650+DATA\r\n250 OK\r\n.\r\n650 OK\r\n"
    more += "250+AUTHORS=\r\nsomebody\r\n250 no end\r\n.\r\n"
    tor = FakeTor(refuse={"PROTOCOLINFO": more + FakeTor().protocolinfo("")})
    assert talk(control(), tor).done


def whole_answers():
    """What tor says in a good conversation, one string for each question."""
    tor, said, made = FakeTor(), [], control()
    asked = made.first
    while asked:
        said.append(tor.answer(asked.decode().rstrip()).encode("latin-1"))
        asked = made.feed(said[-1])
    assert made.done
    return said


def test_no_beginning_of_an_answer_is_taken_for_the_whole():
    answers = whole_answers()
    for number, answer in enumerate(answers):
        for size in range(len(answer)):
            made = control()
            for earlier in answers[:number]:
                assert made.feed(earlier)
            assert made.feed(answer[:size]) == b""
            assert not made.done
            assert made.failure is None
            rest = made.feed(answer[size:])
            assert made.done if number == len(answers) - 1 else rest


def test_a_service_that_babbles():
    made = control()
    assert made.feed(b"2" * MAX_LINE_SIZE) == b""
    assert made.failure == f"tor's control port sent a line of more than {MAX_LINE_SIZE} bytes"
    made = control()
    made.feed(b"650 EVENT\r\n" * (MAX_LINES + 1))
    assert made.failure == f"tor's control port sent more than {MAX_LINES} lines"
    assert made.feed(b"250 OK\r\n" * 10) == b""
    assert len(made._received) == 0
    made = control()
    made.feed(b"551 " + b"x" * 5000 + b"\r\n")
    assert made.failure == "tor refuses: 551 " + "x" * MAX_WORDS_SIZE


def test_noise_ends_in_words():
    rng = SeededRng(14)
    for _ in range(300):
        answers = whole_answers()
        number = rng.below(len(answers))
        broken = bytearray(answers[number])
        for _ in range(1 + rng.below(4)):
            broken[rng.below(len(broken))] = rng.below(256)
        made = control()
        for answer in [*answers[:number], bytes(broken), *answers[number + 1 :]]:
            made.feed(answer)
        assert made.failure is None or made.failure.isprintable()
