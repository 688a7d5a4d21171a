"""UDP sockets and name look-up: the only module that touches sockets.

Built on the C module `_socket`: the standard `socket` on top of it costs 11 ms to import
(enum, selectors) and adds nothing that is needed here. An `Address` is `(4 or 16 raw bytes, port)`;
a dual-stack socket sees IPv4 peers as ::ffff:a.b.c.d, which never leaves this module.
"""

from __future__ import annotations

import _socket
import _thread
import errno

from toxpy.netprof import Profile
from toxpy.wire.address import normalise_ip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from toxpy.interfaces import Destination
    from toxpy.wire.address import Address

FIRST_PORT, LAST_PORT = 33445, 33545
#: Nothing in Tox is bigger; one byte more is asked for, so that bigger ones are seen and dropped.
MAX_DATAGRAM_SIZE = 2048
BUFFER_SIZE = 2 * 1024 * 1024
#: A name whose look-up takes longer counts as unknown.
LOOKUP_TIMEOUT_S = 5.0
#: Errors of one `receive`; a socket that has more is broken, and trying on would only cost time.
MAX_FAILURES = 16
#: Text forms of addresses remembered per direction; emptied when full.
MAX_CACHED_ADDRESSES = 4096

#: What "nothing to read" or "no room to send" looks like.
_AGAIN = (errno.EAGAIN, errno.EWOULDBLOCK)
#: There is no IPv6 here.
_NO_IPV6 = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT, errno.ENOPROTOOPT)


def port_range(start_port: int, end_port: int) -> range:
    """The ports to try: 0 and 0 mean the defaults, one 0 means only the other one, either order will do.

    c-toxcore: network.c new_networking_ex.
    """
    if start_port == 0 and end_port == 0:
        start_port, end_port = FIRST_PORT, LAST_PORT
    elif start_port == 0:
        start_port = end_port
    elif end_port == 0:
        end_port = start_port
    if start_port > end_port:
        start_port, end_port = end_port, start_port
    return range(start_port, end_port + 1)


class UdpSocket:
    """One bound, non-blocking UDP socket. Errors are counted in `errors` by errno, never raised."""

    __slots__ = ("_socket", "errors", "ipv6", "names", "oversized", "peers", "port", "profile", "scopes")

    def __init__(self, sock: _socket.socket, ipv6: bool) -> None:
        """Take over a bound socket; see `bind`."""
        self._socket: _socket.socket | None = sock
        self.ipv6 = ipv6
        self.port: int = sock.getsockname()[1]
        #: errno -> how often
        self.errors: dict[int, int] = {}
        #: Datagrams over MAX_DATAGRAM_SIZE.
        self.oversized = 0
        self.profile = Profile()
        self.names: dict[Address, tuple[str, int] | tuple[str, int, int, int]] = {}
        self.peers: dict[object, Address] = {}
        #: link-local IP -> the interface behind which it was last heard
        self.scopes: dict[bytes, int] = {}

    @classmethod
    def bind(cls, ipv6: bool, start_port: int = 0, end_port: int = 0) -> UdpSocket:
        """Bind the first free port of the range on all interfaces; OSError when there is none.

        With `ipv6` the socket serves both families; on a machine without IPv6 it is an IPv4 one.
        """
        if ipv6:
            try:
                return cls._bind(_socket.AF_INET6, start_port, end_port)
            except OSError as error:
                if error.errno not in _NO_IPV6:
                    raise
        return cls._bind(_socket.AF_INET, start_port, end_port)

    @classmethod
    def _bind(cls, family: int, start_port: int, end_port: int) -> UdpSocket:
        ipv6 = family == _socket.AF_INET6
        # _socket makes every descriptor close-on-exec
        sock = _socket.socket(family, _socket.SOCK_DGRAM, _socket.IPPROTO_UDP)
        try:
            sock.setblocking(False)
            if ipv6:
                sock.setsockopt(_socket.IPPROTO_IPV6, _socket.IPV6_V6ONLY, 0)
            sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_BROADCAST, 1)
            sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_RCVBUF, BUFFER_SIZE)
            sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_SNDBUF, BUFFER_SIZE)
            host = "::" if ipv6 else "0.0.0.0"
            ports = port_range(start_port, end_port)
            for port in ports:
                try:
                    sock.bind((host, port))
                except OSError as error:
                    if port == ports[-1] or error.errno in _NO_IPV6:
                        raise
                else:
                    return cls(sock, ipv6)
            raise OSError(errno.EADDRINUSE, "no port to bind")
        except BaseException:
            sock.close()
            raise

    def fileno(self) -> int:
        """For select and friends; -1 when closed."""
        return -1 if self._socket is None else self._socket.fileno()

    def send(self, address: Address, data: bytes) -> None:
        """Send one datagram, or count why not."""
        sock = self._socket
        if sock is None:
            return
        name = self.names.get(address)
        if name is None:
            name = self._name(address)
            if name is None:
                return
        try:
            sock.sendto(data, name)
        except OSError as error:
            self._count(error)
            return
        if data:
            profile, kind = self.profile, data[0]
            profile.packets_sent[kind] += 1
            profile.bytes_sent[kind] += len(data)

    def broadcast(self, data: bytes, port: int, destinations: Iterable[Destination]) -> None:
        """Send one datagram to that port of every destination, or count why not."""
        sock, ipv6 = self._socket, self.ipv6
        if sock is None:
            return
        for ip, scope in destinations:
            if len(ip) == 16 and not ipv6:
                continue
            try:
                if len(ip) == 4:
                    host = _socket.inet_ntop(_socket.AF_INET, ip)
                    sock.sendto(data, ("::ffff:" + host, port) if ipv6 else (host, port))
                else:
                    sock.sendto(data, (_socket.inet_ntop(_socket.AF_INET6, ip), port, 0, scope))
            except OSError as error:
                self._count(error)
                continue
            self.profile.packets_sent[data[0]] += 1
            self.profile.bytes_sent[data[0]] += len(data)

    def receive(self, limit: int = 256) -> list[tuple[bytes, Address]]:
        """What has arrived, at most `limit` datagrams."""
        batch: list[tuple[bytes, Address]] = []
        sock, peers, profile = self._socket, self.peers, self.profile
        packets, sizes = profile.packets_received, profile.bytes_received
        if sock is None:
            return batch
        failures = 0
        for _ in range(limit):
            try:
                data, name = sock.recvfrom(MAX_DATAGRAM_SIZE + 1)
            except OSError as error:
                if error.errno in _AGAIN:
                    break
                # an answer from the network to something we sent; there may be more behind it
                self._count(error)
                failures += 1
                if failures >= MAX_FAILURES:
                    break
                continue
            if len(data) > MAX_DATAGRAM_SIZE:
                self.oversized += 1
                continue
            if data:
                packets[data[0]] += 1
                sizes[data[0]] += len(data)
            address = peers.get(name)
            batch.append((data, address if address is not None else self._peer(name)))
        return batch

    def close(self) -> None:
        """Close; repeating it is harmless."""
        sock, self._socket = self._socket, None
        if sock is not None:
            try:
                sock.close()
            except OSError as error:
                # somebody else in the program closed our descriptor
                self._count(error)

    def _name(self, address: Address) -> tuple[str, int] | tuple[str, int, int, int] | None:
        """The text form for the kernel, remembered; None for a family this socket cannot reach."""
        ip, port = address
        if len(ip) == 4:
            host = _socket.inet_ntop(_socket.AF_INET, ip)
            if self.ipv6:
                host = "::ffff:" + host
        elif self.ipv6:
            host = _socket.inet_ntop(_socket.AF_INET6, ip)
        else:
            self._count(OSError(errno.EAFNOSUPPORT, "IPv6 address on an IPv4 socket"))
            return None
        if len(self.names) >= MAX_CACHED_ADDRESSES:
            self.names.clear()
        scope = self.scopes.get(ip)
        name: tuple[str, int] | tuple[str, int, int, int]
        name = self.names[address] = (host, port, 0, scope) if scope else (host, port)
        return name

    def _peer(self, name: tuple[str, int] | tuple[str, int, int, int]) -> Address:
        """The address of what recvfrom calls its source, remembered."""
        host, port = name[0], name[1]
        family = _socket.AF_INET6 if self.ipv6 else _socket.AF_INET
        # a link-local source comes as fe80::1%eth0
        ip = _socket.inet_pton(family, host.partition("%")[0])
        if len(name) == 4 and name[3]:
            # not remembered in `peers`: the same one may be heard behind another interface next
            self._note_scope(ip, name[3])
            return ip, port
        if len(self.peers) >= MAX_CACHED_ADDRESSES:
            self.peers.clear()
        address = self.peers[name] = (normalise_ip(ip), port)
        return address

    def _note_scope(self, ip: bytes, scope: int) -> None:
        """Answers to a link-local address must go out where it was heard."""
        if self.scopes.get(ip) == scope:
            return
        if len(self.scopes) >= MAX_CACHED_ADDRESSES:
            self.scopes.clear()
        self.scopes[ip] = scope
        # some of the remembered forms are without that scope
        self.names.clear()

    def _count(self, error: OSError) -> None:
        number = error.errno or 0
        self.errors[number] = self.errors.get(number, 0) + 1


