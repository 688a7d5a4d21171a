"""Two friends on a messenger each, with extended messages or without: the test carries their packets."""

from types import SimpleNamespace

from tests.unit.friend.fakes import Stage
from toxpy.ext.messages import segments as seg
from toxpy.ext.messages.core import MessagesCore
from toxpy.friend.packets import PACKET_MESSAGE
from toxpy.generated import events as ev

ONLINE = b"\x18"
#: The packet of the envelope.
EXTENSIONS = 172
#: What each says of itself when it comes online.
GREETINGS = (
    ev.FriendConnectionStatus,
    ev.FriendName,
    ev.FriendStatusMessage,
    ev.FriendStatus,
    ev.FriendTyping,
)


class Side:
    """One of both: a messenger with one friend."""

    def __init__(self, seed, clock=None, *, extended=True, record=None):
        self.stage = stage = Stage(seed, clock)
        self.extended = extended
        options = SimpleNamespace(extended_messages=extended, offline_messages=False)
        self.messages = MessagesCore(SimpleNamespace(messenger=stage.messenger, rt=stage.rt, options=options))
        if extended:
            stage.messenger.capabilities.append(self.messages.capability)
        self.friend = self.crypto = None

    def add(self, real_pk):
        """Have that friend."""
        self.friend = self.stage.messenger.add_norequest(real_pk)

    def connect(self):
        """A connection to the friend stands, whose greeting is on its way."""
        connection = self.friend.connection
        if connection.crypto is not None:
            connection.crypto = None
            connection.on_closed()
            connection._connect()
        self.crypto = self.stage.connect(connection)
        # everything that is written arrives
        self.crypto.acknowledged_below = 1 << 32
        self.taken = 0

    def take(self):
        """What was written since the last time."""
        packets = self.crypto.written[self.taken :]
        self.taken = len(self.crypto.written)
        return packets

    def receive(self, packet):
        """One packet of the friend."""
        self.friend.connection.on_lossless(packet)

    def end_pass(self):
        """What follows when all was received."""
        self.stage.messenger.check_receipts()
        for capability in self.stage.messenger.capabilities:
            capability.begin_pass()

    def drain(self):
        """The events of messages since the last time."""
        return [event for event in self.stage.drain() if not isinstance(event, GREETINGS)]

    def send(self, text, kind=0, **how):
        """Send a message to the friend."""
        return self.messages.send(0, kind, text, **how)


class Pair:
    """Both of them, under one clock."""

    def __init__(self, a=True, b=True):
        self.a = Side(1, extended=a)
        self.b = Side(2, self.a.stage.clock, extended=b)
        self.clock = self.a.stage.clock
        self.sides = (self.a, self.b)
        self.a.add(self.b.stage.identity.public)
        self.b.add(self.a.stage.identity.public)
        self.connect()

    def connect(self):
        """A new connection; what was on its way is lost."""
        for side in self.sides:
            side.connect()
        self.carry()
        self.extended = [event for side in self.sides for event in side.drain()]

    def carry(self, most=1 << 30):
        """Hand over what both sent, at most so many packets, until nobody sends any more."""
        carried = 0
        while True:
            moved = False
            for source, target in (self.sides, self.sides[::-1]):
                for packet in source.take():
                    if carried < most:
                        target.receive(packet)
                    moved = True
                    carried += 1
            for side in self.sides:
                side.end_pass()
            if not moved:
                return


class Liar:
    """A victim with extended messages, and a friend who says whatever the test wants."""

    OWN_ID = 9

    def __init__(self, victim=None):
        self.victim = victim or Side(1)
        stage = self.victim.stage
        self.victim.add(stage.key())
        self.come()

    def come(self):
        """Be online, with extended messages."""
        self.victim.connect()
        self.victim.receive(ONLINE)
        question = bytes(4) + seg.UUID + (self.OWN_ID << 3).to_bytes(2, "big")
        self.packet(0, question)
        self.victim.take()
        self.victim.drain()

    def packet(self, segment_id, data):
        """A packet with one segment."""
        head = (segment_id << 11 | len(data)).to_bytes(3, "big")
        self.victim.receive(b"\xac\x03\xdf\xfe" + head + data)

    def say(self, *segments):
        """Segments of extended messages; the events of the victim."""
        for segment in segments:
            self.packet(self.OWN_ID, segment)
        self.victim.end_pass()
        return self.victim.drain()

    def dropped(self, why):
        """How often the victim dropped something for that reason."""
        return self.victim.stage.dropped("extended_message_" + why)


def plain(text, kind=0):
    """An ordinary message."""
    return bytes((PACKET_MESSAGE + kind,)) + text
