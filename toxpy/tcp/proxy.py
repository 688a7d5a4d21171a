"""What is said to a proxy before a stream behaves like one to the relay itself.

Byte state machines without IO: `first` is sent as soon as the proxy is connected, whatever the
proxy says goes into `feed`, which returns what to send next, until `done` or `failure` is set.

    HTTP      us: CONNECT host:port HTTP/1.1 + headers + blank line
              proxy: HTTP/1.x 2xx reason + headers + blank line
    SOCKS5    us: 05 01 00                         version, one method: no authentication
              proxy: 05 00
              us: 05 01 00 type address port       connect; type 1 IPv4, 3 name with a length byte, 4 IPv6
              proxy: 05 code 00 type address port  code 0 granted; the address means nothing to us

With a user SOCKS5 begins with 05 02 02 00: user and password, or no authentication. If the proxy wants them:

              proxy: 05 02
              us: 01 length user length password
              proxy: 01 code                       code 0 accepted

Spec: TCP client, RFC 1928, RFC 1929; c-toxcore: TCP_client.c. Beyond it: failures are words for the user,
IPv6 targets stand in brackets in HTTP (a proxy cannot read them otherwise), a name may be the target, which
the proxy resolves, and there are users: Tor keeps what different users do apart.
"""

from __future__ import annotations

from toxpy.wire.address import format_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.wire.address import Address

HTTP, SOCKS5 = 1, 2
#: What failures and logs call them.
KIND_NAMES = {HTTP: "HTTP", SOCKS5: "SOCKS5"}

#: Status lines and headers of an HTTP proxy's answer, together, bytes.
MAX_HTTP_ANSWER_SIZE = 4096
#: Characters of an HTTP proxy's reason phrase that get into a failure.
MAX_REASON_SIZE = 64
#: One length byte in SOCKS5.
MAX_HOST_SIZE = 255

_SOCKS5_VERSION, _SOCKS4_VERSION = 5, 4
_NO_AUTHENTICATION, _USER_PASSWORD, _NO_METHOD = 0, 2, 0xFF
#: Of the talk about user and password.
_USER_VERSION = 1
_CONNECT = 1
_TYPE_IPV4, _TYPE_NAME, _TYPE_IPV6 = 1, 3, 4
_REFUSALS = {
    1: "general failure",
    2: "not allowed by its rules",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "TTL expired",
    7: "command not supported",
    8: "address type not supported",
}


class Proxy:
    """A proxy of the user's choice at a numeric address; its name was looked up before."""

    __slots__ = ("address", "kind", "user")

    def __init__(self, kind: int, address: Address, user: tuple[bytes, bytes] | None = None) -> None:
        """`user`: name and password, 1 to 255 bytes each; for SOCKS5 only."""
        if kind not in KIND_NAMES:
            raise ValueError("a proxy is HTTP or SOCKS5")
        if user is not None and (kind != SOCKS5 or not all(0 < len(part) <= MAX_HOST_SIZE for part in user)):
            raise ValueError("user and password are for SOCKS5, and have 1 to 255 bytes")
        self.kind = kind
        self.address = address
        self.user = user

    def as_user(self, user: tuple[bytes, bytes]) -> Proxy:
        """The same proxy, used by somebody else; an HTTP proxy knows no users."""
        return Proxy(self.kind, self.address, user) if self.kind == SOCKS5 else self

    @property
    def name(self) -> str:
        """What failures call it, e.g. "HTTP proxy"."""
        return f"{KIND_NAMES[self.kind]} proxy"

    def __repr__(self) -> str:
        return f"Proxy({KIND_NAMES[self.kind]}, {format_address(self.address)})"

    def handshake(self, target: Address, host: str | None = None) -> ProxyHandshake:
        """The conversation that asks for a stream to `target`, or to that port of `host`.

        ValueError when `host` is no host name.
        """
        if self.kind == HTTP:
            return HttpHandshake(target, host)
        return Socks5Handshake(target, host, self.user)


