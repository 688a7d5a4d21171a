"""UDP sockets and name look-up. Datagrams go through `toxpy.system.datapath`.

Built on the C module `_socket`: the standard `socket` on top of it costs 11 ms to import
(enum, selectors) and adds nothing that is needed here. An `Address` is `(4 or 16 raw bytes, port)`;
a dual-stack socket sees IPv4 peers as ::ffff:a.b.c.d, which never leaves this module.
"""

from __future__ import annotations

import _socket
import _thread
import errno

from toxpy.system.datapath import Datapath
from toxpy.system.traffic import Traffic
from toxpy.wire.address import normalise_ip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from toxpy.system.interfaces import Destination
    from toxpy.wire.address import Address

FIRST_PORT, LAST_PORT = 33445, 33545
BUFFER_SIZE = 2 * 1024 * 1024
#: Time limit of a name's look-up, s: a slower one counts as unknown.
LOOKUP_TIMEOUT_S = 5.0

#: Ends of names that the internet's name servers must not hear of. Lokinet's are looked up by its own.
HIDDEN = (".onion", ".i2p")

#: The port that the system chooses.
_ANY_PORT = range(1)
#: Errors which say that there is no IPv6 here.
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

    __slots__ = ("_socket", "errors", "ipv6", "path", "port", "scopes", "send", "traffic")

    def __init__(
        self,
        sock: _socket.socket,
        ipv6: bool,
        path: type[Datapath] = Datapath,
        *,
        beside: UdpSocket | None = None,
    ) -> None:
        """Take over a bound socket; see `bind`. One `beside` another is counted with it."""
        self._socket: _socket.socket | None = sock
        self.ipv6 = ipv6
        self.port: int = sock.getsockname()[1]
        #: errno -> how often
        self.errors: dict[int, int] = {} if beside is None else beside.errors
        self.traffic: Traffic = Traffic() if beside is None else beside.traffic
        #: link-local IP -> the interface behind which it was last heard
        self.scopes: dict[bytes, int] = {}
        #: for whoever has many packets, or data packets
        self.path = path(sock, ipv6, self.traffic, self.errors, self.scopes)
        #: send one datagram, or count why not
        self.send = self.path.send

    @property
    def oversized(self) -> int:
        """Datagrams over MAX_DATAGRAM_SIZE, which are dropped."""
        return self.path.oversized

    @classmethod
    def bind(cls, ipv6: bool, start_port: int = 0, end_port: int = 0, *, ipv4: bool = True) -> UdpSocket:
        """Bind the first free port of the range on all interfaces; OSError when there is none.

        With `ipv6` the socket serves both families; on a machine without IPv6 it is an IPv4 one. Without
        `ipv4` it serves IPv6 alone, and the machine refuses the rest.
        """
        ports = port_range(start_port, end_port)
        if ipv6:
            try:
                return cls(cls._bind(_socket.AF_INET6, ports, only_ipv6=not ipv4), ipv6=True)
            except OSError as error:
                if error.errno not in _NO_IPV6 or not ipv4:
                    raise
        return cls(cls._bind(_socket.AF_INET, ports), ipv6=False)

    def sibling(self) -> UdpSocket:
        """Another socket for the same networks, at a port that the system chooses.

        Nothing but the IP ties the two together. OSError when there is none.
        """
        sock, only_ipv6 = self._socket, False
        if sock is None:
            raise OSError(errno.EBADF, "the socket is closed")
        if self.ipv6:
            only_ipv6 = bool(sock.getsockopt(_socket.IPPROTO_IPV6, _socket.IPV6_V6ONLY))
        family = _socket.AF_INET6 if self.ipv6 else _socket.AF_INET
        return UdpSocket(self._bind(family, _ANY_PORT, only_ipv6=only_ipv6), self.ipv6, beside=self)

    @staticmethod
    def _bind(family: int, ports: range, *, only_ipv6: bool = False) -> _socket.socket:
        ipv6 = family == _socket.AF_INET6
        # _socket makes every descriptor close-on-exec
        sock = _socket.socket(family, _socket.SOCK_DGRAM, _socket.IPPROTO_UDP)
        try:
            sock.setblocking(False)
            if ipv6:
                sock.setsockopt(_socket.IPPROTO_IPV6, _socket.IPV6_V6ONLY, int(only_ipv6))
            sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_BROADCAST, 1)
            sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_RCVBUF, BUFFER_SIZE)
            sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_SNDBUF, BUFFER_SIZE)
            host = "::" if ipv6 else "0.0.0.0"
            for port in ports:
                try:
                    sock.bind((host, port))
                except OSError as error:
                    if port == ports[-1] or error.errno in _NO_IPV6:
                        raise
                else:
                    return sock
            raise OSError(errno.EADDRINUSE, "no port to bind")
        except BaseException:
            sock.close()
            raise

    def fileno(self) -> int:
        """For select and friends; -1 when closed."""
        return -1 if self._socket is None else self._socket.fileno()

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
            self.traffic.packets_sent[data[0]] += 1
            self.traffic.bytes_sent[data[0]] += len(data)

    def receive(self, limit: int = 256) -> list[tuple[bytes, Address]]:
        """What has arrived, at most `limit` datagrams. Only for sockets whose `path` knows no routes."""
        return self.path.receive(limit)[1]

    def close(self) -> None:
        """Send what is queued and close; repeating it is harmless."""
        self.path.close()
        sock, self._socket = self._socket, None
        if sock is not None:
            try:
                sock.close()
            except OSError as error:
                # somebody else in the program closed our descriptor
                self._count(error)

    def _count(self, error: OSError) -> None:
        number = error.errno or 0
        self.errors[number] = self.errors.get(number, 0) + 1


