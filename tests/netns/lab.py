"""A piece of internet made of network namespaces.

    host --- internet --- router --- host          (203.0.113.x)    (192.168.n.2)

The namespace "internet" is a router with one veth pair to every public host (or NAT
router), so that each outside link can be cut, firewalled, made bad and watched by itself.
Public addresses are from 203.0.113.0/24, which Tox does not take for a LAN.

Namespaces are named after the process that made them. `Lab.close` removes everything, and
a new lab sweeps up after processes that died without closing theirs.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.netns import nat
from tests.support import release

ROOT = Path(__file__).parents[2]
CLONE_NEWNET = 0x40000000
SIOCETHTOOL = 0x8946
#: ETHTOOL_STXCSUM, STSO, SGSO, SGRO
OFFLOADS = (0x17, 0x1F, 0x24, 0x2C)
NAME = re.compile(r"toxlab-(\d+)-")
RESOLVER = "203.0.113.253"
TOOLS = {
    "ip": "iproute2",
    "nft": "nftables",
    "tc": "iproute2",
    "setpriv": "util-linux",
    "tox-bootstrapd": "toxcore-utils",
    "tinyproxy": "tinyproxy-bin",
    "microsocks": "microsocks",
    "danted": "dante-server",
}

libc = ctypes.CDLL(None, use_errno=True)
numbers = itertools.count(1)

INTERNET = """
table inet lab {
  set cut { type ifname; }
  set no_udp { type ifname; }
  chain forward {
    type filter hook forward priority 0; policy accept;
    iifname @cut drop
    oifname @cut drop
    meta l4proto udp iifname @no_udp drop
    meta l4proto udp oifname @no_udp drop
  }
}
"""


class LabError(Exception):
    """The laboratory cannot be built on this machine; says what is missing."""


def require_lab():
    """Raise LabError unless namespaces can be made here."""
    if os.geteuid() != 0:
        raise LabError(
            "the tests in tests/netns make network namespaces and must run as root: "
            "sudo make test, or leave them out with PYTEST_ARGS=--ignore=tests/netns"
        )
    missing = sorted(
        {package for tool, package in TOOLS.items() if shutil.which(tool) is None} - {*release.absent()}
    )
    if missing:
        raise LabError(f"tests/netns needs: apt-get install {' '.join(missing)}")
    tried = subprocess.run(["unshare", "--net", "true"], capture_output=True, text=True)
    if tried.returncode:
        raise LabError(
            "root, but not allowed to make network namespaces (a container needs "
            f"CAP_SYS_ADMIN and CAP_NET_ADMIN): {tried.stderr.strip()}"
        )


def run(*command, text=None):
    """Run a tool to its end; its complaint is the exception's."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise LabError(f"{' '.join(map(str, command))}: {done.stderr.strip()}\n{text or ''}")
    return done.stdout


@contextlib.contextmanager
def inside(namespace):
    """This thread lives in the namespace meanwhile; sockets made here stay there for good."""
    with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{namespace}") as there:
        _enter(there)
        try:
            yield
        finally:
            _enter(home)


def _enter(file):
    if libc.setns(file.fileno(), CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def _without_offloads(interface):
    """Frames that a program reads and sends on must have their checksums, and their real size."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for command in OFFLOADS:
            value = ctypes.create_string_buffer(struct.pack("II", command, 0))
            request = struct.pack("16sP16x", interface.encode(), ctypes.addressof(value))
            if libc.ioctl(control.fileno(), SIOCETHTOOL, request):
                raise OSError(ctypes.get_errno(), f"ethtool {command:#x} {interface}")


class Host:
    """A namespace in which programs run. `address` is its own, `public` what the internet sees."""

    __slots__ = ("address", "lab", "link", "name", "namespace", "public")

    def __init__(self, lab, name, link, address, public):
        self.lab, self.name, self.link = lab, name, link
        self.namespace = lab.namespace(name)
        self.address, self.public = address, public

    def folder(self):
        """A folder for a program's files, removed with the lab."""
        made = self.lab.folder / self.name
        made.mkdir()
        return made

    def popen(self, *command, **options):
        """Start a program here; it dies with this process and with the lab."""
        # setpriv: also when this process is killed before it can clean up
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "ip", "netns", "exec", self.namespace, *map(str, command)],
            cwd=ROOT,
            **options,
        )
        self.lab.processes.append(process)
        return process

    def knows(self, name, address):
        """Programs started here from now on can look that name up; others cannot."""
        with open(Path("/etc/netns", self.namespace, "hosts"), "a") as hosts:
            hosts.write(f"{address} {name}\n")

    def socket(self, kind=socket.SOCK_DGRAM, port=0):
        """A bound socket of this host, for use in this process."""
        with inside(self.namespace):
            made = socket.socket(socket.AF_INET, kind)
        made.settimeout(10)
        made.bind((self.address, port))
        return made


