"""How soon a friend is found who comes online while somebody waits, with many other friends who never come.

    python -m tests.bench.late_friend --friends 100 --wait 300 --pairs ours-ours real-real ours-real real-ours

A pair is the library of the one who waits and that of the friend. All pairs are in one DHT of Debian's
bootstrap nodes and wait at the same time. Prints the seconds from the friend's first bootstrap until both see
each other, and how many packets the waiting one sent and received per minute, those that it forwards for the
others among them. Needs root, like tests/netns.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.netns.lab import Lab
from tests.netns.network import Client, befriend, bootstrap_nodes, compile_client

CONNECT_S = 240


def unknown_key():
    """A public key of nobody, in hex."""
    return (os.urandom(31) + b"\x01").hex()


def packets(client):
    """Packets that the client's host has sent and received so far."""
    lines = Path(f"/proc/{client.process.pid}/net/dev").read_text().splitlines()[2:]
    counts = [line.split(":")[1].split() for line in lines if line.split(":")[0].strip() != "lo"]
    return sum(int(count[1]) + int(count[9]) for count in counts)


class Pair:
    """One who waits, and a friend who is not there yet."""

    def __init__(self, lab, program, number, libraries, friends):
        self.libraries = libraries
        waiting, late = libraries.split("-")
        self.alice = Client(program, lab.host(f"waiting{number}"), waiting, nodes=lab.nodes, ipv6=False)
        self.bob = Client(program, lab.host(f"late{number}"), late, ipv6=False)
        befriend(self.alice, self.bob)
        for _ in range(friends):
            self.alice.command("friend", unknown_key())

    def come(self, nodes):
        """The friend comes online; the seconds until both see each other."""
        begin = time.monotonic()
        for node in nodes:
            self.bob.command("bootstrap", node.words)
        for client in (self.alice, self.bob):
            client.wait("FRIEND", CONNECT_S, "udp", "tcp")
        return time.monotonic() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--friends", type=int, default=100, help="who never come")
    parser.add_argument("--wait", type=float, default=300, help="seconds before the friend comes")
    parser.add_argument("--count", type=int, default=3, help="of each pair")
    parser.add_argument("--pairs", nargs="+", default=["ours-ours", "real-real", "ours-real", "real-ours"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Lab() as lab:
        program = compile_client(Path(folder, "client"))
        bootstrap_nodes(lab, 8)
        names = options.pairs * options.count
        pairs = [Pair(lab, program, n, libraries, options.friends) for n, libraries in enumerate(names)]
        before = [packets(pair.alice) for pair in pairs]
        time.sleep(options.wait)
        rates = {}
        for pair, was in zip(pairs, before, strict=True):
            rates.setdefault(pair.libraries, []).append((packets(pair.alice) - was) * 60 / options.wait)
        found = {name: [] for name in options.pairs}
        for pair in pairs:
            try:
                found[pair.libraries].append(pair.come(lab.nodes))
            except AssertionError as error:
                print(f"{pair.libraries}: {str(error).splitlines()[0]}", file=sys.stderr)
        for name, seconds in found.items():
            shown = ", ".join(f"{second:.1f}" for second in sorted(seconds))
            print(f"{name:10} found after {shown} s; {statistics.median(rates[name]):.0f} packets a minute")


if __name__ == "__main__":
    main()