class ProxyHandshake:
    """One conversation. After `done` or `failure` further bytes are not for it."""

    __slots__ = ("_received", "done", "failure", "first", "leftover")

    def __init__(self, first: bytes) -> None:
        #: To be sent first.
        self.first = first
        #: The stream now leads to the target.
        self.done = False
        #: Why it never will, in words.
        self.failure: str | None = None
        #: What came behind the proxy's last word: it is from the target.
        self.leftover = b""
        self._received = bytearray()

    def feed(self, data: bytes) -> bytes:
        """Take in what the proxy said; what to answer, often nothing."""
        if self.done or self.failure is not None:
            return b""
        self._received += data
        return self._advance()

    def _advance(self) -> bytes:
        raise NotImplementedError

    def _finish(self, end: int) -> None:
        self.leftover = bytes(self._received[end:])
        self._received.clear()
        self.done = True

    def _fail(self, failure: str) -> bytes:
        self._received.clear()
        self.failure = failure
        return b""


class HttpHandshake(ProxyHandshake):
    """HTTP CONNECT. Any 2xx is success and has no body, whatever its headers say (RFC 9110, 9.3.6)."""

    __slots__ = ("_line_at", "_seen", "_status")

    def __init__(self, target: Address, host: str | None = None) -> None:
        authority = format_address(target) if host is None else f"{_host_name(host)}:{target[1]}"
        super().__init__(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode("ascii"))
        #: Where the line begins that is not complete yet, and what of it has been searched.
        self._line_at = self._seen = 0
        #: 0 while the next line is a status line.
        self._status = 0

    def _advance(self) -> bytes:
        received = self._received
        while True:
            end = received.find(b"\n", self._seen, MAX_HTTP_ANSWER_SIZE)
            if end < 0:
                break
            line = bytes(received[self._line_at : end]).rstrip(b"\r")
            self._line_at = self._seen = end + 1
            if self._status == 0:
                self._status = _status_of(line)
                if not 100 <= self._status < 300:
                    return self._fail(_http_failure(line, self._status))
            elif not line:
                if self._status >= 200:
                    self._finish(end + 1)
                    return b""
                # 1xx only announces the real answer
                self._status = 0
        self._seen = len(received)
        if self._seen >= MAX_HTTP_ANSWER_SIZE:
            return self._fail(f"HTTP proxy's answer is longer than {MAX_HTTP_ANSWER_SIZE} bytes")
        # tell at the first bytes, not when time is up: whoever speaks no HTTP may never end a line
        if self._line_at == 0 and not b"HTTP/1.".startswith(received[:7]):
            return self._fail(_http_failure(bytes(received), 0))
        return b""


