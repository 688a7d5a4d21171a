"""Mailboxes and links to them in memory, under the simulated clock: late, lossy, cut when a test says so.

`FakeLinks` stands in for `toxpy.ext.offline.link.Links`, `PostNet` for all between it and the mailboxes.
A mailbox is an object with `accept(channel) -> session`: the server of `toxpy.ext.mailbox`, or `PlainMailbox`
below, which knows nothing of toxpy and keeps everything in dicts; those of `bad_mailboxes` are made of it.
The channel has `send`, `room` and `close`, the session `on_packet` and `on_down`.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
import struct

from toxpy.runtime import Runtime

#: Seconds since 1970 at the beginning of these worlds: mailboxes count from 2025.
START_UNIX_S = 1_800_000_000
#: What the clock of a `Universe` says then, in ms.
START_MS = 1_000_000
#: The kind of a lossless packet that all packets of a session have.
KIND = 0xA8
HELLO, PUT, HAS, GET, ACK, OPEN = range(1, 7)
ANSWER = 0x80
OK, FULL, QUEUE_FULL, SIZE, REFUSED, TOO_FAST, VERSION = range(7)
SIZES = (256, 1024, 4096)
PART = 1320
END = 0xFFFFFFFF
#: Largest data of a packet.
MAX_PACKET = 1373
#: Packets under way in one direction.
WINDOW = 256
#: Milliseconds that a lost packet comes later.
AGAIN_MS = 250
#: Milliseconds until an end notices that the other is gone, and that nobody answers.
SILENCE_MS, NO_ANSWER_MS = 32_000, 20_000
#: Bytes of the packets of a session's set-up and end with UDP and IP; and those around each lossless packet.
SETUP_BYTES, PACKET_BYTES = 1536, 63


class WallClock:
    """The clock of one machine: that of the universe, and a date that may be wrong by `ahead_s` seconds."""

    late_ms = 0

    def __init__(self, clock):
        self._clock = clock
        self.ahead_s = 0

    @property
    def now_ms(self):
        return self._clock.now_ms

    read_ms = now_ms.fget

    def update(self):
        pass

    begin_pass = update

    def left_out(self, _at_ms):
        pass

    def unix_ms(self):
        return max((START_UNIX_S + self.ahead_s) * 1000 + self.now_ms - START_MS, 0)

    def unix_s(self):
        return self.unix_ms() // 1000


def runtime(universe, name, clock=None):
    """A runtime of that universe whose date is after 2025, or with the clock of an instance before it."""
    rng = universe.runtime(name).rng
    return Runtime(clock or WallClock(universe.clock), rng)


class Traffic:
    """Of one client or mailbox, both directions together."""

    def __init__(self):
        self.sessions = self.packets = self.bytes = 0


class End:
    """One end of a session: a `Link` for a client, a channel for a mailbox."""

    def __init__(self, net, rt, traffic):
        self.net, self.rt, self.traffic = net, rt, traffic
        self.owner = self.other = None
        self.up = self.closed = False
        self.under_way = 0
        self.last_arrival_ms = 0

    def send(self, data):
        """False when it is not up, or much is under way."""
        assert 0 < len(data) <= MAX_PACKET, len(data)
        if not self.up or self.closed or self.under_way >= WINDOW:
            return False
        self.under_way += 1
        self.net.carry(self, data)
        return True

    def room(self):
        """How many packets `send` takes now."""
        return WINDOW - self.under_way if self.up and not self.closed else 0

    def close(self):
        """Our side ends it; its owner is not told, the other's is."""
        if not self.closed:
            self.closed = True
            self.net.sessions.discard(self)
            if self.other is not None:
                self.net.later(self, lambda other: other.go_down("closed"))

    def go_up(self):
        if not self.closed:
            self.up = True
            self.owner.on_up()

    def arrive(self, data):
        if self.other is not None:
            # unless the network between them failed meanwhile
            self.other.under_way -= 1
        if not self.closed:
            self.traffic.packets += 1
            self.traffic.bytes += len(data) + PACKET_BYTES
            self.net.on_arrive(self, data)
            self.owner.on_packet(data)

    def go_down(self, reason):
        if not self.closed:
            self.closed = True
            self.net.sessions.discard(self)
            if isinstance(self.owner, MailboxSide):
                self.owner.on_down()
            else:
                self.owner.on_down(reason)


class MailboxSide:
    """What a mailbox's end reports to: the mailbox's session."""

    def __init__(self, session):
        self.session = session
        self.on_packet = session.on_packet
        self.on_down = session.on_down


class FakeLinks:
    """As `Links`: those of one instance."""

    def __init__(self, net, rt, who=""):
        self.net, self.rt, self.who = net, rt, who
        self.open_now = []

    def open(self, mailbox, owner):
        """A session from an identity that nobody has seen before."""
        end = End(self.net, self.rt, self.net.traffic_of(self.who))
        end.owner = owner
        self.open_now = [other for other in self.open_now if not other.closed]
        self.open_now.append(end)
        self.net.most_at_once = max(self.net.most_at_once, len(self.open_now))
        self.net.dial(end, mailbox.real_pk)
        return end

    def begin_pass(self):
        """Nothing arrives but by timers."""

    def close(self):
        """The instance ends."""
        for end in self.open_now:
            end.close()


