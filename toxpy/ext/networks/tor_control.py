"""Tor's control port: who we are, how far tor is, and an onion service for as long as the connection lasts.

    us    PROTOCOLINFO 1
    tor   250-AUTH METHODS=COOKIE,SAFECOOKIE COOKIEFILE="..."       how one may log in
    us    AUTHCHALLENGE SAFECOOKIE nonce
    tor   250 AUTHCHALLENGE SERVERHASH=hash SERVERNONCE=nonce       it knows the cookie too
    us    AUTHENTICATE hash                                         or the password in hexadecimal, or nothing
    tor   250 OK
    us    GETINFO status/bootstrap-phase
    tor   250-status/bootstrap-phase=NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY="Done"
    us    ADD_ONION ED25519-V3:key Port=port,127.0.0.1:port         NEW:ED25519-V3 when there is no key yet
    tor   250-ServiceID=name without suffix
    tor   250-PrivateKey=ED25519-V3:key                             of a new one
    tor   250 OK

Spec: control-spec. The cookie itself is never sent: whoever listens at the port may not be tor. The key of
the service is sent, so on a machine with other users the cookie's file should be named, or a password set:
a file that the port itself names proves nothing.
"""

from __future__ import annotations

import hmac
from binascii import Error as NotBase64
from binascii import a2b_base64, b2a_base64

from toxpy.ext.networks.conversation import Conversation, printable, read_pairs
from toxpy.network.network_address import AddressType, NetworkAddress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

SERVICE = "tor's control port"
#: Time for each answer, ms: nothing that is asked for needs the network.
ANSWER_MS = 10_000
#: Bytes of tor's cookie, and of our part in the challenge.
COOKIE_SIZE = NONCE_SIZE = 32
#: A service's key as tor writes it in base 64, bytes: expanded secret key of Ed25519.
ONION_KEY_SIZE = 64

_KEY_TYPE = "ED25519-V3"
_SERVER_LABEL = b"Tor safe cookie authentication server-to-controller hash"
_CLIENT_LABEL = b"Tor safe cookie authentication controller-to-server hash"
_PHASE = "status/bootstrap-phase"


class Login:
    """How to log in: a password, or the file with the cookie; with neither what tor names.

    `read_file(path, size)` gives the contents of a file of that size, OSError when there is none.
    """

    __slots__ = ("cookie_file", "nonce", "password", "read_file")

    def __init__(
        self,
        nonce: bytes,
        read_file: Callable[[bytes, int], bytes],
        *,
        password: bytes | None = None,
        cookie_file: bytes | None = None,
    ) -> None:
        self.nonce = nonce
        self.read_file = read_file
        self.password = password
        self.cookie_file = cookie_file


class OnionPorts:
    """The port of an onion service, the port on 127.0.0.1 behind it, and its key, b"" for a new one."""

    __slots__ = ("key", "local", "public")

    def __init__(self, public: int, local: int, key: bytes = b"") -> None:
        if len(key) not in (0, ONION_KEY_SIZE):
            raise ValueError(f"the key of an onion service has {ONION_KEY_SIZE} bytes, not {len(key)}")
        self.public = public
        self.local = local
        self.key = key


