"""A mailbox of our own code on a node of the simulated universe, and clients with links to it."""

from tests.support.sim_streams import SimStreams
from tests.support.universe import SeededRng, SimClock
from toxpy.crypto.keys import KeyPair
from toxpy.errors import PacketError
from toxpy.ext.mailbox.host import MailboxHost
from toxpy.ext.mailbox.memory_store import MemoryStore
from toxpy.ext.mailbox.server import MailboxServer
from toxpy.ext.offline import ops
from toxpy.ext.offline.link import Links
from toxpy.ext.offline.records import NO_TOKEN, Mailbox
from toxpy.friend.capability import Capability
from toxpy.network.node import NetworkNode
from toxpy.runtime import Runtime

ACCESS = bytes(range(32))


class SimMailbox:
    """A node with a relay at the port of its socket, and a mailbox."""

    def __init__(self, world, name="mailbox", *, relay=True, **store):
        universe = world.universe
        self.world = world
        self.socket = universe.socket()
        self.rt = rt = universe.runtime(name)
        streams = SimStreams(world.fabric, self.socket, rt)
        self.node = NetworkNode(KeyPair.generate(rt.rng), rt=rt, udp=self.socket, streams=streams)
        if relay:
            self.node.start_relay([streams.listen(self.socket.port)])
        self.store = MemoryStore(rt=rt, **{"open_to_all": True, **store})
        identity = KeyPair.generate(rt.rng)
        self.host = MailboxHost(self.node, identity, self.store, rt=rt, open_to_all=True)
        universe.add(self, self.socket)

    @property
    def server(self):
        return self.host.server

    def iterate(self):
        self.node.iterate()
        self.host.poll()

    def mailbox(self, token=NO_TOKEN, **changed):
        """As a client knows it."""
        place = {
            "host": ".".join(map(str, self.socket.address[0])),
            "port": self.socket.port,
            "dht_pk": self.node.dht.public_key,
            "real_pk": self.host.real_pk,
        }
        return Mailbox(**{**place, **changed}, token=token)

    def values(self):
        return self.rt.counters.values

    def close(self):
        self.world.universe.remove(self)
        self.host.close()
        self.store.close()
        self.node.close()


class LinkPasses(Capability):
    """Has an instance's links take part in its passes, as the extension does."""

    def __init__(self, core):
        self.links = Links(core)

    def begin_pass(self):
        self.links.begin_pass()

    def on_end(self):
        self.links.close()


class Talk:
    """The owner of one link: what it heard."""

    def __init__(self, actor, mailbox):
        self.actor = actor
        self.up = False
        self.down = None
        self.packets = []
        self.answers = ops.Answers()
        self.heard = []
        self.then = None
        self.link = links_of(actor.tox).open(mailbox, self)

    def on_up(self):
        assert not self.up and self.down is None
        self.up = True

    def on_packet(self, data):
        self.packets.append(data)
        try:
            answer = self.answers.read(data)
        except PacketError as error:
            self.heard.append(error)
            raise
        if answer is not None:
            self.heard.append(answer)
        if self.then is not None:
            self.then(answer)

    def on_down(self, reason):
        assert self.down is None
        self.down = reason

    def ask(self, op, *packets, prefixes=0):
        """Send a request."""
        self.answers.expect(op, prefixes)
        for packet in packets:
            assert self.link.send(packet)

    def wait(self, timeout_s=30):
        """Until the link is up or over."""
        self.actor.world.until(lambda: self.up or self.down is not None, "a link", timeout_s)
        return self

    def wait_for(self, count, timeout_s=30):
        """Until so many answers came; the last one."""
        self.actor.world.until(lambda: len(self.heard) >= count, f"{count} answers: {self.heard}", timeout_s)
        return self.heard[-1]

    def greet(self, token=NO_TOKEN):
        """Say HELLO; the answer."""
        self.ask(ops.HELLO, ops.hello(token))
        return self.wait_for(len(self.heard) + 1)


