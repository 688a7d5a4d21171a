"""LAN discovery with Debian's library: two machines on a cable, no bootstrap node.

Ours has a second interface that leads nowhere: only packets sent on every interface arrive.
"""

import contextlib
import fcntl
import socket
import struct
import time
from pathlib import Path

import pytest

from tests.netns.lab import inside
from tests.support import saves as save
from tests.support.real_tox import RealTox
from tests.support.worlds import loopback_options
from toxpy.core import Core
from toxpy.dht.lan import INTERVAL_MS, LAN_DISCOVERY, LAN_DISCOVERY_SIZE, Lan
from toxpy.runtime import Dispatch
from toxpy.system.interfaces import ALL_NODES, Interfaces, read_destinations
from toxpy.system.sockets import UdpSocket
from toxpy.wire.address import is_lan

UDP = 2
FAMILIES = ("ipv4", "ipv6")


#: linux/sockios.h, linux/if.h
SIOCGIFFLAGS, IFF_RUNNING = 0x8913, 0x40


class Cable:
    """The namespaces "ours" (eth0 to nobody, eth1) and "theirs" (eth0), with one IP version only."""

    def __init__(self, lab, family):
        self.lab, self.family = lab, family
        self.ours, self.nobody, self.theirs = map(lab.namespace, ("ours", "nobody", "theirs"))
        for namespace in (self.ours, self.nobody, self.theirs):
            lab.make(namespace)
            settings = {"disable_ipv6": family == "ipv4", "accept_dad": 0}
            for name, value in settings.items():
                with inside(namespace):
                    Path("/proc/sys/net/ipv6/conf/default", name).write_text(str(int(value)))
        lab.veth(self.ours, "eth0", self.nobody, "eth0")
        lab.veth(self.ours, "eth1", self.theirs, "eth0")
        self.up(self.ours, "eth0", "192.168.50.1")
        self.up(self.ours, "eth1", "192.168.51.1")
        self.up(self.nobody, "eth0", "192.168.50.2")
        self.up(self.theirs, "eth0", "192.168.51.2")
        for namespace, links in ((self.ours, 2), (self.nobody, 1), (self.theirs, 1)):
            self.wait_for_carrier(namespace, links)
            if family == "ipv6":
                self.wait_for_link_local(namespace, links)

    def up(self, namespace, interface, address):
        if self.family == "ipv4":
            self.lab.batch(f"addr add {address}/24 brd + dev {interface}", namespace=namespace)
        self.lab.batch(f"link set {interface} up", namespace=namespace)

    def wait_for_carrier(self, namespace, links):
        """What is sent before the kernel has seen the other end of the cable is lost."""
        end = time.monotonic() + 10
        with inside(namespace), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            for link in range(links):
                request = struct.pack("16s16x", b"eth%d" % link)
                while (
                    not struct.unpack_from("16xH", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[0]
                    & IFF_RUNNING
                ):
                    assert time.monotonic() < end, "no carrier"
                    time.sleep(0.01)

    def wait_for_link_local(self, namespace, links):
        """The kernel gives addresses a moment after the cable is plugged in."""
        end = time.monotonic() + 10
        with inside(namespace):
            # address, interface number, prefix length, scope, flags (0x40: tentative), name
            while (
                sum(
                    line.split()[3] == "20" and not int(line.split()[4], 16) & 0x40
                    for line in Path("/proc/thread-self/net/if_inet6").read_text().splitlines()
                )
                < links
            ):
                assert time.monotonic() < end, "no link-local addresses"
                time.sleep(0.05)


@contextlib.contextmanager
def our_core(cable, *, sends=True, hears=True):
    """Core in its namespace, with a LAN discovery that may be dumb or deaf."""
    with inside(cable.ours):
        options = loopback_options()
        # where others look for it
        options.start_port = 33445
        core = Core(options)
    try:
        Lan(
            core.dht,
            rt=core.rt,
            udp=core.node.dispatch if hears else Dispatch(),
            port=core.socket.port,
            broadcast=core.socket.broadcast if sends else lambda data, port, destinations: None,
            destinations=Interfaces(rt=core.rt).destinations,
        )
        yield core
    finally:
        core.kill()


@contextlib.contextmanager
def real_tox(cable, **options):
    with inside(cable.theirs):
        real = RealTox(local_discovery=True, **options)
    try:
        yield real
    finally:
        real.kill()


def knows(tox, dht_pk):
    """Is that node among those that this one would save: has it answered."""
    return dht_pk in [node.public_key for node in save.parse(tox.get_savedata()).dht_nodes]


def run_until(cable, core, real, condition, timeout_s):
    end = time.monotonic() + timeout_s
    with inside(cable.ours):
        while not condition():
            if time.monotonic() > end:
                return False
            core.iterate()
            real.iterate()
            time.sleep(0.01)
    return True


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "ways", [{}, {"sends": False}, {"hears": False}], ids=["both", "we hear", "we are heard"]
)
def test_they_find_each_other(lab, family, ways):
    cable = Cable(lab, family)
    with our_core(cable, **ways) as core, real_tox(cable) as real:
        met = run_until(
            cable,
            core,
            real,
            lambda: knows(core, real.self_get_dht_id()) and knows(real, core.dht.public_key),
            40,
        )
        assert met, (core.rt.counters.values, core.socket.errors)
        client = core.dht.nodes.close_list.get(real.self_get_dht_id())
        ((ip, _port),) = {association.address for association in client.associations()}
        assert is_lan((ip, 1))
        assert len(ip) == (4 if family == "ipv4" else 16)


