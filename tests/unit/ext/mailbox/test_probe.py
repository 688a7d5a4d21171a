"""Looking for mailboxes among nodes of the DHT: who answers, and what false answers do."""

import pytest

from tests.support.mailboxes import SimMailbox
from tests.support.universe import SeededRng
from tests.support.worlds import SimulatedWorld
from toxpy.crypto.sodium import NONCE_SIZE
from toxpy.dht.packets import seal_packet
from toxpy.errors import PacketError
from toxpy.ext.mailbox import probe
from toxpy.ext.mailbox.keeping import KEPT_S
from toxpy.ext.offline import find
from toxpy.wire.packets import ECHO_SIZE, MAILBOX_ANSWER, MAILBOX_PROBE, MAILBOX_PROBE_SIZE


class Scene:
    """Alice in a small network, in which one node is a mailbox."""

    def __init__(self):
        self.world = world = SimulatedWorld(seed=7)
        self.nodes = world.network()
        self.box = SimMailbox(world)
        self.alice = world.actor("alice")
        self.alice.bootstrap_to(self.nodes[0])
        self.box.node.dht.bootstrap(self.nodes[0].socket.address, self.nodes[0].self_get_dht_id())
        self.probes, self.answers, self.found = [], [], []
        self.change = lambda data: data
        carry = world.universe.carry

        def carried(source, address, data):
            if data[0] == MAILBOX_PROBE.kind:
                self.probes.append((world.now_ms(), address, data))
            if data[0] == MAILBOX_ANSWER.kind:
                self.answers.append(data)
                data = self.change(data)
            carry(source, address, data)

        world.universe.carry = carried
        self.finder = find.Finder(self.alice.tox, lambda *found: self.found.append(found))
        world.run_for(40)

    @property
    def values(self):
        return self.alice.tox.rt.counters.values


@pytest.fixture
def scene():
    made = Scene()
    yield made
    made.world.close()


def test_a_mailbox_is_found(scene):
    assert scene.probes == []
    scene.finder.look(True)
    scene.finder.look(True)
    scene.world.run_for(30)
    ((record, answer),) = scene.found
    assert record.real_pk == scene.box.host.real_pk
    assert record.mailbox() == scene.box.mailbox()
    assert answer.is_open and answer.flags == probe.FOR_ALL
    assert answer.free_kib == scene.box.store.stats.capacity_bytes // 1024
    assert answer.kept_s == KEPT_S
    # each of the nodes that we know was asked once, one a second, and there is no more in the answer
    nodes = {node.socket.address for node in scene.nodes} | {scene.box.socket.address}
    assert {address for _ms, address, _data in scene.probes} == nodes and len(scene.probes) == len(nodes)
    moments = [ms for ms, _address, _data in scene.probes]
    assert min(b - a for a, b in zip(moments, moments[1:], strict=False)) >= find.PROBE_MS - 20
    assert {len(data) for _ms, _address, data in scene.probes} == {len(scene.answers[0])} == {145}
    # and nobody again for an hour
    scene.world.run_for(1000)
    assert len(scene.probes) == len(nodes)
    scene.finder.look(False)
    scene.finder.look(False)
    scene.world.run_for(3600)
    assert len(scene.probes) == len(nodes)
    scene.finder.look(True)
    scene.world.run_for(30)
    assert len(scene.probes) == 2 * len(nodes) and len(scene.found) == 2


def test_the_kinds_are_free_again(scene):
    scene.finder.look(True)
    scene.finder.close()
    find.Finder(scene.alice.tox, print).close()
    scene.box.host.close()
    scene.world.run_for(5)
    assert scene.probes == []
    assert scene.box.node.dispatch.handlers[MAILBOX_PROBE.kind] is None


