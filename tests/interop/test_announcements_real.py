"""Announcements and forwarding with Debian's library as the other node, on loopback."""

import time

import pytest

from tests.support.announcing import Client, chat_id
from tests.support.real_tox import RealTox
from toxpy.crypto.keys import KeyPair
from toxpy.crypto.sodium import sha256
from toxpy.dht.announcements import Announcements
from toxpy.dht.dht import DHT
from toxpy.dht.forwarding import Forwarding, pack_chain, unpack_with_sendback
from toxpy.onion.announce import AnnounceServer
from toxpy.runtime import Dispatch, Runtime
from toxpy.system.sockets import UdpSocket

LOOPBACK = b"\x7f\x00\x00\x01"


class Ours:
    """A node of ours on a real socket; what comes for nobody is kept in `inbox`."""

    def __init__(self):
        self.rt = Runtime()
        self.socket = UdpSocket.bind(False, 33500, 33999)
        self.address = (LOOPBACK, self.socket.port)
        self.udp = Dispatch()
        self.inbox = []
        send = self.socket.send
        self.dht = DHT(KeyPair.generate(self.rt.rng), rt=self.rt, send=send, udp=self.udp)
        self.key = self.dht.public_key
        self.forwarding = Forwarding(self.dht, rt=self.rt, send=send, udp=self.udp)
        self.announcements = Announcements(self.dht, self.forwarding, rt=self.rt, send=send, udp=self.udp)
        self.groups = AnnounceServer(self.dht, rt=self.rt, send=send, udp=self.udp)

    def iterate(self):
        self.rt.clock.update()
        for data, address in self.socket.receive():
            handler = self.udp.handlers[data[0]]
            if handler is None:
                self.inbox.append(data)
            else:
                handler(address, data)
        self.rt.timers.run_due()


class Asker:
    """A bare socket that asks one node."""

    def __init__(self, stage, target):
        self.stage = stage
        self.target = target
        self.socket = UdpSocket.bind(False, 33500, 33999)
        rng = stage.ours.rt.rng
        self.client = Client(KeyPair.generate(rng), target[1], lambda: rng.bytes(24))
        self.data_keys = KeyPair.generate(rng)

    def ask(self, packet, timeout_s=0.4):
        """The first answer, None without one."""
        self.socket.send(self.target[0], packet)
        answers = []

        def answered():
            answers.extend(data for data, _ in self.socket.receive())
            return answers

        self.stage.until(answered, timeout_s)
        return answers[0] if answers else None


class Stage:
    """Our node and the real one, who know each other."""

    def __init__(self):
        self.real = RealTox(ipv6=False)
        self.ours = Ours()
        self.nodes = [self.real, self.ours]
        self.askers = []
        self.real_at = ((LOOPBACK, self.real.self_get_udp_port()), self.real.self_get_dht_id())
        self.ours_at = (self.ours.address, self.ours.key)
        self.ours.dht.bootstrap(*self.real_at)
        assert self.until(lambda: self.ours.dht.nodes.close_count(announce_only=True), 20)
        # the real one has us in its list when its own search request has been here
        self.real.bootstrap("127.0.0.1", self.ours.address[1], self.ours.key)
        self.until(lambda: False, 1.5)

    def until(self, condition, timeout_s):
        end = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > end:
                return False
            for node in self.nodes:
                node.iterate()
            time.sleep(0.003)
        return True

    def asker(self, target):
        self.askers.append(Asker(self, target))
        return self.askers[-1]

    def close(self):
        self.real.kill()
        self.ours.dht.close()
        for each in (self.ours, *self.askers):
            each.socket.close()


@pytest.fixture(scope="module")
def stage():
    stage = Stage()
    yield stage
    stage.close()


def session(asker, through=lambda packet: packet):
    """Everything a client can do, as the answers show it."""
    client, keys = asker.client, asker.data_keys

    def ask(packet):
        answer = asker.ask(through(packet))
        if answer is None or through(packet) is packet:
            return answer
        sendback, data = unpack_with_sendback(answer)
        assert answer[0] == 0x91 and sendback == b""
        return data

    def store(seconds, kind, data):
        answer = ask(client.store(keys, found.tag, seconds, kind, data))
        return answer and client.stored(answer)[0]

    found = client.found(ask(client.search(keys.public)))
    seen = [found.digest, found.accepts]
    seen.append(client.found(ask(client.search(keys.public, sha256(found.payload)))).unchanged)
    seen += [store(7, 0, b"my data"), store(10**6, 0, b"my data")]
    seen.append(client.found(ask(client.search(keys.public))).digest)
    seen.append(client.retrieved(ask(client.retrieve(keys.public, found.tag))))
    seen += [store(9, 1, sha256(b"my data")), store(9, 0, bytes(512)), store(9, 0, bytes(513))]
    seen += [store(9, 1, bytes(32)), ask(client.retrieve(keys.public, found.tag)), store(9, 2, b"")]
    return seen


EXPECTED = [None, 1, True, 7, 10, sha256(b"my data"), b"my data", 9, 9, None, None, None, None]


def test_both_servers_answer_the_same(stage):
    assert session(stage.asker(stage.real_at)) == EXPECTED
    assert session(stage.asker(stage.ours_at)) == EXPECTED


def test_each_serves_through_the_other(stage):
    real, ours = stage.real_at, stage.ours_at
    assert session(stage.asker((real[0], ours[1])), lambda p: pack_chain([ours[1]], p)) == EXPECTED
    assert session(stage.asker((ours[0], real[1])), lambda p: pack_chain([real[1]], p)) == EXPECTED


def test_a_chain_over_both(stage):
    real, ours = stage.real_at, stage.ours_at
    asker = stage.asker((ours[0], ours[1]))
    chain = [real[1], ours[1], real[1], ours[1]]
    answer = asker.ask(pack_chain(chain, asker.client.search(asker.data_keys.public)))
    assert answer[:2] == b"\x91\x00"
    assert asker.client.found(answer[2:]).accepts == 1


@pytest.mark.parametrize("side", ["real_at", "ours_at"])
def test_the_new_kind_of_announce_request(stage, side):
    """Without a group's member in it: 0.2.18 knows the packet, but nothing about groups yet."""
    asker = stage.asker(getattr(stage, side))
    answer = asker.ask(asker.client.group_request(chat_id(1), extra=b""))
    stored, nodes, members = asker.client.group_response(answer)
    assert (stored, members) == (0, [])
    other = stage.ours_at if side == "real_at" else stage.real_at
    assert [(node.public_key, node.address) for node in nodes] == [(other[1], other[0])]
