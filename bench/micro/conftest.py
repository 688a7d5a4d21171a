"""What several micro-benchmarks use: both datapaths, nodes without a network, a C host."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from bench.programs import build
from tests.support import compiled_datapath
from tests.support.prefix import prefix
from tests.support.universe import SeededRng, SimClock
from toxpy.crypto.keys import KeyPair
from toxpy.dht.dht import DHT
from toxpy.runtime import Dispatch, Runtime
from toxpy.system import datapath_twin

#: steps that take less are measured in runs of so many
BATCH = 64
#: for steps that move the clock: 20 s of simulated time, in which no node goes stale
TIMED = {"rounds": 2000, "iterations": 10}


@pytest.fixture(params=["compiled", "python"])
def datapath(request, tmp_path_factory):
    """The module with `Session` and `Datapath`."""
    if request.param == "python":
        return datapath_twin
    return compiled_datapath.load(compiled_datapath.build(tmp_path_factory.mktemp("datapath")))


class Node:
    """A DHT node that sends into a list, under a clock that the benchmark moves."""

    def __init__(self, name):
        self.clock = SimClock()
        self.clock.now_ms = 1_000_000
        self.rt = Runtime(self.clock, SeededRng(name))
        self.sent = []
        self.udp = Dispatch()
        self.address = (bytes([20, 0, 0, len(name)]), 33445)
        self.keys = KeyPair.generate(self.rt.rng)
        self.dht = DHT(self.keys, rt=self.rt, send=lambda *packet: self.sent.append(packet), udp=self.udp)

    def handle(self, address, packet):
        """A datagram came."""
        self.udp.handlers[packet[0]](address, packet)

    def answers(self, address, packet):
        """How many packets are sent for one that comes a millisecond later, as answers are rationed."""
        self.clock.now_ms += 1
        self.sent.clear()
        self.handle(address, packet)
        return len(self.sent)

    def take(self):
        """What was sent."""
        sent, self.sent[:] = list(self.sent), []
        return sent


@pytest.fixture
def nodes():
    """Makes nodes by name."""
    made = []

    def make(name):
        made.append(Node(name))
        return made[-1]

    yield make
    for node in made:
        node.dht.close()


class Host:
    """A C program that calls the C API as often as it is told."""

    def __init__(self, tool):
        environment = dict(os.environ, LD_LIBRARY_PATH=str(prefix() / "lib"))
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
        self.process = subprocess.Popen([tool, "calls"], env=environment, **pipes)
        assert self.process.stdout.readline() == "ready\n"

    def call(self, name, count):
        self.process.stdin.write(f"{name} {count}\n")
        assert self.process.stdout.readline() == "done\n", name

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        assert self.process.wait() == 0


@pytest.fixture(scope="session")
def host():
    """One for all: an instance with 100 friends who are offline."""
    running = Host(build(prefix(), Path("build/bench/bin").resolve()) / "toxbench-node")
    yield running
    running.close()