class Lab:
    """All of one test's namespaces; a context manager. `nodes` are those of `bootstrap_nodes`."""

    def __init__(self):
        require_lab()
        sweep()
        #: for the programs' files
        self.folder = Path(tempfile.mkdtemp(prefix="toxlab-"))
        self.prefix = f"toxlab-{os.getpid()}-{next(numbers)}-"
        self.processes, self.namespaces = [], []
        self.numbers = itertools.count(1)
        self.internet = self.namespace("internet")
        try:
            self.make(self.internet)
            self._forward(self.internet)
            run("ip", "netns", "exec", self.internet, "nft", "-f", "-", text=INTERNET)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def namespace(self, name):
        """The full name of a namespace of this lab."""
        return self.prefix + name

    def host(self, name, *, bad_link=None):
        """A host with a public address; with `bad_link` (a BadLink) both directions of its link are bad."""
        number = next(self.numbers)
        link, public = f"n{number}", f"203.0.113.{number + 1}"
        host = Host(self, name, link, public, public)
        self.make(host.namespace)
        if bad_link is None:
            self.veth(self.internet, link, host.namespace, "eth0")
        else:
            bad_link.connect(self, host)
        self.batch(
            "addr add 203.0.113.1/32 dev " + link,
            f"link set {link} up",
            f"route add {public}/32 dev {link}",
            namespace=self.internet,
        )
        self.batch(
            f"addr add {public}/32 dev eth0",
            "link set eth0 up",
            "route add 203.0.113.1 dev eth0",
            f"route add default via 203.0.113.1 src {public}",
            namespace=host.namespace,
        )
        return host

    def nat_host(self, name, kind, **options):
        """A host behind a router of its own, which does NAT of that kind (see nat.py)."""
        router = self.host(name + "-nat", **options)
        private = f"192.168.{router.link[1:]}"
        inside_address = f"{private}.2"
        host = Host(self, name, router.link, inside_address, router.public)
        self.make(host.namespace)
        self.veth(router.namespace, "inside", host.namespace, "eth0")
        self.batch(f"addr add {private}.1/24 dev inside", "link set inside up", namespace=router.namespace)
        self.batch(
            f"addr add {inside_address}/24 dev eth0",
            "link set eth0 up",
            f"route add default via {private}.1",
            namespace=host.namespace,
        )
        self._forward(router.namespace)
        run("ip", "netns", "exec", router.namespace, "nft", "-f", "-", text=nat.rules(kind, inside_address))
        return host

    def cut(self, host):
        """Nothing passes the host's outside link any more, without an error to anybody."""
        self._element("add", "cut", host)

    def restore(self, host):
        self._element("delete", "cut", host)

    def block_udp(self, host):
        self._element("add", "no_udp", host)

    def allow_udp(self, host):
        self._element("delete", "no_udp", host)

    def close(self):
        """Stop the programs and remove the namespaces; every step is tried."""
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait(10)
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
        for namespace in self.namespaces:
            _remove(namespace)
        self.processes, self.namespaces = [], []
        shutil.rmtree(self.folder, ignore_errors=True)

    def _element(self, verb, name, host):
        run(
            "ip", "netns", "exec", self.internet, "nft", f'{verb} element inet lab {name} {{ "{host.link}" }}'
        )

    def veth(self, namespace, interface, other, other_interface):
        """A cable between two namespaces."""
        self.batch(
            f"link add {interface} netns {namespace} type veth peer name {other_interface} netns {other}"
        )

    def make(self, namespace):
        """An empty namespace."""
        # what a program looks up goes out on its link, where a capture sees it, and not to this machine
        folder = Path("/etc/netns") / namespace
        folder.mkdir(parents=True)
        (folder / "resolv.conf").write_text(f"nameserver {RESOLVER}\n")
        self.namespaces.append(namespace)
        run("ip", "netns", "add", namespace)
        self.batch("link set lo up", namespace=namespace)

    def _forward(self, namespace):
        with inside(namespace):
            Path("/proc/sys/net/ipv4/ip_forward").write_text("1")

    def batch(self, *lines, namespace=None):
        """Commands of `ip`, in that namespace."""
        where = ("-n", namespace) if namespace else ()
        run("ip", *where, "-batch", "-", text="\n".join(lines) + "\n")


