"""Net_crypto peers that share a slow link: a rate, a delay, a queue with a limit, random loss.

Everything of `pair` and the real `CryptoConnection`; only the link, the clock and the passes are simulated.
A packet's size is what it would be on an IPv4 network.
"""

import heapq
import math

from tests.support.universe import Universe
from tests.unit.net_crypto.pair import Peer, both_established

HEADERS = 28
DATA = bytes([160]) + bytes(1372)


class SlowLink(Universe):
    """What comes from the addresses in `site` passes a queue; the way back has the delay only."""

    def __init__(self, seed, rate, rtt_ms, *, loss=0.0, buffer_bdp=1.0):
        super().__init__(seed, latency_ms=rtt_ms // 2, jitter_ms=0, loss=loss)
        self.bytes_per_ms = rate / 8000
        self.limit_ms = rtt_ms * buffer_bdp
        self.site = {}
        self.free_ms = 0.0
        self.queue_ms, self.dropped = [], 0

    def carry(self, source, address, data):
        if source.address not in self.site:
            super().carry(source, address, data)
            return
        now_ms = self.clock.now_ms
        begin_ms = max(self.free_ms, now_ms)
        self.queue_ms.append(begin_ms - now_ms)
        size = len(data) + HEADERS
        if begin_ms - now_ms > self.limit_ms:
            self.dropped += 1
            return
        self.free_ms = begin_ms + size / self.bytes_per_ms
        if self.random.random() >= self.loss:
            self.site[source.address] += size
            self.sequence += 1
            arrival_ms = math.ceil(self.free_ms) + self.latency_ms
            packet = (arrival_ms, self.sequence, source.address, address, None, data)
            heapq.heappush(self.in_flight, packet)


class Sender:
    """A pair of peers; the one at the site sends as much as `free_slots` says, once a pass, after `begin`."""

    def __init__(self, link, name):
        self.link = link
        self.client, self.server = Peer(link, name), Peer(link, name + " server")
        self.client.connect(self.server)
        assert link.run_until(lambda: both_established(self.client, self.server), 20_000)
        link.site[self.client.address] = 0
        self.server.owner.lossless = Counter()
        self.iterate = self.client.iterate

    def begin(self, after_ms=0):
        self.client.rt.timers.call_at(self.link.clock.now_ms + after_ms, self._begin)

    def _begin(self):
        self.client.iterate = self._pass
        self._fill()

    def _pass(self):
        self.iterate()
        self._fill()

    def _fill(self):
        connection = self.client.connection
        for _ in range(connection.free_slots()):
            connection.write_lossless(DATA)

    @property
    def received(self):
        """Packets delivered in order."""
        return self.server.owner.lossless.count


class Counter:
    """A list of DATA that is only as long as it says; what else comes goes to `on_other`."""

    def __init__(self):
        self.count = 0
        self.on_other = None

    def append(self, data):
        if len(data) == len(DATA):
            self.count += 1
        else:
            self.on_other(data)
