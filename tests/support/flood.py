"""A flood of requests on a UDP port from very many source addresses, and clients that measure the answers.

For a network namespace where every address is local (`under_flood`): the source of each datagram is then
chosen with IP_PKTINFO, as a spoofer would. As a program it floods:

    python -m tests.support.flood PORT KEY COUNT PER_S SEED

COUNT datagrams to HOST:PORT at PER_S (0 is as fast as possible), each from an address drawn from all of IPv4.
It says `ready` and waits for a line; at the end it says how many seconds it took and how many were sent.
"""

import math
import os
import random
import select
import socket
import struct
import sys
import time

from tests.support.private_network import HOST
from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.crypto.sodium import encrypt, shared_key
from toxpy.dht.packets import open_packet, seal_packet, seal_request
from toxpy.onion.path import OnionPath
from toxpy.runtime import Runtime
from toxpy.wire.address import Node
from toxpy.wire.packets import (
    ANNOUNCE_QUESTION,
    ANNOUNCE_REQUEST_OLD,
    COOKIE_REQUEST,
    ECHO_SIZE,
    FORWARD_REQUEST,
    NODES_REQUEST,
    NODES_RESPONSE,
    ONION_PING_ID_SIZE,
    PING_REQUEST,
    PING_RESPONSE,
    RETURN_3_SIZE,
    SEARCH_REQUEST,
)

#: Distinct packets with distinct keys, far more than a node remembers.
POOL_SIZE = 24_000
#: Everything comes from this port and is answered to it.
FLOOD_PORT = 40000
LOST_AFTER_S = 1.0
#: The socket module does not name it before Python 3.12.
IP_PKTINFO = 8


class Packets:
    """Makes packets for one node, every one with a fresh key."""

    def __init__(self, node_pk, seed):
        self.node_pk = node_pk
        self.random = random.Random(seed)
        self.makers = [
            self.ping, self.ping, self.ping, self.nodes, self.nodes, self.nodes, self.damaged, self.announce,
            self.onion, self.search, self.request, self.forward, self.cookie, self.garbage, self.cut,
        ]  # fmt: skip

    def make(self, i):
        return self.makers[i % len(self.makers)]()

    def sender(self):
        keys = KeyPair(self.random.randbytes(32))
        return keys.public, shared_key(self.node_pk, keys.secret)

    def dht(self, layout, payload):
        public, key = self.sender()
        return seal_packet(layout, public, key, self.random.randbytes(24), payload)

    def ping(self):
        return self.dht(PING_REQUEST, PING_REQUEST.prefix + self.random.randbytes(8))

    def nodes(self):
        return self.dht(NODES_REQUEST, self.random.randbytes(40))

    def damaged(self):
        packet = bytearray(self.ping())
        packet[-1] ^= 1
        return bytes(packet)

    def announce(self):
        public, key = self.sender()
        nonce = self.random.randbytes(24)
        rest = ANNOUNCE_QUESTION.size - ONION_PING_ID_SIZE
        box = encrypt(key, nonce, bytes(ONION_PING_ID_SIZE) + self.random.randbytes(rest))
        return ANNOUNCE_REQUEST_OLD.make(nonce, public) + box + self.random.randbytes(RETURN_3_SIZE)

    def onion(self):
        nodes = [Node(self.random.randbytes(32), (self.address(), 33445)) for _ in range(3)]
        public, key = self.sender()
        others = self.random.randbytes(32), self.random.randbytes(32)
        path = OnionPath(0, nodes, (public, *others), (key, *others), 0)
        question = ANNOUNCE_REQUEST_OLD.prefix + bytes(100)
        return path.wrap(self.random.randbytes(24), nodes[0].address, question)

    def search(self):
        return self.dht(SEARCH_REQUEST, self.random.randbytes(40))

    def request(self):
        public, key = self.sender()
        nonce = self.random.randbytes(24)
        return seal_request(self.node_pk, public, key, nonce, 254, self.random.randbytes(9))

    def forward(self):
        return FORWARD_REQUEST.prefix + self.random.randbytes(132)

    def cookie(self):
        public, key = self.sender()
        nonce = self.random.randbytes(24)
        return COOKIE_REQUEST.make(public, nonce) + encrypt(key, nonce, self.random.randbytes(64 + ECHO_SIZE))

    def garbage(self):
        return self.random.randbytes(self.random.randint(0, 1400))

    def cut(self):
        return self.ping()[: self.random.randint(1, 80)]

    def address(self):
        return bytes((198, 18)) + self.random.randbytes(2)


def flood(port, node_pk, count, per_s, seed):
    """Send; returns the seconds it took and how many the kernel took."""
    packets = Packets(node_pk, seed)
    pool = [packets.make(i) for i in range(min(POOL_SIZE, count))]
    print("ready", flush=True)
    sys.stdin.readline()
    # a flood comes from other machines: it must not take the node's processor time here
    os.nice(10)
    drawn = random.Random(seed)
    sent = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        # answers pile up unread, and are dropped
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.bind(("0.0.0.0", FLOOD_PORT))
        target = HOST, port
        begin = time.monotonic()
        for i in range(count):
            source = bytes((drawn.randrange(1, 224),)) + drawn.randbytes(3)
            info = [(socket.IPPROTO_IP, IP_PKTINFO, struct.pack("=i4s4s", 0, source, bytes(4)))]
            try:
                sock.sendmsg([pool[i % len(pool)]], info, 0, target)
                sent += 1
            except OSError:
                # no room; a flooder does not care
                pass
            if per_s and i % 32 == 0:
                ahead_s = begin + i / per_s - time.monotonic()
                if ahead_s > 0:
                    time.sleep(ahead_s)
        return time.monotonic() - begin, sent


