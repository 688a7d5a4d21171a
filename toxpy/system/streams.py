"""TCP streams and listeners of one instance, behind one epoll descriptor.

Beside `sockets` the only module with sockets. Nothing here blocks: a stream takes what it is
given into an out-buffer, and tells its owner by `on_ready` when something happened. What is
written while the instance iterates leaves in one piece at the end of the pass (`flush`); what an
API call writes leaves before the call returns.
"""

from __future__ import annotations

import _socket
import errno
import posix
import select
from struct import Struct

from toxpy.wire.address import normalise_ip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.runtime import Runtime
    from toxpy.wire.address import Address

READ_SIZE = 65536
#: Bytes to send at which a stream does not wait for the end of the pass.
FLUSH_SIZE = 65536
#: Rest of a listener with no descriptor left for a new connection, ms.
ACCEPT_PAUSE_MS = 1000
#: Connections taken from one listener in one pass.
ACCEPTS_PER_PASS = 64
BACKLOG = 256
#: Time from the last word to the end of the connections, in s: a relay of c-toxcore drops what it has not
#: read of a connection that has ended. It reads every 50 ms.
LINGER_S = 0.1

_AGAIN = (errno.EAGAIN, errno.EWOULDBLOCK)
#: Errors which say that the other end went away between its connect and our accept.
_GONE = (errno.ECONNABORTED, errno.EPROTO, errno.EINTR, errno.EPERM)
#: Flags of every write: a closed connection must not send SIGPIPE to the host program.
_FLAGS = _socket.MSG_NOSIGNAL

#: `tcpi_bytes_acked` and `tcpi_snd_wnd`, new in Linux 5.4, of the kernel's `struct tcp_info`.
_INFO = Struct("=120xQ100xI")

_IN, _OUT = select.EPOLLIN, select.EPOLLOUT


def _nothing() -> None:
    """Nobody listens."""


