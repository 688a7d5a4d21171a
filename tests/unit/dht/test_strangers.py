"""Who comes first in a pass with many packets."""

from tests.support.universe import SeededRng, SimClock
from tests.support.worlds import SimulatedWorld
from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.dht.strangers import SENDER_AT, strangers_last
from toxpy.runtime import Runtime

ADDRESS = bytes((30, 0, 0, 1)), 33445
#: Pays nothing.
LAN_ADDRESS = bytes((192, 168, 1, 1)), 33445


def request(kind, public_key):
    """Only as much of it as matters here."""
    return bytes((kind,)) + bytes(SENDER_AT[kind] - 1) + public_key + bytes(60)


def test_requests_of_strangers_come_last():
    rt = Runtime(SimClock(), SeededRng(1))
    keys = SharedKeys(KeyPair.generate(rt.rng), rt=rt)
    known, stranger = (KeyPair.generate(rt.rng).public for _ in range(2))
    for key in (known, stranger):
        keys.get(key)
    keys.keep(known)
    kinds = [kind for kind in SENDER_AT if kind != 0x91]
    theirs = [(request(kind, stranger), ADDRESS) for kind in kinds]
    ours = [(request(kind, known), ADDRESS) for kind in kinds]
    # empty, cut short, of no kind, and what costs nothing
    others = [(data, ADDRESS) for data in (b"", b"\x01", b"\xff" * 9, b"\x1b" + bytes(30), b"\x8c" * 99)]
    cut = [(b"\x00" + stranger[:9], ADDRESS)]
    assert strangers_last(theirs + ours + cut + others, keys) == ours + others + theirs + cut


def costly_kinds():
    """The kinds of packets for which an instance computes a shared key, found by asking with all of them."""
    world = SimulatedWorld()
    asked = world.actor("asked")
    tox, inbox = asked.tox, asked.socket.inbox
    own_key, rng = tox.self_get_dht_id(), SeededRng(3)
    costly = set()
    for kind in range(256):
        before = tox.rt.counters.values.get("x25519", 0)
        for size in range(1, 600):
            content = rng.bytes(size)
            # the second is a DHT request for us
            for data in (content, own_key + content[32:]):
                inbox.append((bytes((kind,)) + data, LAN_ADDRESS))
        tox.iterate()
        inbox = asked.socket.inbox
        if tox.rt.counters.values.get("x25519", 0) - before > 0:
            costly.add(kind)
    world.close()
    return costly


def test_every_kind_that_costs_a_shared_key_is_known():
    assert costly_kinds() == set(SENDER_AT)
