"""Which pairs of NATs are crossed directly: every kind against every kind, each pair in a lab of its own.

    python -m tests.netns.nat_matrix --library real|ours|mixed [--limit 120] [--jobs 4]

`mixed` has the real library as alice and ours as bob. The table says UDP, TCP (through a relay) or
none, and the seconds until both sides reported it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.netns import nat
from tests.netns.lab import Lab
from tests.netns.network import Client, befriend, bootstrap_nodes, compile_client

LIBRARIES = {"real": ("real", "real"), "ours": ("ours", "ours"), "mixed": ("real", "ours")}


class Outcome:
    """The connection both sides have at the end, and the seconds to the first and to that one."""

    def __init__(self, alice, bob):
        both = {alice.last("FRIEND") or "none", bob.last("FRIEND") or "none"}
        self.connection = both.pop() if len(both) == 1 else "none"
        self.first_s = self._seconds(alice, bob, "tcp", "udp")
        self.seconds = self._seconds(alice, bob, self.connection)

    @staticmethod
    def _seconds(alice, bob, *connections):
        moments = [client.when("FRIEND", *connections) for client in (alice, bob)]
        return None if None in moments else max(moments) / 1000

    def __str__(self):
        if self.connection == "none":
            return "none"
        return f"{self.connection.upper()} {self.seconds:.0f}s"


def run_pair(program, kinds, libraries, limit_s):
    """Two friends behind those NATs: UDP on both sides, or the limit is over; then they talk."""
    with Lab() as lab:
        nodes = bootstrap_nodes(lab)
        alice, bob = (
            Client(program, lab.nat_host(name, kind), library, nodes=nodes, relays=nodes[:2], ipv6=False)
            for name, kind, library in zip(("alice", "bob"), kinds, libraries, strict=True)
        )
        befriend(alice, bob)
        end = time.monotonic() + limit_s
        while time.monotonic() < end and not alice.last("FRIEND") == bob.last("FRIEND") == "udp":
            time.sleep(0.2)
        outcome = Outcome(alice, bob)
        if outcome.connection != "none":
            for one, other in ((alice, bob), (bob, alice)):
                one.command("send", 10)
                assert other.wait_messages(10, 60) == list(range(1, 11))
        assert not alice.errors() and not bob.errors()
        return outcome


def run_matrix(library, limit_s, jobs, program):
    """Outcomes by (alice's kind, bob's kind); all pairs, also the mirrored ones."""
    pairs = [(one, other) for one in nat.KINDS for other in nat.KINDS]
    with ThreadPoolExecutor(jobs) as pool:
        outcomes = pool.map(lambda pair: run_pair(program, pair, LIBRARIES[library], limit_s), pairs)
        return dict(zip(pairs, outcomes, strict=True))


def table(outcomes):
    lines = ["| alice \\ bob | " + " | ".join(nat.KINDS) + " |", "|---" * (len(nat.KINDS) + 1) + "|"]
    for one in nat.KINDS:
        cells = [str(outcomes[one, other]) for other in nat.KINDS]
        lines.append(f"| {one} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", choices=LIBRARIES, default="ours")
    parser.add_argument("--limit", type=int, default=120, metavar="S", help="how long to wait for UDP")
    parser.add_argument("--jobs", type=int, default=4, help="pairs at the same time")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        program = compile_client(Path(folder) / "client")
        outcomes = run_matrix(arguments.library, arguments.limit, arguments.jobs, program)
    print(f"{arguments.library}, {arguments.limit} s for each pair")
    print(table(outcomes))
    first = [outcome.first_s for outcome in outcomes.values() if outcome.first_s is not None]
    if first:
        print(f"first connection after {min(first):.0f} to {max(first):.0f} s")


if __name__ == "__main__":
    main()