@pytest.mark.parametrize("family", FAMILIES)
def test_friends_on_a_cable_talk(lab, family):
    cable = Cable(lab, family)
    with our_core(cable) as core, real_tox(cable) as real:
        core.friends.friend_add_norequest(real.self_get_public_key())
        real.friend_add_norequest(core.user.self_get_public_key())
        assert run_until(cable, core, real, lambda: core.friends.friend_get_connection_status(0) == UDP, 60)
        assert run_until(cable, core, real, lambda: real.friend_get_connection_status(0) == UDP, 10)


def test_without_local_discovery_they_stay_apart(lab):
    cable = Cable(lab, "ipv4")
    with our_core(cable, sends=False, hears=False) as core, real_tox(cable) as real:
        seconds = 2 * INTERVAL_MS / 1000
        assert not run_until(cable, core, real, core.dht.nodes.is_connected, seconds)
        assert not knows(real, core.dht.public_key)


def all_heard(ear):
    """The first packets that come, and what comes in the moment after."""
    end = time.monotonic() + 10
    heard = ear.receive()
    while not heard and time.monotonic() < end:
        time.sleep(0.02)
        heard = ear.receive()
    time.sleep(0.2)
    return [*heard, *ear.receive()]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_interface_is_sent_to_once(lab, family):
    cable = Cable(lab, family)
    with inside(cable.ours):
        destinations = read_destinations()
        ours = UdpSocket.bind(True, 33445, 33445)
    ears = []
    for namespace in (cable.nobody, cable.theirs):
        with inside(namespace):
            ears.append(UdpSocket.bind(True, 33445, 33445))
    try:
        packet = bytes((LAN_DISCOVERY,)) + bytes(LAN_DISCOVERY_SIZE - 1)
        ours.broadcast(packet, 33445, destinations)
        time.sleep(0.2)
        # there is no default route, so 255.255.255.255 is refused
        for ear in ears:
            ((data, (ip, port)),) = ear.receive()
            assert data == packet
            assert is_lan((ip, port))
            ear.send((ip, port), b"back")
        time.sleep(0.2)
        answers = [address for data, address in ours.receive() if data == b"back"]
        assert len(answers) == 2
        for address in answers:
            ours.send(address, b"again")
        time.sleep(0.2)
        assert [data for ear in ears for data, _ in ear.receive()] == [b"again"] * 2
        if family == "ipv6":
            # four neighbours as it were: our own packets come back too
            assert len(set(ours.scopes.values())) == 2
            assert [ip for ip, scope in destinations if scope] == [ALL_NODES] * 2
    finally:
        for sock in (ours, *ears):
            sock.close()


def test_a_machine_without_a_network_has_few_destinations(lab):
    namespace = lab.namespace("alone")
    lab.make(namespace)
    with inside(namespace):
        assert read_destinations() == [(b"\x7f\0\0\x01", 0), (b"\xff" * 4, 0)]
