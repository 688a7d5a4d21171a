"""A mailbox on a node with real sockets: clients by UDP and by its relay, a store on the disk."""

import os
import time

import pytest

from tests.support.mailboxes import links_of
from toxpy.core import Core
from toxpy.crypto.keys import KeyPair
from toxpy.ext.mailbox.host import MailboxHost
from toxpy.ext.mailbox.sqlite_store import SqliteStore
from toxpy.ext.offline import ops
from toxpy.ext.offline.records import Mailbox
from toxpy.network.node import NetworkNode
from toxpy.options import Options
from toxpy.runtime import Runtime
from toxpy.system.sockets import UdpSocket
from toxpy.system.streams import Streams
from toxpy.wire.packets import COOKIE_REQUEST

ACCESS = bytes(range(32))
BLOB = os.urandom(4096)


class RealMailbox:
    """On loopback."""

    def __init__(self, folder, port=0):
        rt = Runtime()
        self.udp = UdpSocket.bind(False, *((port, port) if port else (41_500, 41_700)))
        streams = Streams(rt=rt, ipv6=False)
        self.node = NetworkNode(KeyPair.generate(rt.rng), rt=rt, udp=self.udp, streams=streams)
        self.node.start_relay([streams.listen(self.udp.port)])
        self.store = SqliteStore(folder / "mailbox.db", rt=rt, room=lambda _used: 1 << 20, open_to_all=True)
        self.host = MailboxHost(self.node, KeyPair.generate(rt.rng), self.store, rt=rt)

    @property
    def mailbox(self):
        return Mailbox("127.0.0.1", self.udp.port, self.node.dht.public_key, self.host.real_pk)

    def iterate(self):
        self.node.iterate()
        self.host.poll()

    def close(self):
        self.host.close()
        self.store.close()
        self.node.close()


class Client:
    """One session of an instance that nobody knows."""

    def __init__(self, box, **options):
        self.box = box
        self.core = Core(Options(ipv6_enabled=False, local_discovery_enabled=False, **options))
        self.up, self.down, self.heard = False, None, []
        self.answers = ops.Answers()
        self.link = links_of(self.core).open(box.mailbox, self)
        self.until(lambda: self.up)

    def on_up(self):
        self.up = True

    def on_packet(self, data):
        answer = self.answers.read(data)
        if answer is not None:
            self.heard.append(answer)

    def on_down(self, reason):
        raise AssertionError(reason)

    def until(self, condition):
        end = time.monotonic() + 30
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


@pytest.fixture
def box(tmp_path):
    made = RealMailbox(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("sender_has_udp", [True, False])
def test_what_one_puts_another_gets(box, sender_has_udp):
    sender = Client(box, udp_enabled=sender_has_udp)
    assert sender.ask(ops.HELLO, ops.hello(bytes(32)))[0].code == ops.OK
    assert [answer.code for answer in sender.ask(ops.PUT, *ops.put(ACCESS, BLOB))] == [ops.OK]
    sender.close()
    recipient = Client(box, udp_enabled=not sender_has_udp)
    recipient.ask(ops.HELLO, ops.hello(bytes(32)))
    stored, end = recipient.ask(ops.GET, ops.get(ACCESS))
    assert stored.data == BLOB and isinstance(end, ops.End)
    assert recipient.ask(ops.ACK, ops.ack(ACCESS, [stored.number]))[0].code == ops.OK
    assert len(recipient.ask(ops.GET, ops.get(ACCESS))) == 1
    recipient.close()


def test_its_descriptor_tells_what_the_store_has_done(box):
    client = Client(box)
    client.ask(ops.HELLO, ops.hello(bytes(32)))
    assert box.store.fileno() in box.node.streams._watched
    box.host.close()
    assert box.store.fileno() not in box.node.streams._watched
    client.core.kill()


def test_where_clients_of_the_relay_are_is_known(box):
    client = Client(box, udp_enabled=False)
    (session,) = box.host._net.connections()
    address = box.host.source_of(session)
    assert address[0] == bytes((127, 0, 0, 1)) and address[1] != box.udp.port
    client.close()
    assert box.host.source_of(session) is None


def test_a_mailbox_is_no_instance_of_tox(box):
    with pytest.raises(ValueError, match="claimed"):
        MailboxHost(box.node, KeyPair.generate(box.host.rt.rng), box.store, rt=box.host.rt)
    assert box.node.dispatch.handlers[COOKIE_REQUEST.kind] is not None


def test_another_kind_of_packet_ends_a_session(box):
    client = Client(box)
    (connection,) = links_of(client.core).open_links
    connection._connection.write_lossless(b"\x40message")
    with pytest.raises(AssertionError, match="it ended the session"):
        client.until(lambda: False)
    assert box.host.rt.counters.values["drop.mailbox_kind"] == 1
    client.core.kill()
