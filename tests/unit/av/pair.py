"""Two friends with calls, on a messenger each: what one sends the test hands to the other."""

from array import array
from types import SimpleNamespace

from tests.unit.friend.fakes import Stage
from toxpy.av.calls import OURS
from toxpy.av.core import CallsCore
from toxpy.generated import events as ev
from toxpy.media.codecs import load

#: All that a program can listen to.
LISTENERS = (
    "call",
    "call_state",
    "audio_bit_rate",
    "video_bit_rate",
    "audio_receive_frame",
    "video_receive_frame",
)
RATE, SAMPLES = 48_000, 960


def tone(value, samples=SAMPLES):
    """A frame of mono sound that the stand-in brings back as it is."""
    return array("h", [value] * samples).tobytes()


def picture(width, height, value):
    """The planes of a picture of one colour."""
    chroma = bytes([value]) * ((width // 2) * (height // 2))
    return bytes([value]) * (width * height), chroma, chroma


def count_packets(crypto):
    """Number what it writes from its first packet on, whatever of it the test has taken away."""
    write, written = crypto.write_lossless, 0

    def write_lossless(data):
        nonlocal written
        if write(data) < 0:
            return -1
        written += 1
        return written - 1

    crypto.write_lossless = write_lossless
    # all that the other side got
    crypto.acknowledged_below = 1 << 32


class Side:
    """One of both: a messenger with one friend, and calls."""

    def __init__(self, seed, clock=None, listeners=LISTENERS):
        self.stage = stage = Stage(seed, clock)
        self.friend, self.crypto = stage.online_friend()
        count_packets(self.crypto)
        self.calls = CallsCore(SimpleNamespace(messenger=stage.messenger, rt=stage.rt))
        self.calls.codecs = load(standin=True)
        stage.messenger.capabilities.append(self.calls.capability)
        self.calls.toxav_new()
        for event in listeners:
            self.calls.toxav_listen(event, True)
        self.heard, self.seen = [], []
        #: without what only two of ours say to each other, as if the friend had c-toxcore
        self.is_plain = True

    @property
    def state(self):
        """The state of the signalling."""
        call = self.call
        return 0 if call is None else call.signalling.state

    @property
    def call(self):
        """The call with the friend."""
        return self.calls.capability.get()._table.by_friend.get(self.friend)

    def take_sent(self):
        """What was sent since the last time: lossless and lossy packets."""
        lossless = [packet for packet in self.crypto.written if packet[0] == 69]
        lossy = [packet for packet in self.crypto.lossy if not (self.is_plain and packet[0] in OURS)]
        self.crypto.written.clear()
        self.crypto.lossy.clear()
        return lossless, lossy

    def receive(self, lossless=(), lossy=()):
        """Packets of the friend."""
        for packet in lossless:
            self.friend.connection.on_lossless(packet)
        for packet in lossy:
            self.friend.connection.on_lossy(packet)

    def tell(self):
        """The end of a pass: what waits is looked at before it is delivered."""
        return [event for event in self.stage.events if event.owner is None or not event.owner.deleted]

    def events(self):
        """The events of calls since the last time, as short words."""
        found = []
        for event in self.stage.drain():
            if isinstance(event, ev.ToxavCall):
                found.append(("call", event.audio_enabled, event.video_enabled))
            elif isinstance(event, ev.ToxavCallState):
                found.append(("state", event.state))
            elif isinstance(event, ev.ToxavAudioBitRate):
                found.append(("audio rate", event.audio_bit_rate))
            elif isinstance(event, ev.ToxavVideoBitRate):
                found.append(("video rate", event.video_bit_rate))
        return found

    def play(self):
        """Play what is due: the first sample of each frame to `heard`, the first pixel to `seen`."""
        self.calls.toxav_iterate(
            lambda _number, decoder: self.heard.append(decoder.pcm()[0]),
            lambda _number, decoder: self.seen.append(decoder.planes()[0][0]),
        )

    def go_offline(self):
        """The connection to the friend ends."""
        self.friend.connection.crypto = None
        self.friend.connection.on_closed()
        self.stage.drain()

    def come_back(self, *, anew=False):
        """The friend is online again, with the same client or one that began anew."""
        connection = self.friend.connection
        if anew:
            connection.on_dht_pk(bytes([len(self.stage.net_crypto.connections) + 8]) * 32)
        elif connection.crypto is None:
            connection._connect()
        self.crypto = self.stage.connect(connection)
        count_packets(self.crypto)
        self.friend.connection.on_lossless(b"\x18")


class Pair:
    """Both, under one clock; with `ours` they know that both are ours."""

    def __init__(self, *, ours=False):
        self.a = Side(1)
        self.b = Side(2, self.a.stage.clock)
        self.a.is_plain = self.b.is_plain = not ours
        self.clock = self.a.stage.clock
        self.take = lambda source, packet: True

    def carry(self):
        """Hand over what both sent until nobody sends any more: how many packets that were."""
        carried = 0
        while True:
            moved = False
            for source, target in ((self.a, self.b), (self.b, self.a)):
                lossless, lossy = source.take_sent()
                target.receive(lossless, [packet for packet in lossy if self.take(source, packet)])
                carried += len(lossless) + len(lossy)
                moved = moved or bool(lossless or lossy)
            if not moved:
                self.a.tell()
                self.b.tell()
                return carried
            assert carried < 1_000

    def run(self, duration_ms, step_ms=5):
        """Let time pass for both, handing over what they send."""
        for _ in range(duration_ms // step_ms):
            self.clock.now_ms += step_ms
            for side in (self.a, self.b):
                side.stage.rt.timers.run_due()
            self.carry()
            for side in (self.a, self.b):
                side.play()

    def in_call(self, audio=48, video=0):
        """A calls, b answers."""
        self.a.calls.toxav_call(0, audio, video)
        self.carry()
        self.b.calls.toxav_answer(0, audio, video)
        self.carry()
        for side in (self.a, self.b):
            side.events()
        return self
