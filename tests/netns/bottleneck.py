"""A slow link that several hosts share, with a queue in front of it that has a limit.

    internet --- bottleneck --- site --- sender, sender, ...      (203.0.113.x)   (198.51.100.x)

The kernel's own tools (`tc netem` for the delay, `tbf` for the rate) are not on every machine and do not tell
how long the queue was; so the link is a program between two TUN interfaces, see bottleneck.c.
"""

from __future__ import annotations

import itertools
import json
import subprocess
from pathlib import Path

from tests.netns.lab import Host, LabError, inside
from tests.netns.network import Lines

#: The direction from the site to the internet.
UPWARD = 1
#: bytes of an IP packet
PACKET_SIZE = 1500


class Bottleneck:
    """One link: `rate` in bits a second, `rtt_ms` there and back, a queue of `buffer_bdp` times both.

    It is a `bad_link` for `Lab.host`. `samples` are what the program tells every 100 ms.
    """

    def __init__(self, rate, rtt_ms, *, loss=0.0, buffer_bdp=1.0, seed=1):
        self.rate, self.rtt_ms, self.loss, self.seed = rate, rtt_ms, loss, seed
        self.limit = max(int(rate / 8 * rtt_ms / 1000 * buffer_bdp), PACKET_SIZE)
        self.samples = []
        self.site = self.lab = None
        self.numbers = itertools.count(2)

    def connect(self, lab, host):
        """Make the link between the internet and the host `site`."""
        program = compile_bottleneck(lab.folder / "bottleneck")
        for namespace, interface in ((lab.internet, host.link), (host.namespace, "eth0")):
            lab.batch(
                f"tuntap add dev {interface} mode tun",
                f"link set {interface} txqueuelen 10000",
                namespace=namespace,
            )
        words = (
            lab.internet,
            host.link,
            host.namespace,
            "eth0",
            self.rate,
            self.rtt_ms * 500,
            self.loss,
            self.limit,
            self.seed,
        )
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", program, *map(str, words)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        lab.processes.append(process)
        if process.stdout.readline() != "ready\n":
            raise LabError("the bottleneck did not start")
        self.lines = Lines(process, lambda line: self.samples.append(json.loads(line)))
        self.lab, self.site = lab, host
        with inside(host.namespace):
            Path("/proc/sys/net/ipv4/ip_forward").write_text("1")

    def host(self, name):
        """A host at the site, with a public address."""
        number = next(self.numbers)
        address, lab, site = f"198.51.100.{number}", self.lab, self.site
        host = Host(lab, name, f"s{number}", address, address)
        lab.make(host.namespace)
        lab.veth(site.namespace, host.link, host.namespace, "eth0")
        lab.batch(
            f"addr add 198.51.100.1/32 dev {host.link}",
            f"link set {host.link} up",
            f"route add {address}/32 dev {host.link}",
            namespace=site.namespace,
        )
        lab.batch(
            f"addr add {address}/32 dev eth0",
            "link set eth0 up",
            "route add 198.51.100.1 dev eth0",
            f"route add default via 198.51.100.1 src {address}",
            namespace=host.namespace,
        )
        lab.batch(f"route add {address}/32 dev {site.link}", namespace=lab.internet)
        return host

    def between(self, begin_ms, end_ms, direction=UPWARD):
        """The samples of that time (CLOCK_MONOTONIC) of one direction."""
        return [
            sample["directions"][direction]
            for sample in list(self.samples)
            if begin_ms < sample["at_ms"] <= end_ms
        ]


def compile_bottleneck(output):
    """The program; it uses no library."""
    source = Path(__file__).parent / "bottleneck.c"
    subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", output, source], check=True)
    return output
