"""A client of a TCP relay, from the specification and with nacl's own functions, to test the server."""

from nacl.bindings import crypto_box_beforenm, crypto_secretbox, crypto_secretbox_open

from tests.support.fake_streams import pump_all
from toxpy.crypto.keys import KeyPair

HELLO_SIZE, ANSWER_SIZE = 128, 96


def _nonce(number):
    return (number % (1 << 192)).to_bytes(24, "big")


class RelayClient:
    """One end of a stream; `frames` gives the payloads that arrived since."""

    def __init__(self, stream, relay_pk, rng, keys=None):
        self.stream, self.rng = stream, rng
        self.keys = keys or KeyPair.generate(rng)
        self.session = KeyPair.generate(rng)
        self.shared = crypto_box_beforenm(relay_pk, self.keys.secret)
        self.out_nonce = int.from_bytes(rng.bytes(24), "big")
        self.in_nonce = self.key = None
        self.buffer = b""

    @property
    def public_key(self):
        return self.keys.public

    def hello(self):
        """The 128 bytes."""
        nonce = self.rng.bytes(24)
        plain = self.session.public + _nonce(self.out_nonce)
        return self.keys.public + nonce + crypto_secretbox(plain, nonce, self.shared)

    def send_hello(self):
        self.stream.write(self.hello())
        pump_all(self.stream)

    def receive_answer(self):
        """Take the relay's hello; the session is agreed then."""
        self.read()
        answer, self.buffer = self.buffer[:ANSWER_SIZE], self.buffer[ANSWER_SIZE:]
        assert len(answer) == ANSWER_SIZE
        plain = crypto_secretbox_open(answer[24:], answer[:24], self.shared)
        self.key = crypto_box_beforenm(plain[:32], self.session.secret)
        self.in_nonce = int.from_bytes(plain[32:], "big")

    def seal(self, payload):
        """The frame of the next payload."""
        box = crypto_secretbox(payload, _nonce(self.out_nonce), self.key)
        self.out_nonce += 1
        return len(box).to_bytes(2, "big") + box

    def write(self, *payloads):
        """Send, and let it arrive."""
        for payload in payloads:
            self.stream.write(self.seal(payload))
        pump_all(self.stream)

    def read(self):
        while data := self.stream.read():
            self.buffer += data

    def frames(self):
        """Payloads that arrived since the last call."""
        pump_all(self.stream)
        self.read()
        payloads = []
        while len(self.buffer) >= 2:
            size = int.from_bytes(self.buffer[:2], "big")
            if len(self.buffer) < 2 + size:
                break
            box, self.buffer = self.buffer[2 : 2 + size], self.buffer[2 + size :]
            payloads.append(crypto_secretbox_open(box, _nonce(self.in_nonce), self.key))
            self.in_nonce += 1
        return payloads

    @property
    def is_closed(self):
        """Has the relay closed the connection."""
        pump_all(self.stream)
        return self.stream.eof or self.stream.closed

    def confirm(self):
        """Handshake and first frame, a ping, whose answer is taken."""
        self.send_hello()
        self.receive_answer()
        self.write(b"\x04" + b"\x01" * 8)
        assert self.frames() == [b"\x05" + b"\x01" * 8]

    def route(self, public_key):
        """Ask for a peer; returns the connection id of the response."""
        self.write(b"\x00" + public_key)
        response, *rest = self.frames()
        assert response[:1] == b"\x01" and response[2:] == public_key and len(response) == 34
        return response[1], rest
