"""Data packets: sealing, opening, and through a socket."""

from __future__ import annotations

import socket

import pytest

from bench.micro.conftest import BATCH
from toxpy.system.traffic import Traffic

KEY, NONCE, OTHER_NONCE = bytes(range(32)), bytes(24), b"\x01" * 24
DATA = b"\x40" + bytes(1372)
LOOPBACK = b"\x7f\x00\x00\x01"


class End:
    """A socket with a datapath."""

    def __init__(self, make):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind(("127.0.0.1", 0))
        self.address = (LOOPBACK, self.socket.getsockname()[1])
        self.path = make(self.socket, False, Traffic(), {}, {})

    def close(self):
        self.path.close()
        self.socket.close()


@pytest.fixture
def ends(datapath):
    pair = [End(datapath.Datapath) for _ in range(2)]
    yield pair
    for end in pair:
        end.close()


@pytest.fixture
def sessions(datapath):
    return datapath.Session(KEY, OTHER_NONCE, NONCE), datapath.Session(KEY, NONCE, OTHER_NONCE)


def test_seal_1373_bytes(benchmark, sessions):
    assert len(benchmark(sessions[0].seal, 0, 1, DATA)) == 1400


def test_open_1373_bytes(benchmark, sessions):
    packet = sessions[0].seal(0, 1, DATA)
    assert benchmark(sessions[1].open, packet) == (0, 1, DATA)


def test_64_packets_out_and_in_through_a_socket(benchmark, ends, sessions):
    sender, receiver = ends
    receiver.path.route(sender.address, sessions[1], object())

    def transfer():
        sender.path.hold()
        for number in range(BATCH):
            sender.path.send_data(receiver.address, sessions[0], 0, number, DATA)
        sender.path.release()
        got = 0
        while got < BATCH:
            runs, raw, _ = receiver.path.receive(512)
            assert not raw
            got += sum(len(records) for _, _, records in runs)
        return got

    assert benchmark(transfer) == BATCH


def test_64_small_datagrams_out_and_in_through_a_socket(benchmark, ends):
    sender, receiver = ends

    def transfer():
        for _ in range(BATCH):
            sender.path.send(receiver.address, bytes(82))
        got = 0
        while got < BATCH:
            got += len(receiver.path.receive(512)[1])
        return got

    assert benchmark(transfer) == BATCH
