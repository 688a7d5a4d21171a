"""A mailbox of our own code with real sockets and a store on the disk, and clients of it."""

import time

from tests.support.mailboxes import links_of
from toxpy.core import Core
from toxpy.crypto.keys import KeyPair
from toxpy.ext.mailbox.host import MailboxHost
from toxpy.ext.mailbox.sqlite_store import SqliteStore
from toxpy.ext.offline import ops
from toxpy.ext.offline.records import NO_TOKEN, Mailbox
from toxpy.network.node import NetworkNode
from toxpy.options import Options
from toxpy.runtime import Runtime
from toxpy.system.sockets import UdpSocket
from toxpy.system.streams import Streams


class RealMailbox:
    """On loopback."""

    def __init__(self, folder):
        rt = Runtime()
        self.udp = UdpSocket.bind(False, 41_500, 41_700)
        streams = Streams(rt=rt, ipv6=False)
        self.node = NetworkNode(KeyPair.generate(rt.rng), rt=rt, udp=self.udp, streams=streams)
        self.node.start_relay([streams.listen(self.udp.port)])
        self.store = SqliteStore(folder / "mailbox.db", rt=rt, room=lambda _used: 1 << 20, open_to_all=True)
        self.host = MailboxHost(self.node, KeyPair.generate(rt.rng), self.store, rt=rt)

    def mailbox(self, host="127.0.0.1", port=0):
        """As a client knows it, who finds it there."""
        return Mailbox(host, port or self.udp.port, self.node.dht.public_key, self.host.real_pk)

    def iterate(self):
        self.node.iterate()
        self.host.poll()

    def close(self):
        self.host.close()
        self.store.close()
        self.node.close()


class RealClient:
    """One session of an instance that nobody knows."""

    def __init__(self, box, mailbox=None, **options):
        self.box = box
        self.core = Core(Options(ipv6_enabled=False, local_discovery_enabled=False, **options))
        self.up, self.down, self.heard = False, None, []
        self.answers = ops.Answers()
        self.link = links_of(self.core).open(mailbox or box.mailbox(), self)
        self.until(lambda: self.up, timeout_s=70)

    def on_up(self):
        self.up = True

    def on_packet(self, data):
        answer = self.answers.read(data)
        if answer is not None:
            self.heard.append(answer)

    def on_down(self, reason):
        raise AssertionError(reason)

    def until(self, condition, timeout_s=30):
        end = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < end
            self.core.iterate()
            self.box.iterate()
            time.sleep(0.0005)

    def ask(self, op, *packets):
        """What comes until the last answer to a request."""
        self.heard.clear()
        self.answers.expect(op)
        for packet in packets:
            assert self.link.send(packet)
        self.until(lambda: self.heard and not isinstance(self.heard[-1], ops.Blob))
        return self.heard[:]

    def close(self):
        self.core.kill()
        self.until(lambda: len(self.box.host.server) == 0)

    def greet(self):
        """Say HELLO as a stranger."""
        (answer,) = self.ask(ops.HELLO, ops.hello(NO_TOKEN))
        assert answer.code == ops.OK
        return self

    def put(self, access, blob):
        """Keep that."""
        assert [answer.code for answer in self.ask(ops.PUT, *ops.put(access, blob))] == [ops.OK]

    def take(self, access):
        """What is there, which is deleted."""
        *blobs, end = self.ask(ops.GET, ops.get(access))
        assert isinstance(end, ops.End)
        if blobs:
            assert self.ask(ops.ACK, ops.ack(access, [blob.number for blob in blobs]))[0].code == ops.OK
        return [blob.data for blob in blobs]
