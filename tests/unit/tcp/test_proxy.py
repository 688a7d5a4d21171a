"""HTTP CONNECT and SOCKS5: what is sent, what is understood, and in what words it fails."""

import pytest

from toxpy.tcp.proxy import HTTP, MAX_HTTP_ANSWER_SIZE, MAX_REASON_SIZE, SOCKS5, Proxy

V4 = (bytes((192, 0, 2, 7)), 33445)
V6 = (bytes.fromhex("20010db8000000000000000000000001"), 443)
PROXY4 = (bytes((127, 0, 0, 1)), 8080)


def http(target=V4, host=None):
    return Proxy(HTTP, PROXY4).handshake(target, host)


def socks5(target=V4, host=None):
    return Proxy(SOCKS5, PROXY4).handshake(target, host)


def greeted(**options):
    handshake = socks5(**options)
    assert handshake.first == b"\x05\x01\x00"
    request = handshake.feed(b"\x05\x00")
    assert not handshake.done and handshake.failure is None
    return handshake, request


def failure_of(handshake, data):
    assert handshake.feed(data) == b""
    assert not handshake.done
    return handshake.failure


@pytest.mark.parametrize(
    ("options", "authority"),
    [
        ({}, b"192.0.2.7:33445"),
        ({"target": V6}, b"[2001:0db8:0000:0000:0000:0000:0000:0001]:443"),
        ({"host": "relay.example.org"}, b"relay.example.org:33445"),
    ],
)
def test_http_asks_for_the_target(options, authority):
    assert http(**options).first == b"CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (authority, authority)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 Connection established\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.1 200\r\n\r\n",
        b"HTTP/1.1 204 \r\n\r\n",
        b"HTTP/1.1  299 odd\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nPROXY-AGENT: x\r\nproxy-agent: 407\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\n\n",
        b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ],
)
@pytest.mark.parametrize("chunk", [1, 7, 10_000])
def test_http_success_and_what_follows(answer, chunk):
    handshake = http()
    stream = answer + b"\r\nHTTP/1.1 relay bytes\n"
    used = 0
    while not handshake.done:
        assert handshake.failure is None
        assert handshake.feed(stream[used : used + chunk]) == b""
        used += chunk
    assert handshake.leftover == stream[len(answer) : used]


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (
            b"HTTP/1.1 407 Proxy Authentication Required\r\n",
            "HTTP proxy answered 407 Proxy Authentication Required",
        ),
        (b"HTTP/1.0 403 Access violation\r\nServer: t", "HTTP proxy answered 403 Access violation"),
        (b"HTTP/1.1 502\r\n", "HTTP proxy answered 502"),
        (b"HTTP/1.1 302 200\r\n", "HTTP proxy answered 302 200"),
        (b"HTTP/1.1 099 x\n", "HTTP proxy answered 099 x"),
        (b"HTTP/1.1 5\x1b[2J 200\r\n", "HTTP proxy did not answer in HTTP"),
        (b"HTTP/1.1 500 a\x1b[2J\xff\r\n", "HTTP proxy answered 500 a?[2J?"),
        (b"HTTP/1.1 2000 OK\r\n", "HTTP proxy did not answer in HTTP"),
        (b"HTTP/1.1 \xb2\xb2\xb2\r\n", "HTTP proxy did not answer in HTTP"),
        (b"HTTP/2 200\r\n", "HTTP proxy did not answer in HTTP"),
        (b"\r\n", "HTTP proxy did not answer in HTTP"),
        (b"SSH-2.0-OpenSSH", "HTTP proxy did not answer in HTTP"),
        (b"\x05\xff", "HTTP proxy answered in SOCKS: is it a SOCKS proxy?"),
    ],
)
def test_http_failures(answer, failure):
    assert failure_of(http(), answer) == failure


def test_http_answer_is_bounded():
    handshake = http()
    assert handshake.feed(b"HTTP/1.1 200 OK\r\n") == b""
    for _ in range(MAX_HTTP_ANSWER_SIZE // 16):
        handshake.feed(b"X: a header...\r\n")
    assert handshake.failure == "HTTP proxy's answer is longer than 4096 bytes"
    # one huge piece, with and without an end behind the limit
    for end in (b"", b"\r\n\r\n"):
        assert failure_of(http(), b"HTTP/1.1 200 " + bytes(10**6) + end) == handshake.failure
    assert len(failure_of(http(), b"HTTP/1.1 500 " + b"x" * 1000 + b"\n")) < MAX_REASON_SIZE + 30
    # exactly as long is fine, with any amount behind it
    head = b"HTTP/1.1 200 OK\r\nX: "
    handshake = http()
    relay = bytes(60_000)
    handshake.feed(head + b"y" * (MAX_HTTP_ANSWER_SIZE - len(head) - 4) + b"\r\n\r\n" + relay)
    assert handshake.done and handshake.leftover == relay


def test_interim_answers_do_not_extend_the_bound():
    handshake = http()
    for _ in range(MAX_HTTP_ANSWER_SIZE):
        handshake.feed(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert handshake.failure == "HTTP proxy's answer is longer than 4096 bytes"


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ({}, b"\x01\xc0\x00\x02\x07\x82\xa5"),
        ({"target": V6}, b"\x04" + V6[0] + b"\x01\xbb"),
        ({"host": "relay.example"}, b"\x03\x0drelay.example\x82\xa5"),
        ({"host": "a" * 255}, b"\x03\xff" + b"a" * 255 + b"\x82\xa5"),
    ],
)
def test_socks5_asks_for_the_target(options, address):
    _, request = greeted(**options)
    assert request == b"\x05\x01\x00" + address