class Stream:
    """One TCP connection; made by `Streams` only.

    `on_ready` is called when it connected, has data, failed or was closed by the other side, or when
    the out-buffer has drained.
    """

    __slots__ = (
        "_connected",
        "_events",
        "_failed",
        "_given",
        "_out",
        "_out_size",
        "_socket",
        "_streams",
        "address",
        "on_ready",
    )

    def __init__(self, streams: Streams, sock: _socket.socket, address: Address, connected: bool) -> None:
        self._streams = streams
        self._socket: _socket.socket | None = sock
        self.address = address
        self.on_ready: Callable[[], None] = _nothing
        self._connected = connected
        self._failed = False
        self._out: list[bytes] = []
        self._out_size = 0
        #: bytes that the kernel took
        self._given = 0
        self._events = _IN if connected else _IN | _OUT
        streams.register(sock.fileno(), self, self._events)

    def is_connected(self) -> bool:
        """Did the connection come to be, and is it still."""
        return self._connected and not self._failed

    def pending(self) -> int:
        """Bytes that the kernel has not taken yet."""
        return self._out_size

    def window(self) -> int:
        """Bytes that the other side's kernel would still take; -1 when ours cannot tell."""
        sock = self._socket
        if sock is None or self._failed:
            return -1
        try:
            info = sock.getsockopt(_socket.IPPROTO_TCP, _socket.TCP_INFO, _INFO.size)
        except OSError as error:
            self._streams.count(error.errno or 0)
            return -1
        if len(info) < _INFO.size:
            return -1
        acknowledged, window = _INFO.unpack(info)
        free: int = window - (self._given - acknowledged) - self._out_size
        return max(free, 0)

    def read(self) -> bytes | None:
        """What is there now, at most 64 KiB; b"" for nothing, None when the connection is over."""
        sock = self._socket
        if sock is None or self._failed:
            return None
        if not self._connected:
            return b""
        try:
            data = sock.recv(READ_SIZE)
        except OSError as error:
            if error.errno in _AGAIN:
                return b""
            self._fail(error.errno or 0)
            return None
        return data or None

    def write(self, data: bytes) -> None:
        """Send, or keep until the kernel takes it; nothing when the connection is over."""
        if self._socket is None or self._failed:
            return
        self._out.append(data)
        self._out_size += len(data)
        if self._connected and self._out_size >= FLUSH_SIZE and not self._events & _OUT:
            # what the kernel has room for must not look like a peer who does not read
            self.flush()
        elif self._connected:
            self._streams.wrote(self)

    def close(self) -> None:
        """Close; repeating it is harmless. What is still pending gets one last chance."""
        sock = self._socket
        if sock is None:
            return
        if self._out and self.is_connected():
            self.flush()
        self._socket = None
        self.on_ready = _nothing
        self._out.clear()
        self._out_size = 0
        self._streams.forget(sock.fileno(), self)
        self._streams.close_socket(sock)

    def written(self) -> int:
        """Bytes that were to be sent so far."""
        return self._given + self._out_size

    # for Streams

    def flush(self) -> None:
        """Give the kernel what it takes."""
        sock = self._socket
        if sock is None or self._failed or not self._out:
            return
        data = self._out[0] if len(self._out) == 1 else b"".join(self._out)
        try:
            sent = sock.send(data, _FLAGS)
        except OSError as error:
            if error.errno not in _AGAIN:
                self._fail(error.errno or 0)
                return
            sent = 0
        if sent == len(data):
            self._out.clear()
        else:
            self._out[:] = (data[sent:],)
        self._out_size = len(data) - sent
        self._given += sent
        self._watch(_IN | _OUT if self._out else _IN)

    def happened(self, events: int) -> None:
        """epoll says that something did."""
        sock = self._socket
        if sock is None:
            return
        if not self._connected and not self._failed:
            number = sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_ERROR)
            if number:
                self._fail(number)
            elif events & _OUT:
                self._connected = True
                self._watch(_IN)
            else:
                return
        if events & _OUT and self._out:
            self.flush()
            if self._out and not events & ~_OUT:
                # the owner hears of it when all is gone
                return
        self.on_ready()

    def _watch(self, events: int) -> None:
        sock = self._socket
        if events != self._events and sock is not None:
            self._events = events
            self._streams.modify(sock.fileno(), events)

    def _fail(self, number: int) -> None:
        self._failed = True
        self._out.clear()
        self._out_size = 0
        self._streams.count(number)
        self._streams.failed(self)


class Listener:
    """A listening socket; `on_accept` gets every new stream."""

    __slots__ = ("_socket", "_streams", "on_accept", "port")

    def __init__(self, streams: Streams, sock: _socket.socket) -> None:
        self._streams = streams
        self._socket: _socket.socket | None = sock
        self.port: int = sock.getsockname()[1]
        self.on_accept: Callable[[Stream], None] = Stream.close
        self._watch()

    def _watch(self) -> None:
        if self._socket is not None:
            self._streams.register(self._socket.fileno(), self, _IN)

    def _resume(self) -> None:
        try:
            self._watch()
        except OSError as error:
            self._streams.count(error.errno or 0)
            self._streams.rt.timers.call_later(ACCEPT_PAUSE_MS, self._resume)

    def happened(self, _events: int) -> None:
        """epoll says that somebody is waiting."""
        for _ in range(ACCEPTS_PER_PASS):
            sock = self._socket
            if sock is None:
                return
            try:
                fd, name = sock._accept()  # type: ignore[attr-defined]
            except OSError as error:
                number = error.errno or 0
                if number in _AGAIN:
                    return
                self._streams.count(number)
                if number in _GONE:
                    continue
                # out of descriptors, or broken: epoll would report it for ever
                self._streams.forget(sock.fileno(), self)
                self._streams.rt.timers.call_later(ACCEPT_PAUSE_MS, self._resume)
                return
            self._streams.accepted(self, _socket.socket(sock.family, sock.type, sock.proto, fd), name)

    def close(self) -> None:
        """Accept nobody any more."""
        sock = self._socket
        if sock is not None:
            self._socket = None
            self._streams.forget(sock.fileno(), self)
            self._streams.close_socket(sock)


