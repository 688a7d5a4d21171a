"""Whoever writes faster than the line carries is refused early; what is written then arrives soon."""

import pytest

from tests.unit.net_crypto.slow_link import DATA, Sender, SlowLink

M = 1_000_000
SECONDS = 10
MESSAGE = b"\x40" + bytes(1371)


class Writer(Sender):
    """Writes until it is refused, in every pass, for SECONDS; remembers how many were taken."""

    def __init__(self, link, may, data):
        super().__init__(link, "writer")
        self.may, self.data = may, data
        self.taken, self.at_once, self.waiting = 0, 0, 0
        self.server.owner.lossless = []

    def _fill(self):
        connection = self.client.connection
        while getattr(connection.sender, self.may)():
            assert connection.write_lossless(self.data) >= 0
            self.taken += 1
            # one that is not refused must not hang the test
            assert self.taken < 200_000
        self.at_once = self.at_once or self.taken
        self.waiting = max(self.waiting, sum(len(p.data) for p in connection.sender.window.packets.values()))

    def end(self):
        self.client.iterate = self.iterate
        connection, begin_ms = self.client.connection, self.link.clock.now_ms
        connection.write_lossless(b"\x40at last")
        assert self.link.run_until(lambda: self.server.owner.lossless[-1] == b"\x40at last", 60_000)
        return self.link.clock.now_ms - begin_ms


def written(may, data, rate=2 * M, rtt_ms=2, buffer_bdp=50.0):
    link = SlowLink(1, rate, rtt_ms, buffer_bdp=buffer_bdp)
    writer = Writer(link, may, data)
    writer.begin()
    link.run_for(SECONDS * 1000)
    return writer, writer.end()


@pytest.mark.parametrize("rtt_ms", [2, 100])
def test_custom_packets_follow_the_line(rtt_ms):
    """As many as it carries are taken, and a message behind them does not wait."""
    writer, latency_ms = written("takes_bulk", DATA, rtt_ms=rtt_ms, buffer_bdp=100 / rtt_ms)
    carried = 2 * M / 8 * SECONDS / 1428
    assert writer.at_once <= 70
    assert 0.8 * carried < writer.taken < carried + 200
    assert writer.waiting < 200_000
    assert latency_ms < 300


def test_messages_follow_the_line():
    """More of them may wait, in case a client that comes online sends what was written meanwhile."""
    writer, latency_ms = written("takes_message", MESSAGE)
    carried = 2 * M / 8 * SECONDS / 1428
    assert 64 <= writer.at_once < 200
    assert 0.8 * carried < writer.taken < carried + 250
    assert writer.waiting < 400_000
    assert latency_ms < 1000


def test_a_thousand_short_messages_are_taken_at_once():
    link = SlowLink(1, 2 * M, 50)
    writer = Writer(link, "takes_message", b"\x40" + bytes(60))
    writer._fill()
    assert writer.at_once >= 1000


def test_a_few_custom_packets_are_taken_whenever_nothing_is_under_way():
    link = SlowLink(1, 2 * M, 50)
    writer = Writer(link, "takes_bulk", DATA)
    for _ in range(3):
        before = writer.taken
        writer._fill()
        assert writer.taken - before >= 64
        link.run_for(3000)
        assert writer.client.connection.waiting() == 0


@pytest.mark.parametrize(("may", "data"), [("takes_bulk", DATA), ("takes_message", MESSAGE)])
def test_a_fast_line_is_filled(may, data):
    """What is taken grows with what is acknowledged."""
    writer, latency_ms = written(may, data, rate=100 * M, rtt_ms=20, buffer_bdp=1.0)
    assert writer.taken > 0.85 * 100 * M / 8 * SECONDS / 1428
    assert latency_ms < 500


def test_queued_bytes_are_counted_until_they_leave():
    link = SlowLink(1, 1 * M, 100)
    writer = Writer(link, "takes_message", MESSAGE)
    writer._fill()
    window = writer.client.connection.sender.window
    assert window.queued_size > 100_000
    assert link.run_until(lambda: writer.client.connection.waiting() == 0, 30_000)
    assert window.queued_size == 0