def links_of(core):
    """The links of an instance, made when they are first asked for."""
    for capability in core.messenger.capabilities:
        if isinstance(capability, LinkPasses):
            return capability.links
    return core.add(LinkPasses).links


class MemoryChannel:
    """Between a client and the server, with room for `space` packets."""

    def __init__(self):
        self.sent, self.space, self.closed, self.session = [], 1 << 30, False, None

    def receive(self, data):
        """A packet of the client."""
        self.session.on_packet(data)

    def send(self, data):
        assert not self.closed
        # a real one takes more, and keeps it in memory
        assert self.space > 0
        self.space -= 1
        self.sent.append(data)
        return True

    def room(self):
        return self.space

    def close(self):
        self.closed = True


class HeldStore(MemoryStore):
    """Answers at once, or when it is released: as one whose disk is slow."""

    def __init__(self, **how):
        self.hold, self._held = False, []
        super().__init__(**how)

    def _do(self, work, done, failed):
        super()._do(work, self._later(done), failed)

    def _later(self, done):
        return lambda result: self._held.append((done, result)) if self.hold else done(result)

    def release(self):
        self.hold = False
        while self._held:
            done, result = self._held.pop(0)
            done(result)


class MemoryMailbox:
    """A server over a store in memory."""

    def __init__(self, seed=1, **store):
        self.clock = SimClock()
        self.clock.now_ms = 1_000_000
        self.rt = Runtime(self.clock, SeededRng(seed))
        self.store = HeldStore(rt=self.rt, **{"open_to_all": True, **store})
        self.server = MailboxServer(self.store, rt=self.rt)
        self.tokens = 0

    def client(self, source=None):
        return MemoryClient(self, source)

    def member(self, source=None):
        """A client with a new token, who said so."""
        self.tokens += 1
        token = self.tokens.to_bytes(32, "big")
        self.store.add_member(token, lambda _number: None)
        return self.client(source).greet(token)

    def run_for(self, duration_ms):
        end_ms = self.clock.now_ms + duration_ms
        while (at_ms := self.rt.timers.next_deadline_ms()) is not None and at_ms <= end_ms:
            self.clock.now_ms = max(at_ms, self.clock.now_ms)
            self.rt.timers.run_due()
        self.clock.now_ms = end_ms


class MemoryClient:
    """Asks the server, and reads its answers."""

    def __init__(self, box, source):
        self.channel = MemoryChannel()
        self.session = self.channel.session = box.server.accept(self.channel, source)
        self.answers = ops.Answers()

    def send(self, op, *packets, prefixes=0):
        self.answers.expect(op, prefixes)
        for packet in packets:
            self.channel.receive(packet)

    def take(self):
        """All answers since the last time."""
        sent, self.channel.sent = self.channel.sent, []
        return [answer for answer in map(self.answers.read, sent) if answer is not None]

    def ask(self, op, *packets, prefixes=0):
        """The last answer to a request."""
        self.send(op, *packets, prefixes=prefixes)
        return self.take()[-1]

    def greet(self, token=NO_TOKEN):
        assert self.ask(ops.HELLO, ops.hello(token)).code == ops.OK
        return self

    def put(self, access, blob):
        return self.ask(ops.PUT, *ops.put(access, blob)).code

    def has(self, prefixes):
        return self.ask(ops.HAS, ops.has(prefixes), prefixes=len(prefixes)).found

    def get(self, access):
        self.send(ops.GET, ops.get(access))
        *blobs, end = self.take()
        assert isinstance(end, ops.End)
        return [(blob.number, blob.data) for blob in blobs]

    def ack(self, access, numbers):
        return self.ask(ops.ACK, ops.ack(access, numbers)).code

    def open_queues(self, epoch, queues):
        return self.ask(ops.OPEN, ops.open_queues(epoch, queues)).code
