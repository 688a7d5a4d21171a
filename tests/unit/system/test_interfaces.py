"""Broadcast and multicast destinations, from a kernel that says what the test wants."""

import ctypes
import errno
import struct

import pytest

from tests.support.universe import SeededRng, SimClock
from toxpy.runtime import Runtime
from toxpy.system import interfaces
from toxpy.system.interfaces import ALL_NODES, LIMITED_BROADCAST, MAX_INTERFACES, REFRESH_MS, Interfaces

UP, LOOPBACK, MULTICAST = 1, 8, 0x1000
AF_INET, AF_PACKET = 2, 17
#: a name and the biggest member of the union
IFREQ_SIZE = struct.calcsize("16sLLHBBB3x")


def ifreq(name, ip, family=AF_INET):
    return name.encode().ljust(16, b"\0") + struct.pack("HH", family, 0) + ip + bytes(IFREQ_SIZE - 24)


class Kernel:
    """Answers the three ioctls from `addresses` [(name, ip, broadcast)] and `flags` {name: flags}."""

    def __init__(self, monkeypatch, addresses, flags):
        self.addresses, self.flags = addresses, flags
        self.asked = 0
        monkeypatch.setattr(interfaces.fcntl, "ioctl", self.ioctl)
        monkeypatch.setattr(
            interfaces._socket, "if_nameindex", lambda: list(enumerate(self.flags, start=1)), raising=True
        )

    def ioctl(self, _fd, request, argument):
        if request == 0x8912:
            self.asked += 1
            size, pointer = struct.unpack("iP", argument)
            answer = b"".join(ifreq(name, ip) for name, ip, _ in self.addresses)[:size]
            ctypes.memmove(pointer, answer, len(answer))
            return struct.pack("iP", len(answer), pointer)
        name = argument[:16].rstrip(b"\0").decode()
        assert len(argument) == IFREQ_SIZE
        if request == 0x8913:
            return argument[:16] + struct.pack("H", self.flags[name]) + argument[18:]
        assert request == 0x8919
        for other, ip, broadcast in self.addresses:
            if (other, ip) == (name, argument[20:24]):
                if broadcast is None:
                    raise OSError(errno.EADDRNOTAVAIL, "gone")
                family = AF_PACKET if broadcast == b"" else AF_INET
                return ifreq(name, broadcast or bytes(4), family)
        raise AssertionError(argument)


def ip(*numbers):
    return bytes(numbers)


def test_every_kind_of_interface(monkeypatch):
    addresses = [
        ("lo", ip(127, 0, 0, 1), bytes(4)),
        ("eth0", ip(192, 168, 0, 5), ip(192, 168, 0, 255)),
        ("eth0", ip(10, 0, 0, 5), ip(10, 255, 255, 255)),
        ("eth0:1", ip(192, 168, 0, 6), ip(192, 168, 0, 255)),
        ("tun0", ip(10, 8, 0, 2), bytes(4)),
        ("usb0", ip(172, 16, 0, 1), None),
        ("odd0", ip(172, 17, 0, 1), b""),
    ]
    flags = {
        "lo": UP | LOOPBACK | MULTICAST,
        "eth0": UP | MULTICAST,
        "off0": MULTICAST,
        "tun0": UP | MULTICAST,
        "dull0": UP,
    }
    Kernel(monkeypatch, addresses, flags)
    assert interfaces.read_destinations() == [
        (ip(127, 0, 0, 1), 0),
        (ip(192, 168, 0, 255), 0),
        (ip(10, 255, 255, 255), 0),
        (LIMITED_BROADCAST, 0),
        (ALL_NODES, 2),
        (ALL_NODES, 4),
    ]


def test_a_machine_with_too_many_interfaces(monkeypatch):
    addresses = [(f"v{i}", ip(10, i >> 8, i & 255, 1), ip(10, i >> 8, i & 255, 255)) for i in range(1000)]
    Kernel(monkeypatch, addresses, {name: UP | MULTICAST for name, _, _ in addresses})
    assert len(interfaces.read_destinations()) == 1 + 2 * MAX_INTERFACES


def test_an_interface_that_goes_away_in_between(monkeypatch):
    kernel = Kernel(monkeypatch, [], {"usb0": UP | MULTICAST})

    def ioctl(fd, request, argument):
        if request == 0x8913:
            raise OSError(errno.ENODEV, "no such device")
        return kernel.ioctl(fd, request, argument)

    monkeypatch.setattr(interfaces.fcntl, "ioctl", ioctl)
    assert interfaces.read_destinations() == [(LIMITED_BROADCAST, 0)]


def test_they_are_read_again_every_half_minute_and_kept_when_that_fails(monkeypatch):
    rt = Runtime(SimClock(), SeededRng(1))
    kernel = Kernel(monkeypatch, [("eth0", ip(192, 168, 0, 5), ip(192, 168, 0, 255))], {})
    found = Interfaces(rt=rt)
    first = found.destinations()
    assert first == [(ip(192, 168, 0, 255), 0), (LIMITED_BROADCAST, 0)]
    kernel.addresses = [("eth0", ip(10, 0, 0, 5), ip(10, 0, 0, 255))]
    rt.clock.now_ms += REFRESH_MS - 1
    assert found.destinations() == first
    assert kernel.asked == 1
    rt.clock.now_ms += 1
    second = found.destinations()
    assert second[0] == (ip(10, 0, 0, 255), 0)

    def no_descriptors(*_):
        raise OSError(errno.EMFILE, "too many open files")

    monkeypatch.setattr(interfaces._socket, "socket", no_descriptors)
    rt.clock.now_ms += REFRESH_MS
    assert found.destinations() == second
    assert rt.counters.values["interfaces_unreadable"] == 1


def test_no_descriptor_stays_open():
    import os

    before = sorted(os.listdir("/proc/self/fd"))
    for _ in range(3):
        assert (LIMITED_BROADCAST, 0) in interfaces.read_destinations()
    assert sorted(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("failing", [0x8912])
def test_a_refusing_kernel_closes_the_descriptor_too(monkeypatch, failing):
    import os

    def ioctl(_fd, request, _argument):
        assert request == failing
        raise OSError(errno.EPERM, "no")

    monkeypatch.setattr(interfaces.fcntl, "ioctl", ioctl)
    before = sorted(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError):
        interfaces.read_destinations()
    assert sorted(os.listdir("/proc/self/fd")) == before
