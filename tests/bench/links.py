"""Files over emulated links: goodput, the queue, fairness, and messages meanwhile.

    python -m tests.bench.links --link 10M-50ms-1bdp --flows ours-ours ours-ours+tcp:cubic --out links.json

A flow is the library of the sender and that of the receiver, or `tcp:` and the name of one of the kernel's
congestion controls; behind a `+` is another one that begins at the same time and shares the link. The first
flow's friends exchange messages during their file as well. Needs root (network namespaces), like
tests/netns; `tests.bench.plot_links` draws what this wrote.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import socket
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.netns.bottleneck import Bottleneck
from tests.netns.lab import Lab
from tests.netns.network import Client, befriend, bootstrap_nodes, compile_client

#: bits a second, round trip, loss
PATHS = {
    "10M-50ms": (10_000_000, 50, 0.01),
    "100M-20ms": (100_000_000, 20, 0.0),
    "1M-200ms": (1_000_000, 200, 0.0),
}
LINKS = {f"{name}-{bdp}bdp": (*path, bdp) for name, path in PATHS.items() for bdp in (1, 10)}
CONNECT_S = 60
PROBE_MS = 150
#: Left out of what is called steady: the start, in round trips and seconds.
START_RTTS, START_S = 20, 2
TCP_PORT = 5001


def now_ms():
    return int(time.monotonic() * 1000)


def percentile(values, share):
    """The smallest value that so many are not above; None of nothing."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else None


def jain(rates):
    """Jain's index: 1 when all are equal, 1/n when one has everything."""
    total = sum(rates)
    return total * total / (len(rates) * sum(rate * rate for rate in rates)) if total else 0.0


class ToxFlow:
    """Two friends; the one at the site sends a file."""

    def __init__(self, bench, number, libraries):
        self.source = bench.senders[number]
        hosts = (self.source, bench.receivers[number])
        self.alice, self.bob = (
            Client(bench.program, host, library, nodes=bench.lab.nodes, ipv6=False)
            for host, library in zip(hosts, libraries.split("-"), strict=True)
        )
        befriend(self.alice, self.bob)

    def connect(self):
        for client in (self.alice, self.bob):
            client.wait("FRIEND", CONNECT_S, "udp")

    def probe(self):
        """Exchange messages from now on."""
        self.alice.command("probe", PROBE_MS)

    def start(self):
        self.alice.command("file", 1 << 40)

    def received(self):
        """Bytes of the file that have come."""
        mark = self.mark()
        self.bob.command("received")
        return int(self.bob.wait("RECEIVED", CONNECT_S, after=mark))

    def mark(self):
        """A moment for `latencies_ms`."""
        return self.bob.mark()

    def latencies_ms(self, mark):
        return [int(text) / 1000 for _, name, text in self.bob.events[mark:] if name == "LATENCY"]

    def stop(self):
        for client in (self.alice, self.bob):
            client.process.kill()
            client.process.wait()