def parse_ip(host: str) -> bytes | None:
    """The 4 or 16 bytes of a numeric address, or None."""
    for family in (_socket.AF_INET, _socket.AF_INET6):
        try:
            return normalise_ip(_socket.inet_pton(family, host))
        except (OSError, ValueError):
            # not of this family; ValueError for an embedded NUL
            continue
    return None


def ip_text(ip: bytes) -> str:
    """4 or 16 bytes as people write them."""
    return _socket.inet_ntop(_socket.AF_INET if len(ip) == 4 else _socket.AF_INET6, ip)


def resolve(host: str, *, ipv6: bool = True, dns: bool = True) -> list[bytes]:
    """The IPs of a host, IPv6 ones only when `ipv6`; numeric ones without asking anybody.

    Waits at most LOOKUP_TIMEOUT_S while the name is looked up in a thread of its own, since the system's
    resolver may take minutes; with `dns` false only numeric hosts are found.
    """
    literal = parse_ip(host)
    if literal is not None:
        return [literal] if ipv6 or len(literal) == 4 else []
    if not dns:
        return []
    ips: list[bytes] = []
    for name in _look_up(host):
        ip = parse_ip(name.partition("%")[0])
        if ip is not None and ip not in ips and (ipv6 or len(ip) == 4):
            ips.append(ip)
    return ips


def _look_up(host: str) -> list[str]:
    """The numeric forms of a name, none when it is unknown or the answer takes too long."""
    found: list[str] = []
    done = _thread.allocate_lock()
    done.acquire()

    def look_up() -> None:
        try:
            for entry in _socket.getaddrinfo(host, None, _socket.AF_UNSPEC, _socket.SOCK_DGRAM):
                found.append(str(entry[4][0]))
        except (OSError, UnicodeError, ValueError):
            # unknown, or no name at all: nothing is found
            found.clear()
        finally:
            done.release()

    try:
        _thread.start_new_thread(look_up, ())
    except RuntimeError:
        # no thread to be had: as if nobody had answered
        return []
    # the thread may go on for as long as the system's resolver does; nobody listens to it then
    return found[:] if done.acquire(timeout=LOOKUP_TIMEOUT_S) else []