class PostNet:
    """All sessions between clients and mailboxes; `hosts` has the mailboxes, by their real keys.

    `on_carry(end, data)` may look at each packet that leaves, and cut the session by `cut(end)`;
    `on_arrive(end, data)` at each that comes.
    """

    def __init__(self, seed=0, *, latency_ms=20, jitter_ms=10, loss=0.0, cuts=0.0):
        self.random = random.Random(f"post {seed}")
        self.latency_ms, self.jitter_ms, self.loss = latency_ms, jitter_ms, loss
        #: share of the packets with which the session ends
        self.cuts = cuts
        self.hosts = {}
        self.sessions = set()
        self.traffic = {}
        self.most_at_once = 0
        self.on_carry = self.on_arrive = lambda _end, _data: None

    def traffic_of(self, who):
        return self.traffic.setdefault(who, Traffic())

    def add(self, real_pk, mailbox):
        """A mailbox is there from now on."""
        self.hosts[real_pk] = mailbox

    def remove(self, real_pk):
        """It is gone without a word; what it kept is its own business."""
        mailbox = self.hosts.pop(real_pk)
        for end in [end for end in self.sessions if end.owner is not None and end.rt is mailbox.rt]:
            self.vanish(end)
        return mailbox

    def vanish(self, end):
        """That end is no more: the other one hears nothing."""
        end.closed = True
        self.sessions.discard(end)
        other = end.other
        if other is not None and not other.closed:
            other.rt.timers.call_later(SILENCE_MS, lambda: other.go_down("timed out"))

    def leave(self, links):
        """An instance was killed."""
        for end in links.open_now:
            if not end.closed:
                self.vanish(end)

    def cut(self, end):
        """The network between both ends fails for good."""
        for one, other in ((end, end.other), (end.other, end)):
            if one is not None and not one.closed:
                one.rt.timers.call_later(SILENCE_MS, lambda one=one: one.go_down("timed out"))
                one.send = lambda _data: True
                if other is not None:
                    one.other = None

    def dial(self, end, real_pk):
        """Find the mailbox; the session takes two round trips."""
        delay_ms = 4 * self.latency_ms + self.random.randrange(self.jitter_ms + 1)
        end.rt.timers.call_later(delay_ms, lambda: self._answer(end, real_pk))

    def _answer(self, end, real_pk):
        if end.closed:
            return
        mailbox = self.hosts.get(real_pk)
        if mailbox is None:
            end.rt.timers.call_later(NO_ANSWER_MS, lambda: end.go_down("no answer"))
            return
        channel = End(self, mailbox.rt, self.traffic_of(real_pk))
        session = mailbox.accept(channel)
        if session is None:
            end.rt.timers.call_later(NO_ANSWER_MS, lambda: end.go_down("no answer"))
            return
        channel.owner = MailboxSide(session)
        channel.other, end.other = end, channel
        channel.up = True
        self.sessions |= {end, channel}
        for one in (end, channel):
            one.traffic.sessions += 1
            one.traffic.bytes += SETUP_BYTES
        end.go_up()

    def carry(self, end, data):
        """One packet to the other end."""
        end.traffic.packets += 1
        end.traffic.bytes += len(data) + PACKET_BYTES
        self.on_carry(end, data)
        if self.cuts and self.random.random() < self.cuts:
            self.cut(end)
        else:
            self.later(end, lambda other: other.arrive(data))

    def later(self, end, deliver):
        """In order, by a timer of whoever gets it."""
        other = end.other
        if other is None:
            return
        delay_ms = self.latency_ms + self.random.randrange(self.jitter_ms + 1)
        while self.random.random() < self.loss:
            delay_ms += AGAIN_MS
        arrival_ms = max(end.last_arrival_ms, end.rt.clock.now_ms + delay_ms)
        end.last_arrival_ms = arrival_ms
        other.rt.timers.call_at(arrival_ms, lambda: deliver(other))


@contextlib.contextmanager
def fake_links(net):
    """Whatever instance is made meanwhile has links of that net; the list of them, the newest last."""
    from toxpy.ext.offline import engine

    made, real = [], engine.Links

    def make(layers):
        made.append(FakeLinks(net, layers.rt, layers.messenger.identity.public))
        return made[-1]

    engine.Links = make
    try:
        yield made
    finally:
        engine.Links = real


class Runner:
    """A mailbox's place among the members of a `Universe`: its timers run."""

    inbox = siblings = ()

    def __init__(self, rt, begin_pass=lambda: None):
        self.rt, self.begin_pass = rt, begin_pass

    def iterate(self):
        self.rt.timers.run_due()
        self.begin_pass()