def _remove(namespace):
    if Path("/run/netns", namespace).exists():
        subprocess.run(["ip", "netns", "del", namespace], capture_output=True, timeout=60)
    shutil.rmtree(Path("/etc/netns") / namespace, ignore_errors=True)
    with contextlib.suppress(OSError):
        Path("/etc/netns").rmdir()  # ours only when nobody else's is in it


def sweep():
    """Remove what processes left behind that are gone."""
    for folder in ("/run/netns", "/etc/netns"):
        for path in Path(folder).glob("toxlab-*"):
            match = NAME.match(path.name)
            if match and not Path("/proc", match[1]).exists():
                _remove(path.name)


class BadLink:
    """What happens to every packet on a link, in both directions; fractions of 1.

    `tc netem` where the kernel has it, otherwise a program that passes frames between two
    interfaces (see bad_link.py). Both delay packets by `delay_ms`, and a reordered one not.
    """

    __slots__ = ("delay_ms", "duplicate", "loss", "reorder", "seed")

    def __init__(self, *, loss=0.0, reorder=0.0, duplicate=0.0, delay_ms=10, seed=1):
        self.loss, self.reorder, self.duplicate = loss, reorder, duplicate
        self.delay_ms, self.seed = delay_ms, seed

    def connect(self, lab, host):
        """Make the link between the internet and the host."""
        ends = ((lab.internet, host.link), (host.namespace, "eth0"))
        lab.veth(*ends[0], *ends[1])
        if all(self._netem(*end) for end in ends):
            return
        run("ip", "-n", host.namespace, "link", "del", "eth0")
        wire = Host(lab, host.name + "-wire", host.link, None, None)
        lab.make(wire.namespace)
        for (namespace, interface), side in zip(ends, ("left", "right"), strict=True):
            lab.veth(namespace, interface, wire.namespace, side)
            lab.batch(f"link set {side} up", namespace=wire.namespace)
            with inside(namespace):
                _without_offloads(interface)
        words = (self.loss, self.reorder, self.duplicate, self.delay_ms, self.seed)
        process = wire.popen(sys.executable, "-m", "tests.netns.bad_link", *words, stdout=subprocess.PIPE)
        if process.stdout.readline() != b"ready\n":
            raise LabError("the bad link did not start")

    def _netem(self, namespace, interface):
        command = [
            "tc",
            "-n",
            namespace,
            "qdisc",
            "add",
            "dev",
            interface,
            "root",
            "netem",
            "limit",
            "10000",
            "delay",
            f"{self.delay_ms}ms",
            "loss",
            f"{self.loss:%}",
        ]
        if self.duplicate:
            command += ["duplicate", f"{self.duplicate:%}"]
        if self.reorder:
            command += ["reorder", f"{self.reorder:%}"]
        return subprocess.run(command, capture_output=True, timeout=60).returncode == 0