def outgoing_ip() -> bytes | None:
    """The IPv4 address that a packet to the Internet would leave with; None without a way there."""
    sock = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
    try:
        # an address of examples, RFC 5737; nothing is sent
        sock.connect(("192.0.2.1", 9))
        return _socket.inet_aton(sock.getsockname()[0])
    except OSError:
        return None
    finally:
        sock.close()


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
    resolver may take minutes; with `dns` false only numeric hosts are found. Names of Tor and I2P are never
    looked up: the internet's name servers must not hear of them (RFC 7686).
    """
    literal = parse_ip(host)
    if literal is not None:
        return [literal] if ipv6 or len(literal) == 4 else []
    if not dns or is_hidden(host):
        return []
    ips: list[bytes] = []
    for name in _look_up(host):
        ip = parse_ip(name.partition("%")[0])
        if ip is not None and ip not in ips and (ipv6 or len(ip) == 4):
            ips.append(ip)
    return ips


def is_hidden(host: str) -> bool:
    """True for a name that only a proxy into its network can look up."""
    return host.lower().rstrip(".").endswith(HIDDEN)


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


def host_text(host: bytes | str) -> str:
    """A host name as text; what is not UTF-8 becomes a name nobody has."""
    return host.decode("utf-8", "replace") if isinstance(host, bytes) else host


class NoSocket:
    """Stands in for the UDP socket when UDP is off."""

    __slots__ = ("errors", "oversized", "path", "port", "traffic")

    def __init__(self) -> None:
        self.port = self.oversized = 0
        self.errors: dict[int, int] = {}
        self.traffic = Traffic()
        self.path: Datapath | None = None

    def fileno(self) -> int:
        """Nothing to wait for."""
        return -1

    def send(self, address: Address, data: bytes) -> None:
        """There is no way out."""

    def broadcast(self, data: bytes, port: int, destinations: Iterable[Destination]) -> None:
        """There is no way out."""

    def receive(self, limit: int = 0) -> list[tuple[bytes, Address]]:
        """Nothing arrives."""
        return []

    def sibling(self) -> NoSocket:
        """Another one."""
        return NoSocket()

    def close(self) -> None:
        """Nothing to close."""