class Streams:
    """Makes streams and listeners, and brings what epoll reports to them.

    `poll` begins a pass of the instance and `flush` ends it. Errors are counted in `errors` by errno.
    """

    __slots__ = ("_corked", "_dirty", "_epoll", "_failed", "_objects", "_watched", "errors", "ipv6", "rt")

    def __init__(self, *, rt: Runtime, ipv6: bool = True) -> None:
        self.rt = rt
        self.ipv6 = ipv6
        self._epoll: select.epoll | None = None
        self._objects: dict[int, Stream | Listener] = {}
        self._watched: list[int] = []
        self._dirty: list[Stream] = []
        self._failed: list[Stream] = []
        self._corked = False
        #: errno -> how often
        self.errors: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._objects)

    def connect(self, address: Address) -> Stream:
        """Begin a connection; OSError when there can be no socket for it. Failing later is told by `read`."""
        ip, port = address
        family = _socket.AF_INET if len(ip) == 4 else _socket.AF_INET6
        sock = _socket.socket(family, _socket.SOCK_STREAM, _socket.IPPROTO_TCP)
        try:
            sock.setblocking(False)
            _without_delay(sock)
            number = sock.connect_ex((_socket.inet_ntop(family, ip), port))
            stream = Stream(self, sock, address, connected=False)
        except BaseException:
            sock.close()
            raise
        if number not in (0, errno.EINPROGRESS):
            stream._fail(number)
        return stream

    def listen(self, port: int, host: str | None = None) -> Listener:
        """Listen on all interfaces, or on one numeric host.

        With IPv6 one listener serves both families. OSError when the port is taken or no descriptor is left.
        """
        if host is None and self.ipv6:
            try:
                return self._listen(_socket.AF_INET6, "::", port)
            except OSError as error:
                if error.errno not in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
                    raise
        family = _socket.AF_INET6 if host is not None and ":" in host else _socket.AF_INET
        return self._listen(family, host or "0.0.0.0", port)

    def _listen(self, family: int, host: str, port: int) -> Listener:
        sock = _socket.socket(family, _socket.SOCK_STREAM, _socket.IPPROTO_TCP)
        try:
            sock.setblocking(False)
            sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
            if family == _socket.AF_INET6:
                sock.setsockopt(_socket.IPPROTO_IPV6, _socket.IPV6_V6ONLY, int(host != "::"))
            sock.bind((host, port))
            sock.listen(BACKLOG)
            return Listener(self, sock)
        except BaseException:
            sock.close()
            raise

    def watch(self, fd: int) -> None:
        """Let `fileno` become readable with this descriptor as well; it is handled elsewhere."""
        self._watched.append(fd)
        if self._epoll is not None:
            self._epoll.register(fd, _IN)

    def unwatch(self, fd: int) -> None:
        """No longer, before it is closed. Repeating it is harmless."""
        if fd in self._watched:
            self._watched.remove(fd)
            if self._epoll is not None:
                try:
                    self._epoll.unregister(fd)
                except OSError as error:
                    # somebody else in the program closed the descriptor
                    self.count(error.errno or 0)

    def fileno(self) -> int:
        """One descriptor that becomes readable when anything here does."""
        return self._descriptor().fileno()

    def poll(self) -> None:
        """Begin a pass: bring what has happened to its owners."""
        self._corked = True
        if self._failed:
            failed, self._failed = self._failed, []
            for stream in failed:
                stream.on_ready()
        if self._epoll is None or not self._objects:
            return
        objects = self._objects
        news = self._epoll.poll(0)
        if news:
            self.rt.pace.heard()
        for fd, events in news:
            thing = objects.get(fd)
            if thing is not None:
                thing.happened(events)

    def flush(self) -> None:
        """End a pass: send what was written meanwhile."""
        self._corked = False
        dirty = self._dirty
        if dirty:
            self._dirty = []
            for stream in dirty:
                stream.flush()

    def written(self) -> int:
        """Bytes that all streams were to send so far."""
        return sum(thing.written() for thing in self._objects.values() if isinstance(thing, Stream))

    def linger(self) -> None:
        """Before `close`: wait until the other ends have read what was said last."""
        self.flush()
        select.select((), (), (), LINGER_S)

    def leave_to_parent(self) -> None:
        """After a fork the child's copies of the parent's connections are over; nothing of it shows outside.

        `fileno` stays the same number, but what it watches is ours alone: until now, whatever one of the
        two processes watched or not counted for both.
        """
        self._dirty.clear()
        old, own = self._descriptor(), select.epoll()
        posix.dup2(own.fileno(), old.fileno(), False)
        own.close()
        for fd in self._watched:
            old.register(fd, _IN)
        for fd, thing in self._objects.items():
            if isinstance(thing, Listener):
                old.register(fd, _IN)
            else:
                old.register(fd, 0)
                thing._fail(errno.ECONNABORTED)

    def close(self) -> None:
        """Close everything; repeating it is harmless."""
        for thing in list(self._objects.values()):
            thing.close()
        if self._epoll is not None:
            self._epoll.close()
            self._epoll = None
        self._watched.clear()
        self._failed.clear()

    # for streams and listeners

    def _descriptor(self) -> select.epoll:
        if self._epoll is None:
            self._epoll = select.epoll()
            for fd in self._watched:
                self._epoll.register(fd, _IN)
        return self._epoll

    def register(self, fd: int, thing: Stream | Listener, events: int) -> None:
        """Watch a new descriptor."""
        self._descriptor().register(fd, events)
        self._objects[fd] = thing

    def modify(self, fd: int, events: int) -> None:
        """Watch a descriptor for something else."""
        if self._epoll is not None and fd in self._objects:
            self._epoll.modify(fd, events)

    def forget(self, fd: int, thing: Stream | Listener) -> None:
        """Watch a descriptor no longer, before it is closed."""
        if self._objects.get(fd) is thing:
            del self._objects[fd]
            if self._epoll is not None:
                try:
                    self._epoll.unregister(fd)
                except OSError as error:
                    # somebody else in the program closed our descriptor
                    self.count(error.errno or 0)

    def wrote(self, stream: Stream) -> None:
        """A stream has something to send: now, or at the end of the pass."""
        if not self._corked:
            stream.flush()
        else:
            self._dirty.append(stream)

    def failed(self, stream: Stream) -> None:
        """A stream failed outside of its `on_ready`: tell its owner in the next pass."""
        self._failed.append(stream)
        self.rt.timers.call_later(0, _nothing)

    def close_socket(self, sock: _socket.socket) -> None:
        """Close; an error is counted like any other."""
        try:
            sock.close()
        except OSError as error:
            self.count(error.errno or 0)

    def count(self, number: int) -> None:
        """An error of the system."""
        self.errors[number] = self.errors.get(number, 0) + 1

    def accepted(self, listener: Listener, sock: _socket.socket, name: tuple[str, int]) -> None:
        """Somebody connected."""
        try:
            sock.setblocking(False)
            _without_delay(sock)
            ip = _socket.inet_pton(sock.family, str(name[0]).partition("%")[0])
            stream = Stream(self, sock, (normalise_ip(ip), name[1]), connected=True)
        except OSError as error:
            # gone already, or no room in epoll
            self.count(error.errno or 0)
            sock.close()
            return
        listener.on_accept(stream)


def _without_delay(sock: _socket.socket) -> None:
    """Frames leave at once: a pass's worth is already in one piece."""
    sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
