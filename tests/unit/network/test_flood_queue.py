"""Who comes first in a pass with many packets."""

from tests.support.universe import SeededRng, SimClock
from tests.support.worlds import SimulatedWorld
from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.ext.mailbox.keeping import StoreStats
from toxpy.ext.mailbox.probe import ProbeAnswers
from toxpy.net_crypto.policy import NOISE_IK, Handshakes
from toxpy.network.flood_queue import (
    MAX_UNSORTED,
    MAX_WAITING,
    SENDER_AT,
    STRANGERS_AT_ONCE,
    STRANGERS_PER_PASS,
    X25519_PER_PASS,
    Strangers,
)
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
    strangers = Strangers(keys, rt=rt)
    assert strangers.part(theirs + ours + cut + others) == ours + others
    assert len(strangers) == len(theirs + cut)
    assert strangers.take(99) == theirs + cut
    assert len(strangers) == 0


def test_the_youngest_come_first_and_the_oldest_are_dropped():
    rt = Runtime(SimClock(), SeededRng(1))
    strangers = Strangers(SharedKeys(KeyPair.generate(rt.rng), rt=rt), rt=rt)
    entries = [(b"\x00" + i.to_bytes(32, "big"), ADDRESS) for i in range(MAX_WAITING + 10)]
    assert strangers.part(entries[:20]) == []
    assert strangers.part(entries[20:]) == []
    assert rt.counters.values == {"drop.crowded": 10}
    assert strangers.take(5) == entries[-5:]
    assert strangers.take(MAX_WAITING) == entries[10:-5]


class Target:
    """An instance, and what it is sent."""

    def __init__(self):
        self.world = SimulatedWorld()
        asked = self.world.actor("asked")
        self.tox, self.inbox, self.values = asked.tox, asked.socket.inbox, asked.tox.rt.counters.values
        self.rng = SeededRng(3)

    def send(self, count):
        """Pings of strangers, too short for a key to be computed."""
        self.inbox += [(request(0, self.rng.bytes(32))[:-1], LAN_ADDRESS) for _ in range(count)]


def test_a_pass_is_short_and_the_next_one_goes_on_at_once():
    target = Target()
    target.send(STRANGERS_PER_PASS + 1)
    target.tox.iterate()
    assert target.values["drop.ping_size"] == STRANGERS_PER_PASS
    assert target.tox.deadline_in_ms() == 0 and target.tox.iteration_interval() == 1
    target.tox.iterate()
    assert target.values["drop.ping_size"] == STRANGERS_PER_PASS + 1
    assert target.tox.deadline_in_ms() != 0
    target.world.close()


def test_a_pass_computes_few_keys():
    target = Target()
    before = target.values.get("x25519", 0)
    target.inbox += [(b"\x00" + target.rng.bytes(81), LAN_ADDRESS) for _ in range(2 * X25519_PER_PASS)]
    target.tox.iterate()
    assert X25519_PER_PASS <= target.values["x25519"] - before < X25519_PER_PASS + STRANGERS_AT_ONCE
    target.tox.iterate()
    assert target.values["x25519"] - before == 2 * X25519_PER_PASS
    target.world.close()


def test_few_requests_do_not_wait():
    target = Target()
    target.send(MAX_UNSORTED)
    target.tox.iterate()
    assert target.values["drop.ping_size"] == MAX_UNSORTED and target.tox.deadline_in_ms() != 0
    target.world.close()


def costly_kinds():
    """The kinds of packets for which an instance computes a shared key, found by asking with all of them."""
    world = SimulatedWorld()
    asked = world.actor("asked")
    tox = asked.tox
    tox.net_crypto.use(Handshakes())
    ProbeAnswers(
        tox.dht,
        bytes(32),
        StoreStats(),
        rt=tox.rt,
        send=tox.socket.send,
        udp=tox.node.dispatch,
        is_open=True,
    )
    own_key, rng = tox.network.self_get_dht_id(), SeededRng(3)
    costly = set()
    for kind in range(256):
        before = tox.rt.counters.values.get("x25519", 0)
        for size in range(1, 600):
            content = rng.bytes(size)
            # the second is a DHT request for us, the third a Noise handshake
            for data in (content, own_key + content[32:], bytes((NOISE_IK,)) + content[1:]):
                asked.socket.inbox.append((bytes((kind,)) + data, LAN_ADDRESS))
            if size % 300 == 299:
                tox.iterate()
                while tox.node.timeout_ms() == 0:
                    tox.iterate()
        if tox.rt.counters.values.get("x25519", 0) - before > 0:
            costly.add(kind)
    world.close()
    return costly


def test_every_kind_that_costs_a_shared_key_is_known():
    assert costly_kinds() == set(SENDER_AT)