@pytest.mark.parametrize(
    "answer",
    [
        b"\x05\x00\x00\x01" + bytes(6),
        b"\x05\x00\x00\x04" + bytes(18),
        b"\x05\x00\x00\x03\x00\x01\x02",
        b"\x05\x00\x00\x03\x07example\x01\x02",
    ],
)
@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_socks5_success_and_what_follows(answer, chunk):
    handshake, _ = greeted()
    stream = answer + b"\x05relay bytes"
    used = 0
    while not handshake.done:
        assert handshake.failure is None
        assert handshake.feed(stream[used : used + chunk]) == b""
        used += chunk
    assert handshake.leftover == stream[len(answer) : used]


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (b"\x05\xff", "SOCKS5 proxy demands authentication"),
        (b"\x05\x02", "SOCKS5 proxy chose authentication method 2, which was not offered"),
        (b"\x05\x00\x05", "SOCKS5 proxy answered before it was asked"),
        (b"\x04", "SOCKS5 proxy speaks only SOCKS4"),
        (b"\x00\x5b", "SOCKS5 proxy speaks only SOCKS4"),
        (b"HTTP/1.0 400 Bad Request", "SOCKS5 proxy answered in HTTP: is it an HTTP proxy?"),
        (b"SSH-2.0", "SOCKS5 proxy did not answer in SOCKS5"),
    ],
)
def test_socks5_greeting_failures(answer, failure):
    assert failure_of(socks5(), answer) == failure


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (b"\x05\x01", "SOCKS5 proxy refused: general failure"),
        (b"\x05\x02\x00\x01" + bytes(6), "SOCKS5 proxy refused: not allowed by its rules"),
        (b"\x05\x04\x00", "SOCKS5 proxy refused: host unreachable"),
        (b"\x05\x05\x00", "SOCKS5 proxy refused: connection refused"),
        (b"\x05\x5b", "SOCKS5 proxy refused: code 91"),
        (b"\x05\x00\x00\x02\x00", "SOCKS5 proxy answered with address type 2"),
        (b"H", "SOCKS5 proxy answered in HTTP: is it an HTTP proxy?"),
    ],
)
def test_socks5_refusals(answer, failure):
    handshake, _ = greeted()
    assert failure_of(handshake, answer) == failure


@pytest.mark.parametrize("kind", [HTTP, SOCKS5])
@pytest.mark.parametrize(
    "host", ["", "a b", "a\r\nX: y", "a:1", "[::1]", "bücher.example", "a/b", "a@b", "\x00", "x" * 256, "..."]
)
def test_a_name_cannot_say_anything_else_to_a_proxy(kind, host):
    with pytest.raises(ValueError):
        Proxy(kind, PROXY4).handshake(V4, host)


@pytest.mark.parametrize("handshake", [http(), socks5()])
def test_nothing_is_taken_in_after_the_end(handshake):
    assert failure_of(handshake, b"garbage")
    first = handshake.failure
    assert handshake.feed(b"HTTP/1.1 200 OK\r\n\r\n") == handshake.feed(b"\x05\x00") == b""
    assert not handshake.done and handshake.failure == first


def test_a_proxy_has_a_known_kind():
    with pytest.raises(ValueError):
        Proxy(0, PROXY4)
    assert repr(Proxy(SOCKS5, PROXY4)) == "Proxy(SOCKS5, 127.0.0.1:8080)"
    assert Proxy(HTTP, PROXY4).name == "HTTP proxy"


# user and password


def user(**options):
    return Proxy(SOCKS5, PROXY4, (b"toxpy", b"secret")).handshake(V4, **options)


def test_a_user_says_who_it_is():
    handshake = user(host="name.onion")
    assert handshake.first == b"\x05\x02\x02\x00"
    assert handshake.feed(b"\x05") == b""
    assert handshake.feed(b"\x02") == b"\x01\x05toxpy\x06secret"
    assert handshake.feed(b"\x01") == b""
    assert handshake.feed(b"\x00") == b"\x05\x01\x00\x03\x0aname.onion" + (33445).to_bytes(2, "big")
    handshake.feed(b"\x05\x00\x00\x01" + bytes(6) + b"more")
    assert handshake.done and handshake.leftover == b"more"


def test_a_proxy_that_knows_no_users_serves_one_as_well():
    assert user().feed(b"\x05\x00")[:4] == b"\x05\x01\x00\x01"


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (b"\x01\x01", "SOCKS5 proxy refused user and password"),
        (b"\x01\xff", "SOCKS5 proxy refused user and password"),
        (b"\x05", "SOCKS5 proxy did not answer to user and password"),
        (b"\x00\x00", "SOCKS5 proxy did not answer to user and password"),
        (b"\x01\x00\x05", "SOCKS5 proxy answered before it was asked"),
    ],
)
def test_a_user_is_not_let_in(answer, failure):
    handshake = user()
    assert handshake.feed(b"\x05\x02")
    assert failure_of(handshake, answer) == failure


@pytest.mark.parametrize("bad", [(b"", b"x"), (b"x", b""), (b"x" * 256, b"x"), (b"x", b"x" * 256)])
def test_users_have_names_and_passwords(bad):
    with pytest.raises(ValueError):
        Proxy(SOCKS5, PROXY4, bad)
    with pytest.raises(ValueError):
        Proxy(HTTP, PROXY4, (b"x", b"x"))