def test_false_answers_are_dropped(scene):
    alice, box, rng = scene.alice, scene.box, SeededRng(4)
    scene.change = lambda data: data[:-1] + bytes((data[-1] ^ 1,))
    scene.finder.look(True)
    scene.world.run_for(30)
    assert scene.found == [] and scene.values["drop.mailbox_answer_box"] == 1
    ((_ms, _address, asked),) = [each for each in scene.probes if each[1] == box.socket.address]
    key = box.node.dht.shared_keys.get(alice.tox.dht.public_key)
    good = scene.answers[0]
    scene.change = lambda data: data

    def answer(payload, sender=box):
        sender.socket.send(
            alice.socket.address,
            seal_packet(MAILBOX_ANSWER, box.node.dht.public_key, key, rng.bytes(NONCE_SIZE), payload),
        )
        scene.world.run_for(1)

    content = probe.ProbeAnswer(1, 2, 3, bytes(32))
    # another echo, another version, from elsewhere
    answer(probe.pack_answer(bytes(ECHO_SIZE), content))
    assert scene.values["drop.mailbox_answer_replay"] == 1
    payload = bytearray(probe.pack_answer(bytes(ECHO_SIZE), content))
    payload[ECHO_SIZE] = 2
    answer(bytes(payload))
    assert scene.values["drop.udp_malformed"] == 1
    stranger = scene.nodes[1]
    stranger.socket.send(alice.socket.address, good)
    for size in (1, 144, 146):
        stranger.socket.send(alice.socket.address, good[:size].ljust(size, b"\0"))
    scene.world.run_for(1)
    assert scene.values["drop.mailbox_answer_unasked"] == 1
    assert scene.values["drop.mailbox_answer_size"] == 3
    assert scene.found == [] and len(asked) == 145
    # the true one still counts, once
    box.socket.send(alice.socket.address, good)
    scene.world.run_for(1)
    assert len(scene.found) == 1
    box.socket.send(alice.socket.address, good)
    scene.world.run_for(1)
    assert len(scene.found) == 1 and scene.values["drop.mailbox_answer_unasked"] == 2


def test_probes_of_strangers_are_within_the_budget(scene):
    box, stranger, rng = scene.box, scene.world.universe.socket(), scene.world.universe.random
    sent = len(scene.answers)
    before = box.values()["x25519"]
    for _ in range(200):
        stranger.send(box.socket.address, bytes((MAILBOX_PROBE.kind,)) + rng.randbytes(144))
    stranger.send(box.socket.address, bytes((MAILBOX_PROBE.kind,)) + rng.randbytes(143))
    scene.world.run_for(1)
    assert box.values()["drop.mailbox_probe_box"] == 200 and box.values()["drop.mailbox_probe_size"] == 1
    assert box.values()["x25519"] - before >= 200
    # the budget of the DHT pays
    spent = box.node.dht.budget.spent
    stranger.send(box.socket.address, bytes((MAILBOX_PROBE.kind,)) + rng.randbytes(144))
    scene.world.run_for(1)
    assert box.node.dht.budget.spent == spent + 1
    assert len(scene.answers) == sent


def test_what_is_remembered_is_bounded(scene, monkeypatch):
    monkeypatch.setattr(find, "MAX_OPEN", 2)
    for node in scene.alice.tox.dht.saved_nodes():
        scene.finder._ask(node)
    assert len(scene.finder._open) == 2
    monkeypatch.setattr(find, "MAX_ASKED", 3)
    scene.finder._asked.clear()
    scene.probes.clear()
    scene.finder.look(True)
    scene.world.run_for(30)
    assert len(scene.probes) == 3


def test_the_answer_of_a_mailbox_that_wants_tokens():
    told = probe.ProbeAnswer(probe.WITH_TOKEN, 1 << 40, 86400, bytes(range(32)))
    payload = probe.pack_answer(bytes(8), told)
    assert len(payload) == MAILBOX_PROBE_SIZE == len(probe.pack_probe(bytes(8)))
    echo, answer = probe.unpack_answer(payload)
    assert (echo, answer.is_open, answer.free_kib) == (bytes(8), False, 0xFFFFFFFF)
    assert (answer.kept_s, answer.real_pk) == (86400, bytes(range(32)))
    with pytest.raises(PacketError, match="version"):
        probe.unpack_answer(payload[:8] + b"\x02" + payload[9:])
