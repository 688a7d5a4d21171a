"""Thousands of packets lost at once, as by a receiver whose program did not read for a while."""

import pytest

from tests.unit.net_crypto.pair import established
from toxpy.net_crypto.window import SendWindow

PACKETS = 20_000


class FullBuffer:
    """Loses what a receiver's socket has no room for."""

    def __init__(self, universe, peer, capacity):
        self.lost = 0
        inbox = peer.socket.inbox = _Inbox(capacity, self)
        receive = peer.socket.receive

        def receive_all(limit=256):
            batch = receive(limit)
            peer.socket.inbox = _Inbox(capacity, self, peer.socket.inbox)
            return batch

        peer.socket.receive = receive_all
        assert inbox == []


class _Inbox(list):
    def __init__(self, capacity, owner, items=()):
        super().__init__(items)
        self.capacity, self.owner = capacity, owner

    def append(self, item):
        if len(self) >= self.capacity:
            self.owner.lost += 1
        else:
            super().append(item)


def send_everything(universe, client, server, pause_at=(), pause_ms=0):
    """Offer all packets as fast as the window takes them; the milliseconds until all have arrived."""
    number, start_ms = 0, universe.clock.now_ms
    pauses = list(pause_at)
    while len(server.owner.lossless) < PACKETS:
        while number < PACKETS and client.connection.write_lossless(b"\xa0" + number.to_bytes(4, "big")) >= 0:
            number += 1
        if pauses and len(server.owner.lossless) >= pauses[0]:
            pauses.pop(0)
            universe.remove(server)
            universe.run_for(pause_ms)
            universe.add(server, server.socket)
        universe.step()
        assert universe.clock.now_ms - start_ms < 120_000
    assert server.owner.lossless == [b"\xa0" + n.to_bytes(4, "big") for n in range(PACKETS)]
    return universe.clock.now_ms - start_ms


@pytest.mark.parametrize("pause_ms", [50, 200, 1000])
def test_a_receiver_that_pauses_and_loses_thousands(pause_ms):
    universe, client, server = established(latency_ms=1, jitter_ms=0)
    undisturbed_ms = send_everything(universe, client, server)
    server.owner.lossless.clear()
    buffer = FullBuffer(universe, server, 500)
    took_ms = send_everything(universe, client, server, range(2000, PACKETS, 6000), pause_ms)
    pauses = len(range(2000, PACKETS, 6000))
    assert buffer.lost > 1000
    assert took_ms < undisturbed_ms + pauses * (pause_ms + 1000)


def test_more_holes_than_a_request_can_list():
    """The known ones are filled at once although nothing is known of thousands behind them."""
    universe, client, server = established(latency_ms=1, jitter_ms=0)
    client.connection.sender.congestion.window = 8192.0
    for number in range(8000):
        client.connection.write_lossless(b"\xa0" + number.to_bytes(4, "big"))
    # nothing of it arrives
    universe.in_flight.clear()
    start_ms = universe.clock.now_ms
    assert universe.run_until(lambda: len(server.owner.lossless) == 8000, 20_000)
    assert universe.clock.now_ms - start_ms < 6000


def test_overdue_packets_are_counted_apart():
    window = SendWindow(0xFFFFFFF0)
    for number in range(40):
        window.add(b"%d" % number)
    for now_ms in range(30):
        window.take(now_ms)
    window.expire(10)
    assert (window.in_flight, window.overdue) == (20, 10)
    # a hole among them is sent again, and what lies between arrived
    assert window.request(bytes([3]), 100, 5) == (2, 1)
    assert (window.in_flight, window.overdue, len(window.pending)) == (20, 7, 1)
    assert window.take(100) == (0xFFFFFFF2, b"2")
    assert (window.in_flight, window.overdue) == (21, 7)
    # the start moves over in-flight, overdue and wrapped numbers alike
    assert window.acknowledge(5) == 19
    assert (window.in_flight, window.overdue) == (9, 0)
    assert window.repeat_oldest()
    window.expire(1000)
    assert (window.in_flight, window.overdue, len(window.pending)) == (0, 8, 1)
    assert window.acknowledge(0xFFFFFFF0 + 30 - (1 << 32)) == 9
    assert (window.in_flight, window.overdue, len(window.pending)) == (0, 0, 0)
