"""The relay's end of one connection, for unit tests of the client: it says what the test wants."""

from tests.support.fake_streams import pump_all
from toxpy.crypto.keys import KeyPair
from toxpy.crypto.sodium import shared_key
from toxpy.tcp.secure import (
    CLIENT_HELLO_SIZE,
    SecureStream,
    create_server_hello,
    open_client_hello,
)


class FakeRelay:
    """Reads the client's hello from a fake stream, then frames; answers pings unless told otherwise."""

    def __init__(self, keys, stream, rng, *, pongs=True):
        self.keys, self.stream, self.rng, self.pongs = keys, stream, rng, pongs
        self.session = KeyPair.generate(rng)
        self.nonce = rng.bytes(24)
        self.buffer = b""
        self.client_pk = None
        self.secure = None
        #: every frame that came
        self.frames = []
        self.closed = False
        stream.on_ready = self.on_ready

    def on_ready(self):
        if self.secure is None:
            self.on_hello_data()
        else:
            self.on_frames()

    def on_hello_data(self):
        data = self.stream.read()
        if data is None:
            self.closed = True
            return
        self.buffer += data
        if len(self.buffer) >= CLIENT_HELLO_SIZE:
            self.stream.write(self.answer())

    def answer(self):
        """Our hello; from now on there are frames."""
        hello, leftover = self.buffer[:CLIENT_HELLO_SIZE], self.buffer[CLIENT_HELLO_SIZE:]
        self.client_pk = hello[:32]
        shared = shared_key(self.client_pk, self.keys.secret)
        session_pk, nonce = open_client_hello(shared, hello)
        self.secure = SecureStream(
            self.stream,
            shared_key(session_pk, self.session.secret),
            int.from_bytes(self.nonce, "big"),
            int.from_bytes(nonce, "big"),
            leftover,
        )
        return create_server_hello(shared, self.session, self.nonce, self.rng.bytes(24))

    def on_frames(self):
        frames = self.secure.receive()
        if frames is None:
            self.closed = True
            return
        for frame in frames:
            self.frames.append(frame)
            if frame[0] == 4 and self.pongs:
                self.send(b"\x05" + frame[1:])

    def send(self, *frames):
        """Frames to the client; not delivered before the next pump."""
        for frame in frames:
            assert self.secure.send(frame, True)

    def say(self, *frames):
        """Frames to the client, delivered."""
        self.send(*frames)
        pump_all(self.stream)

    def heard(self, kind):
        """The frames that began with that byte, without it."""
        return [frame[1:] for frame in self.frames if frame[0] == kind]