class TcpFlow:
    """One TCP connection from the site, sending as much as it can."""

    def __init__(self, bench, number, algorithm):
        self.source, self.target = bench.senders[number], bench.receivers[number]
        self.algorithm = algorithm.encode()
        self.ends = []
        self.count = 0

    def probe(self):
        """No messages here."""

    def mark(self):
        return 0

    def latencies_ms(self, mark):
        return []

    def received(self):
        return self.count

    def connect(self):
        with self.target.socket(socket.SOCK_STREAM, TCP_PORT) as listener:
            listener.listen()
            sender = self.source.socket(socket.SOCK_STREAM)
            sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, self.algorithm)
            sender.connect((self.target.address, TCP_PORT))
            receiver = listener.accept()[0]
        receiver.settimeout(None)
        self.ends = [sender, receiver]

    def start(self):
        threading.Thread(target=self._send, daemon=True).start()
        threading.Thread(target=self._receive, daemon=True).start()

    def _send(self):
        data = bytes(1 << 16)
        with contextlib.suppress(OSError):  # closed at the end
            while True:
                self.ends[0].sendall(data)

    def _receive(self):
        with contextlib.suppress(OSError):
            while data := self.ends[1].recv(1 << 18):
                self.count += len(data)

    def stop(self):
        for end in self.ends:
            # a reset: what is queued does not disturb the next measurement
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class Bench:
    """One link with hosts at both ends, for one measurement after the other."""

    def __init__(self, lab, link, program, flows=2, nodes=4):
        rate, rtt_ms, loss, bdp = LINKS[link] if isinstance(link, str) else link
        self.lab, self.program = lab, program
        self.rate, self.rtt_ms, self.loss, self.bdp = rate, rtt_ms, loss, bdp
        bootstrap_nodes(lab, nodes)
        self.link = Bottleneck(rate, rtt_ms, loss=loss, buffer_bdp=bdp)
        lab.host("site", bad_link=self.link)
        self.senders = [self.link.host(f"sender{number}") for number in range(flows)]
        self.receivers = [lab.host(f"receiver{number}") for number in range(flows)]

    def run(self, words, seconds, head_start_s=0):
        """Measure these flows, the first with its messages."""
        flows = [
            TcpFlow(self, number, word[4:]) if word.startswith("tcp:") else ToxFlow(self, number, word)
            for number, word in enumerate(words.split("+"))
        ]
        try:
            for flow in flows:
                flow.connect()
            first = flows[0]
            first.probe()
            time.sleep(2)
            idle = first.latencies_ms(0)
            begin_ms = now_ms()
            first.start()
            time.sleep(head_start_s)
            for flow in flows[1:]:
                flow.start()
            time.sleep(max(START_S, START_RTTS * self.rtt_ms / 1000))
            steady_ms, received, mark = now_ms(), first.received(), first.mark()
            time.sleep(seconds)
            end_ms, received = now_ms(), first.received() - received
            moments = begin_ms, steady_ms, end_ms
            return self._result(flows, moments, received, idle, first.latencies_ms(mark))
        finally:
            for flow in flows:
                flow.stop()

    def _result(self, flows, moments, received, idle, latencies):
        begin_ms, steady_ms, end_ms = moments
        steady = self.link.between(steady_ms, end_ms)
        queues = [queue for sample in steady for queue in sample["queue_ms"]]
        rates = [_wire_bytes(steady, flow.source) * 8 / (len(steady) * 0.1) for flow in flows]
        counts = [
            sum(sample["flows"].get(flows[0].source.address, (0, 0, 0))[at] for sample in steady)
            for at in (1, 2)
        ]
        series = self.link.between(begin_ms, end_ms)
        return {
            "goodput": received * 8 / ((end_ms - steady_ms) / 1000) / self.rate,
            "wire": [rate / self.rate for rate in rates],
            "jain": jain(rates),
            "queue_p50_ms": percentile(queues, 0.5),
            "queue_p95_ms": percentile(queues, 0.95),
            "queue_max_ms": max(queues),
            "dropped": counts[0],
            "lost": counts[1],
            "idle_latency_p50_ms": percentile(idle, 0.5),
            "latency_p50_ms": percentile(latencies, 0.5),
            "latency_p95_ms": percentile(latencies, 0.95),
            "series": {
                "queue_ms": [round(statistics.mean(sample["queue_ms"]), 1) for sample in series],
                "wire": [
                    [round(_wire_bytes([sample], flow.source) * 80 / self.rate, 3) for sample in series]
                    for flow in flows
                ],
            },
        }


def _wire_bytes(samples, source):
    return sum(sample["flows"].get(source.address, (0, 0, 0))[0] for sample in samples)


def line(link, words, result):
    """A result in one line."""

    def ms(name):
        value = result[name]
        return "    -" if value is None else f"{value:5.0f}"

    shares = "/".join(f"{share:.0%}" for share in result["wire"])
    return (
        f"{link:15} {words:22} goodput {result['goodput']:4.0%}  wire {shares:9} "
        f"jain {result['jain']:.2f}  queue {ms('queue_p50_ms')} {ms('queue_p95_ms')} ms  "
        f"dropped {result['dropped']:5}  messages {ms('latency_p50_ms')} {ms('latency_p95_ms')} ms "
        f"(idle {ms('idle_latency_p50_ms')})"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--link", nargs="+", choices=[*LINKS, "all"], default=["all"])
    parser.add_argument("--flows", nargs="+", default=["ours-ours", "real-real", "ours-real", "real-ours"])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--head-start", type=float, default=0, help="seconds before the second flow begins")
    parser.add_argument("--out", type=Path, help="JSON; what is in it already is kept")
    options = parser.parse_args()
    results = json.loads(options.out.read_text()) if options.out and options.out.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        program = compile_client(Path(folder, "client"))
        for link in LINKS if "all" in options.link else options.link:
            with Lab() as lab:
                bench = Bench(lab, link, program)
                for words in options.flows:
                    try:
                        result = bench.run(words, options.seconds, options.head_start)
                    except AssertionError as error:
                        print(f"{link:15} {words:22} failed: {str(error).splitlines()[0]}", file=sys.stderr)
                        continue
                    print(line(link, words, result), flush=True)
                    results.setdefault(link, {})[words] = result
                    if options.out:
                        options.out.write_text(json.dumps(results))


if __name__ == "__main__":
    main()