class Client:
    """Somebody with a key who asks the node something now and then, and waits for the answer."""

    def __init__(self, host, port, node_pk):
        self.rt = Runtime()
        self.node_pk = node_pk
        self.keys = KeyPair.generate(self.rt.rng)
        self.key = SharedKeys(self.keys, rt=self.rt).get(node_pk)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setblocking(False)
        self.sock.bind((host, 0))
        self.sock.connect((HOST, port))
        #: when each unanswered question was sent, by its ping id
        self.asked = {}
        #: the milliseconds of every answer
        self.answers_ms = []
        self.lost = 0

    def ask(self, layout=PING_REQUEST):
        ping_id = self.rt.rng.bytes(8)
        payload = layout.prefix + ping_id if layout is PING_REQUEST else self.keys.public + ping_id
        self.asked[ping_id] = time.monotonic()
        self.sock.send(seal_packet(layout, self.keys.public, self.key, self.rt.rng.bytes(24), payload))

    def read(self):
        """Take what is there: answers to us, and the node's own questions, which are answered."""
        while True:
            try:
                packet = self.sock.recv(2048)
            except (BlockingIOError, ConnectionRefusedError):
                break
            now = time.monotonic()
            payload = open_packet(self.key, packet)
            if packet[0] in (PING_RESPONSE.kind, NODES_RESPONSE.kind):
                sent = self.asked.pop(payload[-8:], None)
                if sent is not None:
                    self.answers_ms.append((now - sent) * 1000)
            elif packet[0] == PING_REQUEST.kind:
                answer = PING_RESPONSE.prefix + payload[1:]
                nonce = self.rt.rng.bytes(24)
                self.sock.send(seal_packet(PING_RESPONSE, self.keys.public, self.key, nonce, answer))
            elif packet[0] == NODES_REQUEST.kind:
                nonce = self.rt.rng.bytes(24)
                answer = bytes(1) + payload[-8:]
                self.sock.send(seal_packet(NODES_RESPONSE, self.keys.public, self.key, nonce, answer))
        self.expire()

    def expire(self, older_than_s=LOST_AFTER_S):
        """Answers do not come any more."""
        limit = time.monotonic() - older_than_s
        for ping_id in [ping_id for ping_id, sent in self.asked.items() if sent < limit]:
            del self.asked[ping_id]
            self.lost += 1

    def close(self):
        self.sock.close()


class Answers:
    """How long they took, and how many never came."""

    def __init__(self, times_ms, lost):
        self.times_ms = sorted(times_ms)
        self.lost = lost

    def __len__(self):
        return len(self.times_ms)

    def __str__(self):
        p50, p99, worst = (self.percentile_ms(share) for share in (50, 99, 100))
        return f"{len(self)} answered, {self.lost} not; ms: p50 {p50:.1f}, p99 {p99:.1f}, worst {worst:.1f}"

    def percentile_ms(self, percent):
        """Not a number when nothing was answered."""
        if not self.times_ms:
            return math.nan
        return self.times_ms[min(len(self) - 1, len(self) * percent // 100)]


class Watch:
    """Clients that the node knows, who ask again and again, and strangers, who ask once each."""

    def __init__(self, port, node_pk, known=50, seed=1):
        self.port, self.node_pk = port, node_pk
        self.random = random.Random(seed)
        self.known = [Client(f"203.0.{113 + i}.5", port, node_pk) for i in range(known)]
        self.strangers = []
        self.stranger_answers_ms, self.strangers_lost = [], 0

    def run(self, condition, every_s=0.02):
        """Until the condition is false: all known clients in turn, a stranger every second time."""
        turn = 0
        while condition():
            client = self.known[turn % len(self.known)]
            client.ask(NODES_REQUEST if turn % 8 >= 4 else PING_REQUEST)
            if turn % 2 == 0:
                # each from a /24 of its own
                host = f"{self.random.randint(30, 90)}.{self.random.randint(0, 255)}.{turn % 256}.7"
                self.strangers.append(Client(host, self.port, self.node_pk))
                self.strangers[-1].ask(NODES_REQUEST)
            turn += 1
            self._read_for(every_s)

    def finish(self):
        """Wait for the last answers."""
        self._read_for(LOST_AFTER_S + 0.1)

    def _read_for(self, seconds):
        end = time.monotonic() + seconds
        while (left_s := end - time.monotonic()) > 0:
            everybody = self.known + self.strangers
            select.select([client.sock for client in everybody], [], [], left_s)
            for client in everybody:
                client.read()
            for client in [client for client in self.strangers if not client.asked]:
                self.strangers.remove(client)
                self.stranger_answers_ms += client.answers_ms
                self.strangers_lost += client.lost
                client.close()

    def take(self):
        """The answers of known clients and of strangers, and start anew."""
        known = Answers(
            [ms for client in self.known for ms in client.answers_ms], sum(c.lost for c in self.known)
        )
        strangers = Answers(self.stranger_answers_ms, self.strangers_lost)
        for client in self.known:
            client.answers_ms, client.lost = [], 0
        self.stranger_answers_ms, self.strangers_lost = [], 0
        return known, strangers

    def close(self):
        for client in self.known + self.strangers:
            client.close()


def main(port, node_pk, count, per_s, seed):
    seconds, sent = flood(int(port), bytes.fromhex(node_pk), int(count), int(per_s), int(seed))
    print(f"{seconds:.3f} {sent}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
