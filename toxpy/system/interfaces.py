"""Where a packet for everybody on the local networks must go: broadcast and multicast per interface.

Linux tells the IPv4 addresses of all interfaces in one SIOCGIFCONF and the broadcast address
of each in a SIOCGIFBRDADDR; IPv6 has no broadcast, but every interface that can do multicast
reaches its neighbours as ff02::1, for which the kernel must be told the interface (the scope
id). The kernel itself is a member of ff02::1 on every interface and hands its packets to all
sockets bound to the port, so nothing has to be joined.

c-toxcore (LAN_discovery.c fetch_broadcast_info) reads the interfaces once, at the start, and sends
multicast on the default one only. Other systems than Linux get 255.255.255.255 and multicast.
"""

from __future__ import annotations

import _socket
import fcntl
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.runtime import Runtime

    #: raw IP, and the number of the interface for IPv6 (0 for IPv4)
    Destination = tuple[bytes, int]

#: Time for which a change of the interfaces may stay unnoticed, ms.
REFRESH_MS = 30_000
#: IPv4 addresses and IPv6 interfaces looked at; c-toxcore: 16.
MAX_INTERFACES = 32

LIMITED_BROADCAST = b"\xff\xff\xff\xff"
ALL_NODES = b"\xff\x02" + bytes(13) + b"\x01"

#: linux/sockios.h
_SIOCGIFCONF, _SIOCGIFFLAGS, _SIOCGIFBRDADDR = 0x8912, 0x8913, 0x8919
#: linux/if.h
_IFF_UP, _IFF_LOOPBACK, _IFF_MULTICAST = 0x1, 0x8, 0x1000
_NAME_SIZE = 16
#: struct ifreq is a name and a union, whose biggest member is struct ifmap
_IFREQ_SIZE = _NAME_SIZE + struct.calcsize("LLHBBB3x")
#: Offsets of the family and the IP in an ifreq that holds a sockaddr_in.
_FAMILY_AT, _IP_AT = _NAME_SIZE, _NAME_SIZE + 4


class Interfaces:
    """The destinations of now, read again every REFRESH_MS. Errors are counted, never raised."""

    __slots__ = ("_destinations", "_read_ms", "_rt")

    def __init__(self, *, rt: Runtime) -> None:
        self._rt = rt
        self._destinations: list[Destination] = []
        self._read_ms: int | None = None

    def destinations(self) -> list[Destination]:
        """Every broadcast and multicast destination, 1 + 2 * MAX_INTERFACES at most."""
        now_ms = self._rt.clock.now_ms
        if self._read_ms is None or now_ms - self._read_ms >= REFRESH_MS:
            self._read_ms = now_ms
            try:
                self._destinations = read_destinations()
            except OSError:
                # no descriptor left, most likely: what was true before is still the best guess
                self._rt.counters.count("interfaces_unreadable")
        return self._destinations


def read_destinations() -> list[Destination]:
    """Ask the kernel; OSError when it cannot be asked."""
    sock = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
    try:
        found = dict.fromkeys(_broadcast_ips(sock.fileno()))
        found[LIMITED_BROADCAST] = None
        scopes = _multicast_scopes(sock.fileno())
    finally:
        sock.close()
    return [(ip, 0) for ip in found] + [(ALL_NODES, scope) for scope in scopes]


def _broadcast_ips(fd: int) -> list[bytes]:
    """One per IPv4 address of an interface that is up; loopback, which has none, stands for itself."""
    if sys.platform != "linux":
        return []
    # only here is a buffer's address needed, and the import is too slow for the start: it loads collections
    from array import array

    buffer = array("B", bytes(MAX_INTERFACES * _IFREQ_SIZE))
    ifconf = struct.pack("iP", len(buffer), buffer.buffer_info()[0])
    used: int = struct.unpack_from("i", fcntl.ioctl(fd, _SIOCGIFCONF, ifconf))[0]
    ips = []
    for start in range(0, min(used, len(buffer)) - _IFREQ_SIZE + 1, _IFREQ_SIZE):
        ifreq = buffer[start : start + _IFREQ_SIZE].tobytes()
        try:
            # the address in the request says which one of several addresses is meant
            answer = fcntl.ioctl(fd, _SIOCGIFBRDADDR, ifreq)
        except OSError:
            # the interface went away between the two questions
            continue
        if struct.unpack_from("H", answer, _FAMILY_AT)[0] != _socket.AF_INET:
            continue
        own, broadcast = ifreq[_IP_AT : _IP_AT + 4], answer[_IP_AT : _IP_AT + 4]
        if any(broadcast):
            ips.append(broadcast)
        elif own[0] == 127:
            # other instances of this machine
            ips.append(own)
    return ips


def _multicast_scopes(fd: int) -> list[int]:
    """The numbers of the interfaces that are up and can do multicast, loopback left out."""
    scopes: list[int] = []
    for index, name in _socket.if_nameindex():
        if len(scopes) < MAX_INTERFACES and _has_multicast(fd, name):
            scopes.append(index)
    return scopes


def _has_multicast(fd: int, name: str) -> bool:
    if sys.platform != "linux":
        return True
    ifreq = name.encode()[: _NAME_SIZE - 1].ljust(_IFREQ_SIZE, b"\0")
    try:
        flags: int = struct.unpack_from("H", fcntl.ioctl(fd, _SIOCGIFFLAGS, ifreq), _NAME_SIZE)[0]
    except OSError:
        # gone meanwhile
        return False
    return flags & (_IFF_UP | _IFF_MULTICAST | _IFF_LOOPBACK) == _IFF_UP | _IFF_MULTICAST