class PlainMailbox:
    """A mailbox as it should be, in a hundred lines; the methods by op return the packets of an answer."""

    ttl_s = 24 * 3600
    per_queue = 100
    room_kib = 1024

    def __init__(self, rt, tokens=()):
        self.rt = rt
        #: none: whoever comes is served
        self.tokens = tokens
        #: by queue: number, when, data
        self.queues = {}
        self.numbers = 0
        self.counts = {}

    def accept(self, channel, _source=None):
        """Somebody came."""
        return PlainSession(self, channel)

    def now_s(self):
        return self.rt.clock.unix_s()

    def kept(self, queue):
        """What is in a queue and not too old."""
        least = self.now_s() - self.ttl_s
        blobs = [blob for blob in self.queues.get(queue, ()) if blob[1] >= least]
        if blobs:
            self.queues[queue] = blobs
        else:
            self.queues.pop(queue, None)
        return blobs

    def blobs(self):
        """All that it has."""
        return [data for queue in list(self.queues) for _, _, data in self.kept(queue)]

    def hello(self, _session, code):
        return [struct.pack(">BBQIHI", 1, code, self.now_s(), self.ttl_s, self.per_queue, self.room_kib)]

    def put(self, _session, queue, data):
        if len(self.kept(queue)) >= self.per_queue:
            return [bytes((QUEUE_FULL,))]
        self.queues.setdefault(queue, []).append((self.numbers, self.now_s(), data))
        self.numbers += 1
        return [bytes((OK,))]

    def has(self, _session, prefixes):
        known = {queue[:8] for queue in list(self.queues) if self.kept(queue)}
        return [bitmap([prefix in known for prefix in prefixes])]

    def get(self, _session, queue):
        blobs = [(number, data) for number, _, data in self.kept(queue)]
        return [*parts(blobs), struct.pack(">IHH", END, 0, 0)]

    def ack(self, _session, queue, numbers):
        self.queues[queue] = [blob for blob in self.kept(queue) if blob[0] not in numbers]
        self.kept(queue)
        return [bytes((OK,))]

    def open(self, _session, _epoch, _queues):
        return [bytes((OK,))]

    def reply(self, session, op, answers):
        """Have the session send these."""
        for answer in answers:
            session.say(op, answer)

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1


def bitmap(bits):
    """n, and a bit for each, the first one the lowest of its byte."""
    packed = bytearray((len(bits) + 7) // 8)
    for at, bit in enumerate(bits):
        packed[at // 8] |= bit << at % 8
    return bytes((len(bits),)) + packed


def parts(blobs):
    """The packets of a GET's answer without its end."""
    return [
        struct.pack(">IHH", number, len(data), at) + data[at : at + PART]
        for number, data in blobs
        for at in range(0, len(data), PART)
    ]


def queue_of(access):
    """What a mailbox keeps under."""
    return hashlib.sha256(b"TOX_MAILBOX_QUEUE_V1" + access).digest()


class PlainSession:
    """One client at a `PlainMailbox`."""

    def __init__(self, mailbox, channel):
        self.mailbox, self.channel = mailbox, channel
        self.waiting = []
        self.half = bytearray()
        self.welcome = not mailbox.tokens
        self.over = False

    def on_down(self):
        self.over = True

    def say(self, op, answer):
        """As soon as there is room."""
        self.waiting.append(bytes((KIND, op | ANSWER)) + answer)
        self._send()

    def _send(self):
        while self.waiting and not self.over:
            if not self.channel.send(self.waiting[0]):
                self.mailbox.rt.timers.call_later(50, self._send)
                return
            del self.waiting[0]

    def on_packet(self, data):
        """A request; what is none ends the session."""
        mailbox, op, body = self.mailbox, data[1], data[2:]
        mailbox.count(op)
        if op == HELLO:
            self.welcome = not mailbox.tokens or body[1:33] in mailbox.tokens
            code = VERSION if body[0] != 1 else OK if self.welcome else REFUSED
            answers = mailbox.hello(self, code)
        elif op == PUT:
            answers = self._part(body)
        elif op == HAS:
            answers = mailbox.has(self, [body[at : at + 8] for at in range(1, len(body), 8)])
        elif op == GET:
            answers = mailbox.get(self, queue_of(body))
        elif op == ACK:
            numbers = struct.unpack(f">{body[32]}I", body[33:])
            answers = mailbox.ack(self, queue_of(body[:32]), numbers)
        elif op == OPEN:
            answers = mailbox.open(self, body[:4], body[5:])
        else:
            self.over = True
            self.channel.close()
            return
        mailbox.reply(self, op, answers)

    def _part(self, body):
        total, at = struct.unpack_from(">HH", body, 32)
        if at == 0:
            self.half.clear()
        assert at == len(self.half), "parts in order"
        self.half += body[36:]
        if len(self.half) < total:
            return []
        data = bytes(self.half)
        self.half.clear()
        if total not in SIZES or len(data) != total:
            return [bytes((SIZE,))]
        if not self.welcome:
            return [bytes((REFUSED,))]
        return self.mailbox.put(self, queue_of(body[:32]), data)
