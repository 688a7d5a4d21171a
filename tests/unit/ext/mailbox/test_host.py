"""A mailbox on a node with real sockets: clients by UDP and by its relay, a store on the disk."""

import os

import pytest

from tests.support.mailboxes import links_of
from tests.support.real_mailbox import RealClient, RealMailbox
from toxpy.crypto.keys import KeyPair
from toxpy.ext.mailbox.host import MailboxHost
from toxpy.wire.packets import COOKIE_REQUEST

ACCESS = bytes(range(32))
BLOB = os.urandom(4096)


@pytest.fixture
def box(tmp_path):
    made = RealMailbox(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("sender_has_udp", [True, False])
def test_what_one_puts_another_gets(box, sender_has_udp):
    sender = RealClient(box, udp_enabled=sender_has_udp).greet()
    sender.put(ACCESS, BLOB)
    sender.close()
    recipient = RealClient(box, udp_enabled=not sender_has_udp).greet()
    assert recipient.take(ACCESS) == [BLOB]
    assert recipient.take(ACCESS) == []
    recipient.close()


def test_its_descriptor_tells_what_the_store_has_done(box):
    client = RealClient(box).greet()
    assert box.store.fileno() in box.node.streams._watched
    box.host.close()
    assert box.store.fileno() not in box.node.streams._watched
    client.core.kill()


def test_where_clients_of_the_relay_are_is_known(box):
    client = RealClient(box, udp_enabled=False)
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
    client = RealClient(box)
    (connection,) = links_of(client.core).open_links
    connection._connection.write_lossless(b"\x40message")
    with pytest.raises(AssertionError, match="it ended the session"):
        client.until(lambda: False)
    assert box.host.rt.counters.values["drop.mailbox_kind"] == 1
    client.core.kill()
