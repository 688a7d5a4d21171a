"""The lossless stream: numbers, acknowledgements, order."""

from __future__ import annotations

from bench.micro.conftest import BATCH
from toxpy.net_crypto.window import ReceiveWindow, SendWindow

DATA = b"\x40" + bytes(1372)


def test_send_and_acknowledge_64_packets(benchmark):
    window = SendWindow()

    def pass_on():
        for _ in range(BATCH):
            window.add_sent(DATA, 1000)
        return window.acknowledge(window.end)

    assert benchmark(pass_on) == BATCH
    assert window.in_flight == 0


def test_queue_take_and_acknowledge_64_packets(benchmark):
    window = SendWindow()

    def pass_on():
        for _ in range(BATCH):
            window.add(DATA)
        for _ in range(BATCH):
            window.take(1000)
        return window.acknowledge(window.end)

    assert benchmark(pass_on) == BATCH


def test_receive_64_packets_in_order(benchmark):
    window = ReceiveWindow()

    def receive():
        return sum(len(window.accept(window.start, DATA)) for _ in range(BATCH))

    assert benchmark(receive) == BATCH


def test_receive_64_packets_of_which_the_first_comes_last(benchmark):
    window = ReceiveWindow()

    def receive():
        first = window.start
        for number in range(first + 1, first + BATCH):
            window.accept(number, DATA)
        return len(window.accept(first, DATA))

    assert benchmark(receive) == BATCH


def test_gap_list_of_1000_packets_with_every_tenth_missing(benchmark):
    window = ReceiveWindow()
    for number in range(1, 1000):
        if number % 10:
            window.accept(number, DATA)
    assert len(benchmark(window.gaps, 1300)) == 100