class TorControl(Conversation):
    """Log in, ask how far tor is, and add an onion service when ports are given.

    When it is done `progress` is tor's, percent, and `summary` says the same in its words; `address` and
    `key` are the service's.
    """

    __slots__ = (
        "_cookie",
        "_login",
        "_next",
        "_ports",
        "_quoting",
        "_reply",
        "address",
        "key",
        "progress",
        "summary",
    )

    def __init__(self, login: Login, ports: OnionPorts | None = None) -> None:
        super().__init__(SERVICE, "PROTOCOLINFO 1\r\n", ANSWER_MS)
        self.progress = 0
        self.summary = ""
        self.address: NetworkAddress | None = None
        self.key = b""
        self._login = login
        self._ports = ports
        self._cookie = b""
        self._reply: list[str] = []
        #: in the middle of an answer's many lines
        self._quoting = False
        self._next: Callable[[list[str]], str] = self._on_info

    def on_line(self, line: str) -> str:
        if self._quoting:
            self._quoting = line != "."
            return ""
        code, kind, text = line[:3], line[3:4], line[4:]
        if not (code.isascii() and code.isdigit() and len(code) == 3 and kind and kind in " -+"):
            return self._no_answer(line)
        self._quoting = kind == "+"
        if code[0] == "6":
            # an event, which nobody asked for
            return ""
        self._reply.append(text)
        if kind != " ":
            return ""
        reply, self._reply = self._reply, []
        return self._next(reply) if code == "250" else self._refused(code, text)

    def _no_answer(self, line: str) -> str:
        hint = ": is it tor's SOCKS port?" if line.startswith("HTTP/") else ""
        return self.fail(f"what listens at {SERVICE} does not answer as tor does{hint}")

    def _refused(self, code: str, text: str) -> str:
        if self._next == self._on_login and code == "515":
            what = "cookie" if self._login.password is None else "password"
            return self.fail(f"tor refuses the {what}")
        if self._next == self._on_onion and "collision" in text:
            return self.fail("tor has this onion service already: is another program using the same profile?")
        return self.fail(f"tor refuses: {code} {printable(text)}")

    def _on_info(self, reply: list[str]) -> str:
        rows = [text.removeprefix("AUTH ") for text in reply if text.startswith("AUTH ")]
        pairs = read_pairs(rows[0]) if rows else {}
        methods = pairs.get("METHODS", "").split(",")
        login = self._login
        if login.password is not None:
            if "HASHEDPASSWORD" not in methods:
                return self.fail(f"{SERVICE} takes no password: HashedControlPassword in the torrc sets one")
            return self._authenticate(login.password.hex())
        if "NULL" in methods and login.cookie_file is None:
            return self._authenticate("")
        if "SAFECOOKIE" not in methods:
            wanted = (
                "wants a password"
                if "HASHEDPASSWORD" in methods
                else "has no cookie: CookieAuthentication 1 in the torrc"
            )
            return self.fail(f"{SERVICE} {wanted}")
        path = login.cookie_file or pairs.get("COOKIEFILE", "").encode("latin-1")
        try:
            self._cookie = login.read_file(path, COOKIE_SIZE)
        except (OSError, ValueError) as error:
            # a path with a zero byte is a ValueError
            why = error.strerror if isinstance(error, OSError) and error.strerror else "not a file of tor's"
            return self.fail(f"tor's cookie cannot be read: {printable(path.decode('latin-1'))}: {why}")
        self._next = self._on_challenge
        return f"AUTHCHALLENGE SAFECOOKIE {login.nonce.hex()}\r\n"

    def _on_challenge(self, reply: list[str]) -> str:
        pairs = read_pairs(reply[-1])
        try:
            server_hash = bytes.fromhex(pairs["SERVERHASH"])
            server_nonce = bytes.fromhex(pairs["SERVERNONCE"])
        except (KeyError, ValueError):
            return self.fail(f"{SERVICE} answers with something that is no challenge")
        said = self._cookie + self._login.nonce + server_nonce
        if not hmac.compare_digest(server_hash, hmac.digest(_SERVER_LABEL, said, "sha256")):
            return self.fail(f"what listens at {SERVICE} does not know tor's cookie")
        return self._authenticate(hmac.digest(_CLIENT_LABEL, said, "sha256").hex())

    def _authenticate(self, proof: str) -> str:
        self._next = self._on_login
        return f"AUTHENTICATE {proof}".rstrip() + "\r\n"

    def _on_login(self, _reply: list[str]) -> str:
        self._next = self._on_phase
        return f"GETINFO {_PHASE}\r\n"

    def _on_phase(self, reply: list[str]) -> str:
        pairs = read_pairs(reply[0].removeprefix(f"{_PHASE}="))
        progress = pairs.get("PROGRESS", "")
        self.progress = (
            int(progress) if progress.isascii() and progress.isdigit() and len(progress) <= 3 else 0
        )
        self.summary = printable(pairs.get("SUMMARY", ""))
        ports = self._ports
        if ports is None:
            self.done = True
            return ""
        kept = b2a_base64(ports.key, newline=False).decode("ascii")
        self._next = self._on_onion
        wanted = f"{_KEY_TYPE}:{kept}" if kept else f"NEW:{_KEY_TYPE}"
        return f"ADD_ONION {wanted} Port={ports.public},127.0.0.1:{ports.local}\r\n"

    def _on_onion(self, reply: list[str]) -> str:
        ports = self._ports
        assert ports is not None
        pairs = dict(text.partition("=")[::2] for text in reply)
        kind, _, key = pairs.get("PrivateKey", "").partition(":")
        try:
            name = pairs.get("ServiceID", "") + ".onion"
            address = NetworkAddress(AddressType.ONION, name.encode("ascii", "replace"), ports.public)
            self.key = ports.key or a2b_base64(key)
        except (ValueError, NotBase64):
            return self.fail(f"{SERVICE} answers with something that is no onion service")
        if len(self.key) != ONION_KEY_SIZE or (not ports.key and kind != _KEY_TYPE):
            return self.fail(f"{SERVICE} answers with something that is no key of an onion service")
        self.address = address
        self.done = True
        return ""
