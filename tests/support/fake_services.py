"""Tor's control port and I2P's SAM bridge as programs of a test, without IO: lines in, answers out."""

import base64
import hashlib
import hmac

CLIENT_LABEL = b"Tor safe cookie authentication controller-to-server hash"
SERVER_LABEL = b"Tor safe cookie authentication server-to-controller hash"
COOKIE = bytes(range(32))
SERVER_NONCE = b"\xa5" * 32
#: An onion service: its name, and the key that tor keeps of it.
ONION = "4wyr34l4byk2fi76shoej32ttjjwsef6aqkjtqcwgwo4aqoep374xmid"
ONION_KEY = bytes(range(64))
#: A private destination: public keys 384, a certificate of 4 bytes, and what is secret.
DESTINATION = bytes(n % 251 for n in range(384)) + bytes.fromhex("05000400070004") + b"secret" * 40


def i2p_text(data):
    """Base 64 as I2P writes it."""
    return base64.b64encode(data, b"-~").decode()


class FakeTor:
    """A control port. `methods`: how one may log in; `refuse`: the answer to commands of a name."""

    def __init__(
        self, methods="COOKIE,SAFECOOKIE", cookie=COOKIE, password=b"secret", progress=100, refuse=None
    ):
        self.methods, self.cookie, self.password, self.progress = methods, cookie, password, progress
        self.refuse = refuse or {}
        self.asked = []
        self.nonce = b""

    def answer(self, line):
        """To one command, without the end of its line."""
        name, _, rest = line.partition(" ")
        self.asked.append(line)
        if name in self.refuse:
            return self.refuse[name]
        return getattr(self, name.lower())(rest)

    def protocolinfo(self, _rest):
        file = ' COOKIEFILE="/run/tor/a \\"cookie\\"\\303\\244"' if "COOKIE" in self.methods else ""
        auth = f"250-AUTH METHODS={self.methods}{file}\r\n"
        return f'250-PROTOCOLINFO 1\r\n{auth}250-VERSION Tor="0.4.9.11"\r\n250 OK\r\n'

    def authchallenge(self, rest):
        kind, _, nonce = rest.partition(" ")
        assert kind == "SAFECOOKIE"
        self.nonce = bytes.fromhex(nonce)
        proof = self.hash(SERVER_LABEL).hex().upper()
        return f"250 AUTHCHALLENGE SERVERHASH={proof} SERVERNONCE={SERVER_NONCE.hex().upper()}\r\n"

    def hash(self, label):
        return hmac.digest(label, self.cookie + self.nonce + SERVER_NONCE, "sha256")

    def authenticate(self, rest):
        allowed = {self.hash(CLIENT_LABEL).hex(), self.password.hex()}
        if "NULL" in self.methods:
            allowed.add("")
        return "250 OK\r\n" if rest in allowed else "515 Authentication failed: it did not match\r\n"

    def getinfo(self, rest):
        assert rest == "status/bootstrap-phase"
        state = f'NOTICE BOOTSTRAP PROGRESS={self.progress} TAG=x SUMMARY="Loading relay descriptors"'
        return f"250-{rest}={state}\r\n250 OK\r\n"

    def add_onion(self, rest):
        new = f"250-PrivateKey=ED25519-V3:{base64.b64encode(ONION_KEY).decode()}\r\n"
        return f"250-ServiceID={ONION}\r\n{new if rest.startswith('NEW:') else ''}250 OK\r\n"


class FakeSam:
    """A SAM bridge. `result`: how it answers to questions that begin with a word."""

    def __init__(self, **results):
        self.results = results
        self.asked = []

    def answer(self, line):
        """To one question, without the end of its line."""
        self.asked.append(line)
        word = line.partition(" ")[0]
        result = self.results.get(word, "OK")
        if word == "HELLO":
            return f"HELLO REPLY RESULT={result}{' VERSION=3.1' if result == 'OK' else ''}\n"
        if word == "SESSION":
            key = line.partition("DESTINATION=")[2].partition(" ")[0]
            key = i2p_text(DESTINATION) if key == "TRANSIENT" else key
            return f"SESSION STATUS RESULT={result}{f' DESTINATION={key}' if result == 'OK' else ''}\n"
        assert word == "STREAM"
        return f"STREAM STATUS RESULT={result}\n"


def i2p_host(destination=DESTINATION, public_size=391):
    """The address of a private destination."""
    digest = hashlib.sha256(destination[:public_size]).digest()
    return base64.b32encode(digest).decode().lower().rstrip("=") + ".b32.i2p"


def talk(conversation, service, chunk=1 << 20):
    """Let a conversation and a service speak with each other, in pieces of that size."""
    said = conversation.first
    for _ in range(20):
        answers = "".join(service.answer(line) for line in said.decode().splitlines())
        heard = answers.encode("latin-1")
        said = b"".join(conversation.feed(heard[at : at + chunk]) for at in range(0, len(heard), chunk))
        if not said:
            return conversation
    raise AssertionError("they never came to an end")


def serve(stream, service):
    """Answer what has arrived at the service's end of a stream."""
    *lines, rest = bytes(stream.inbox).split(b"\n")
    del stream.inbox[: len(stream.inbox) - len(rest)]
    for line in lines:
        stream.write(service.answer(line.decode().rstrip("\r")).encode("latin-1"))
