"""One client's session with a mailbox: requests, one after the other, and their answers.

    NEW       waits for HELLO of our version, which says whether the client is a member
    OPEN      takes requests; while one is worked on, a few more wait
    CLOSED    the client left, said something that makes no sense, or nothing for too long

What is worked on may take a while: the store answers when it has written, and the messages of a queue leave
as the client reads them, a few in memory at a time. A request costs the same whether its queue is known or
not.
"""

from __future__ import annotations

from collections import deque

from toxpy.errors import PacketError
from toxpy.ext.mailbox.keeping import KEPT_S, number_of
from toxpy.ext.offline import ops
from toxpy.ext.offline.keys import queue_of
from toxpy.ext.offline.records import NO_TOKEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from toxpy.ext.mailbox.limits import Share, StrangersLimits
    from toxpy.ext.mailbox.store import Store
    from toxpy.runtime import Runtime, Timer

    Request = ops.Hello | ops.Put | ops.Has | ops.Get | ops.Ack | ops.Open

    class Channel(Protocol):
        """The encrypted session below."""

        def send(self, data: bytes, /) -> bool: ...
        def room(self) -> int: ...
        def close(self) -> None: ...

    class Server(Protocol):
        """Whose session it is: `toxpy.ext.mailbox.server`."""

        rt: Runtime
        store: Store
        limits: StrangersLimits

        def may_wait(self) -> bool: ...
        def done_waiting(self, count: int, /) -> None: ...
        def left(self, session: Session, /) -> None: ...


#: Requests that wait for the one before; a client with more is no client of ours.
MAX_WAITING = 16
#: Messages of one queue in memory on their way to a client.
PAGE = 4
#: Pause before the next look whether a client has read, ms.
ROOM_MS = 20
#: Part of the room that strangers have.
STRANGERS_PART = 10
_KIB = 1024

NEW, OPEN, CLOSED = range(3)


