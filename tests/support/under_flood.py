"""A bootstrap node in a network namespace of its own, a flood on it, and what legitimate clients notice.

    python -m tests.support.under_flood COUNT PER_S [debian]

floods ours, or Debian's tox-bootstrapd, with COUNT requests, valid and invalid, at PER_S a second (0: as many
as can be sent), and prints answers, memory and processor time. Needs root. A million, as once measured:

    python -m tests.support.under_flood 1000000 10000
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.bootstrapd import DEBIANS, OURS, ROOT, Bootstrapd, environment
from tests.support.flood import Watch
from tests.support.private_network import HOST, PrivateNetwork
from tests.support.processes import usage

SEED = 1
#: Long enough for the node to know its clients: a key that comes again after five seconds is no stranger's.
QUIET_S = 8
SAMPLE_EVERY_S = 2


class UnderFlood:
    """The node, the clients and the flood; `with` it the calling thread is in the namespace."""

    def __init__(self, directory, command=OURS):
        self.directory, self.command = directory, command
        self.network = PrivateNetwork()
        self.node = self.watch = self.process = None

    def __enter__(self):
        self.network.enter()
        try:
            # every address is this machine's, so that any can be the source of a datagram
            route = ["ip", "route", "add", "local", "0.0.0.0/0", "dev", "lo", "src", HOST]
            subprocess.run(route, check=True, capture_output=True)
            self.node = Bootstrapd(self.directory / "node", self.command, enable_tcp_relay="false")
            self.watch = Watch(self.node.port, self.node.public_key)
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *_error):
        self._close()

    def _close(self):
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
        for each in (self.watch, self.node):
            if each is not None:
                each.close()
        self.network.leave()

    def quiet(self, seconds=QUIET_S):
        """Answers without a flood."""
        end = time.monotonic() + seconds
        self.watch.run(lambda: time.monotonic() < end)
        self.watch.finish()
        return self.watch.take()

    def prepare(self, count, per_s):
        """Start the flooder, which makes its packets and waits; that takes seconds."""
        key = self.node.public_key.hex()
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.support.flood",
                *map(str, (self.node.port, key, count, per_s, SEED)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment(),
        )
        assert self.process.stdout.readline() == "ready\n"

    def flood(self):
        """Until its end: answers of the known and of strangers, and what the node used now and then."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        begin, samples = time.monotonic(), []

        def goes_on():
            if time.monotonic() - begin >= SAMPLE_EVERY_S * len(samples):
                samples.append(usage(self.node.process.pid))
            return self.process.poll() is None

        self.watch.run(goes_on)
        samples.append(usage(self.node.process.pid))
        self.watch.finish()
        return *self.watch.take(), samples

    def told(self):
        """What the flooder said: seconds, datagrams sent."""
        seconds, sent = self.process.stdout.read().split()
        return float(seconds), int(sent)

    def kernel_drops(self):
        """Datagrams that found the node's queue full."""
        lines = [line.split() for name in ("udp", "udp6") for line in _net(name)]
        port = f":{self.node.port:04X}"
        return sum(int(line[-1]) for line in lines if line[1].endswith(port) and line[2].endswith(":0000"))


def _net(name):
    return Path("/proc/thread-self/net", name).read_text("ascii").splitlines()[1:]


def main(count, per_s, whose="ours"):
    with tempfile.TemporaryDirectory() as directory:
        under = UnderFlood(Path(directory), DEBIANS if whose == "debian" else OURS)
        with under:
            under.prepare(int(count), int(per_s))
            _show("before", *under.quiet())
            known, strangers, samples = under.flood()
            _show("during", known, strangers)
            seconds, sent = under.told()
            cpu_s = samples[-1].cpu_s - samples[0].cpu_s
            print(f"{sent} sent in {seconds:.1f} s, {under.kernel_drops()} found the node's queue full")
            print(f"the node used {cpu_s:.1f} s of processor; megabytes resident every {SAMPLE_EVERY_S} s:")
            print(" ".join(f"{sample.resident_mb:.1f}" for sample in samples))
            _show("after", *under.quiet())
            print(f"load of the machine {os.getloadavg()[0]:.1f}; the node is alive: {_is_alive(under.node)}")


def _show(when, known, strangers):
    print(f"{when}: known clients {known}\n{when}: strangers {strangers}", flush=True)


def _is_alive(node):
    return node.process.poll() is None


if __name__ == "__main__":
    main(*sys.argv[1:])