class Socks5Handshake(ProxyHandshake):
    """SOCKS5 (RFC 1928), as a user with a password (RFC 1929) or without authentication."""

    __slots__ = ("_methods", "_next", "_request", "_user")

    def __init__(
        self, target: Address, host: str | None = None, user: tuple[bytes, bytes] | None = None
    ) -> None:
        #: best first
        self._methods = (_NO_AUTHENTICATION,) if user is None else (_USER_PASSWORD, _NO_AUTHENTICATION)
        super().__init__(bytes((_SOCKS5_VERSION, len(self._methods), *self._methods)))
        ip, port = target
        if host is not None:
            name = _host_name(host).encode("ascii")
            address = bytes((_TYPE_NAME, len(name))) + name
        else:
            address = bytes((_TYPE_IPV4 if len(ip) == 4 else _TYPE_IPV6,)) + ip
        self._request = bytes((_SOCKS5_VERSION, _CONNECT, 0)) + address + port.to_bytes(2, "big")
        self._user = b""
        if user is not None:
            name, password = user
            self._user = bytes((_USER_VERSION, len(name))) + name + bytes((len(password),)) + password
        #: reads the answer that is expected
        self._next = self._greeted

    def _advance(self) -> bytes:
        return self._next()

    def _greeted(self) -> bytes:
        received = self._received
        if received and received[0] != _SOCKS5_VERSION:
            return self._fail(_not_socks5(received[0]))
        if len(received) < 2:
            return b""
        method = received[1]
        if method == _NO_METHOD:
            return self._fail("SOCKS5 proxy demands authentication")
        if method not in self._methods:
            return self._fail(f"SOCKS5 proxy chose authentication method {method}, which was not offered")
        if method == _USER_PASSWORD:
            return self._say(self._user, self._let_in)
        return self._say(self._request, self._answered)

    def _let_in(self) -> bytes:
        received = self._received
        if received and received[0] != _USER_VERSION:
            return self._fail("SOCKS5 proxy did not answer to user and password")
        if len(received) < 2:
            return b""
        if received[1]:
            return self._fail("SOCKS5 proxy refused user and password")
        return self._say(self._request, self._answered)

    def _say(self, words: bytes, following: Callable[[], bytes]) -> bytes:
        """Go on after an answer of two bytes."""
        if len(self._received) > 2:
            return self._fail("SOCKS5 proxy answered before it was asked")
        self._received.clear()
        self._next = following
        return words

    def _answered(self) -> bytes:
        received = self._received
        if received and received[0] != _SOCKS5_VERSION:
            return self._fail(_not_socks5(received[0]))
        if len(received) < 2:
            return b""
        code = received[1]
        if code:
            # some proxies leave the address out of a refusal
            return self._fail(f"SOCKS5 proxy refused: {_REFUSALS.get(code, f'code {code}')}")
        if len(received) < 5:
            return b""
        kind = received[3]
        if kind == _TYPE_IPV4:
            size = 4
        elif kind == _TYPE_IPV6:
            size = 16
        elif kind == _TYPE_NAME:
            size = 1 + received[4]
        else:
            return self._fail(f"SOCKS5 proxy answered with address type {kind}")
        end = 4 + size + 2
        if len(received) >= end:
            self._finish(end)
        return b""


def _host_name(host: str) -> str:
    """`host`, when nothing in it could be read as anything else by a proxy; ValueError otherwise."""
    if not 1 <= len(host) <= MAX_HOST_SIZE or not host.isascii():
        raise ValueError("a host name has 1 to 255 ASCII characters")
    if not host.replace("-", "").replace(".", "").replace("_", "").isalnum():
        raise ValueError("a host name consists of letters, digits, '-', '_' and '.'")
    return host


def _status_of(line: bytes) -> int:
    """The code of an HTTP status line, or 0 when it is none."""
    version, _, rest = line.partition(b" ")
    code = rest.lstrip(b" ")[:4].rstrip(b" ")
    if not version.startswith(b"HTTP/1.") or len(code) != 3 or not code.isdigit():
        return 0
    return int(code)


def _http_failure(line: bytes, status: int) -> str:
    """What a line that promises nothing good means."""
    if status:
        return f"HTTP proxy answered {_printable(line.partition(b' ')[2].strip())}"
    if line[:1] in (b"\x05", b"\x04", b"\x00"):
        return "HTTP proxy answered in SOCKS: is it a SOCKS proxy?"
    return "HTTP proxy did not answer in HTTP"


def _not_socks5(first: int) -> str:
    if first == ord("H"):
        return "SOCKS5 proxy answered in HTTP: is it an HTTP proxy?"
    if first in (0, _SOCKS4_VERSION):
        return "SOCKS5 proxy speaks only SOCKS4"
    return "SOCKS5 proxy did not answer in SOCKS5"


def _printable(text: bytes) -> str:
    """A stranger's words, fit for a log: ASCII without control characters, and not many."""
    return "".join(chr(c) if 32 <= c < 127 else "?" for c in text[:MAX_REASON_SIZE])