class Session:
    """Made by `MailboxServer.accept`."""

    __slots__ = (
        "_busy",
        "_channel",
        "_member",
        "_requests",
        "_running",
        "_server",
        "_share",
        "_timer",
        "_unsent",
        "_waiting",
        "network",
        "state",
        "used_ms",
    )

    def __init__(self, server: Server, channel: Channel, network: bytes) -> None:
        self._server = server
        self._channel = channel
        #: where the client is, b"" where that is not known
        self.network = network
        self.state = NEW
        #: when something came or left last
        self.used_ms = server.rt.clock.now_ms
        #: 0 for a stranger
        self._member = 0
        self._share: Share | None = None
        self._requests = ops.Requests()
        self._waiting: deque[Request] = deque()
        #: a request is worked on; requests are being taken
        self._busy = self._running = False
        #: packets of answers that the channel had no room for
        self._unsent: deque[bytes] = deque()
        self._timer: Timer | None = None

    # from the channel

    def on_packet(self, data: bytes) -> None:
        """A packet of the client."""
        if self.state == CLOSED:
            return
        self.used_ms = self._server.rt.clock.now_ms
        try:
            request = self._requests.read(data)
        except PacketError:
            self.end("mailbox_request")
            return
        if request is None:
            return
        if isinstance(request, ops.Hello) != (self.state == NEW):
            self.end("mailbox_hello")
            return
        if not isinstance(request, ops.Hello) or request.version == ops.VERSION:
            self.state = OPEN
        if len(self._waiting) >= MAX_WAITING or not self._server.may_wait():
            self.end("mailbox_waiting")
            return
        self._waiting.append(request)
        self._run()

    def on_down(self) -> None:
        """The client left."""
        self._forget()

    def end(self, reason: str) -> None:
        """The client goes too far."""
        if self.state != CLOSED:
            self._server.rt.counters.drop(reason)
            self._forget()
            self._channel.close()

    def _forget(self) -> None:
        if self.state == CLOSED:
            return
        self.state = CLOSED
        if self._timer is not None:
            self._timer.cancel()
        self._server.done_waiting(len(self._waiting))
        self._waiting.clear()
        self._unsent.clear()
        self._server.left(self)

    # requests

    def _run(self) -> None:
        """Take requests until one has to wait."""
        if self._running:
            return
        self._running = True
        while self._waiting and not self._busy:
            request = self._waiting.popleft()
            self._server.done_waiting(1)
            self._busy = True
            self._take(request)
        self._running = False

    def _take(self, request: Request) -> None:
        store = self._server.store
        if isinstance(request, ops.Put):
            self._put(request)
        elif isinstance(request, ops.Has):
            store.has(request.prefixes, lambda found: self._answer(ops.has_answer(found)))
        elif isinstance(request, ops.Get):
            self._page(queue_of(request.access), 0, ops.MAX_PER_QUEUE)
        elif isinstance(request, ops.Ack):
            store.delete(queue_of(request.access), request.numbers, self._code(ops.ACK))
        elif isinstance(request, ops.Open):
            # a stranger is number 0, whom the store refuses
            store.open_queues(self._member, request.epoch, request.queues, self._code(ops.OPEN))
        else:
            self._hello(request)

    def _code(self, op: int) -> Callable[[int], None]:
        return lambda code: self._answer(ops.code_answer(op, code))

    def _hello(self, request: ops.Hello) -> None:
        if request.version != ops.VERSION:
            self._greet(ops.BAD_VERSION, 0)
        elif request.token == NO_TOKEN:
            self._greet(ops.OK, 0)
        else:
            self._server.store.member(request.token, self._on_member)

    def _on_member(self, number: int) -> None:
        self._greet(ops.OK if number else ops.REFUSED, number)

    def _greet(self, code: int, member: int) -> None:
        server, self._member = self._server, member
        stats = server.store.stats
        free = max(stats.capacity_bytes - stats.bytes, 0)
        room_kib = (free if member else free // STRANGERS_PART) // _KIB
        unix_s = server.rt.clock.unix_s()
        self._answer(ops.hello_answer(code, unix_s, KEPT_S, ops.MAX_PER_QUEUE, room_kib))

    def _put(self, request: ops.Put) -> None:
        server, member = self._server, self._member
        if not member:
            share = self._share
            if share is None:
                share = self._share = server.limits.share(self.network)
            if not server.limits.takes(self.network, share, len(request.blob)):
                server.rt.counters.drop("mailbox_too_fast")
                self._answer(ops.code_answer(ops.PUT, ops.TOO_FAST))
                return
        server.store.put(queue_of(request.access), request.blob, member, self._code(ops.PUT))

    def _page(self, queue: bytes, after: int, left: int) -> None:
        """Ask for the next messages of a queue, of which the client is to get so many at most."""
        server, count = self._server, min(left, PAGE)
        server.store.get(queue, after, count, lambda page: self._on_page(queue, page, left))

    def _on_page(self, queue: bytes, page: list[tuple[int, bytes]], left: int) -> None:
        if self.state == CLOSED:
            return
        for place, blob in page:
            self._unsent.extend(ops.blob_answer(number_of(place), blob))
        left -= len(page)
        if len(page) < PAGE or not left:
            self._unsent.append(ops.end_answer())
            self._drain(self._done)
        else:
            last = page[-1][0]
            self._drain(lambda: self._page(queue, last, left))

    # answers

    def _answer(self, packet: bytes) -> None:
        """The last packet of an answer."""
        if self.state != CLOSED:
            self._unsent.append(packet)
            self._drain(self._done)

    def _done(self) -> None:
        self._busy = False
        self._run()

    def _drain(self, then: Callable[[], None]) -> None:
        """Send what the client has room for, and go on when all is sent."""
        unsent, channel = self._unsent, self._channel
        self._timer = None
        sent = False
        while unsent and channel.room() > 0 and channel.send(unsent[0]):
            unsent.popleft()
            sent = True
        rt = self._server.rt
        if sent:
            self.used_ms = rt.clock.now_ms
        if unsent:
            self._timer = rt.timers.call_later(ROOM_MS, lambda: self._drain(then))
        else:
            then()
