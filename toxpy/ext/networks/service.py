"""Services that make an endpoint on this machine reachable in another network.

    OnionService    tor's control port adds an onion service
    SamService      I2P's SAM bridge makes a destination
    FolderService   an onion service that somebody else set up; tor wrote its name into a folder
    NamedService    a name and port that the user tells

`start` begins to try, and tries again for ever: soon when nobody answers, since tor may just be restarted,
and ever less often when it refuses. `on_ready` hears of the address after each success, `on_failed` hears why
each try failed, or that a service which was ready is gone. Nothing is called from within `start` or `stop`.
"""

from __future__ import annotations

import posix
import stat

from toxpy.ext.networks.sam import SamForward, SamSession
from toxpy.ext.networks.tor_control import NONCE_SIZE, ONION_KEY_SIZE, Login, OnionPorts, TorControl
from toxpy.network.network_address import AddressType, NetworkAddress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.ext.networks.conversation import Conversation
    from toxpy.runtime import Runtime, Timer
    from toxpy.system.streams import Stream
    from toxpy.wire.address import Address

    Connect = Callable[[Address], Stream]

#: Pause before the first new try, doubled by each failure, ms.
FIRST_PAUSE_MS = 1000
#: Longest pause while nobody listens, ms: tor that comes up again is noticed within it.
ABSENT_PAUSE_MS = 4000
#: Longest pause after refusals, ms: tor logs a warning about each.
REFUSED_PAUSE_MS = 60_000
#: Time for a connection on this machine, ms.
CONNECT_MS = 10_000
#: Time within which no tunnel is built, ms: a kept destination that is ready sooner is an old session's, and
#: dies with it. i2pd keeps an ended session for 5 s, and then ends whatever has the same destination.
OLD_SESSION_MS, OLD_SESSION_ENDS_MS = 1000, 6000
#: Bytes of randomness in a session's name.
SESSION_NAME_SIZE = 8
#: Longest file with a name of an onion service, bytes.
MAX_HOSTNAME_SIZE = 256


class Talk:
    """One conversation over one connection, which stays open when it is done.

    `on_done` is called once; `on_failed` once when it fails or, later, the connection ends. `answered` says
    if anybody was there.
    """

    __slots__ = (
        "_conversation",
        "_on_done",
        "_on_failed",
        "_questions",
        "_rt",
        "_stream",
        "_timer",
        "answered",
    )

    def __init__(
        self,
        conversation: Conversation,
        stream: Stream,
        rt: Runtime,
        on_done: Callable[[], None],
        on_failed: Callable[[str], None],
    ) -> None:
        self._conversation = conversation
        self._stream = stream
        self._rt = rt
        self._on_done = on_done
        self._on_failed = on_failed
        self._questions = 0
        self.answered = False
        self._timer: Timer | None = rt.timers.call_later(CONNECT_MS, self._too_late)
        stream.on_ready = self._ready
        stream.write(conversation.first)

    def close(self) -> None:
        """End the connection, and with it the service."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._stream.close()

    def _ready(self) -> None:
        conversation = self._conversation
        data = self._stream.read()
        if data is None:
            self._over()
            return
        if self._stream.is_connected():
            self.answered = True
        if conversation.done:
            return
        answer = conversation.feed(data)
        if conversation.failure is not None:
            self._fail(conversation.failure)
            return
        if answer:
            self._stream.write(answer)
        self._watch()

    def _watch(self) -> None:
        """Give the next answer its time. What trickles in gets no more of it."""
        conversation = self._conversation
        if self._timer is None or not self.answered:
            return
        if conversation.done:
            self._timer.cancel()
            self._timer = None
            self._on_done()
        elif conversation.questions != self._questions:
            self._questions = conversation.questions
            self._timer.cancel()
            self._timer = self._rt.timers.call_later(conversation.patience_ms, self._too_late)

    def _over(self) -> None:
        name = self._conversation.service
        if not self.answered:
            self._fail(f"nobody listens at {name}")
        elif self._conversation.done:
            self._fail(f"{name} ended the connection, and with it the service")
        else:
            self._fail(f"{name} ended the connection without an answer")

    def _too_late(self) -> None:
        self._timer = None
        limit_ms = self._conversation.patience_ms if self.answered else CONNECT_MS
        self._fail(f"{self._conversation.service} did not answer within {limit_ms // 1000} s")

    def _fail(self, text: str) -> None:
        self.close()
        self._on_failed(text)


class Service:
    """Tries until there is an address. `key` is for the profile to keep, b"" while there is none."""

    __slots__ = (
        "_absent",
        "_local_port",
        "_on_failed",
        "_on_ready",
        "_pause_ms",
        "_rt",
        "_timer",
        "key",
        "port",
    )

    def __init__(self, port: int, key: bytes = b"", *, rt: Runtime) -> None:
        self.port = port
        self.key = key
        self._rt = rt
        self._local_port = 0
        #: nobody was there at the last try
        self._absent = False
        self._pause_ms = FIRST_PAUSE_MS
        self._timer: Timer | None = None
        self._on_ready: Callable[[NetworkAddress], None] | None = None
        self._on_failed: Callable[[str], None] | None = None

    def start(
        self,
        local_port: int,
        on_ready: Callable[[NetworkAddress], None],
        on_failed: Callable[[str], None],
    ) -> None:
        """Make 127.0.0.1:`local_port` reachable."""
        self.stop()
        self._local_port = local_port
        self._on_ready, self._on_failed = on_ready, on_failed
        self._pause_ms = FIRST_PAUSE_MS
        self._timer = self._rt.timers.call_later(0, self._try)

    def stop(self) -> None:
        """Reachable no longer, as far as that is ours to say; repeating it is harmless."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._end()
        self._on_ready = self._on_failed = None

    def _try(self) -> None:
        """One try; it ends in `_succeeded` or `_failed`."""
        raise NotImplementedError

    def _end(self) -> None:
        """Close what a try has opened."""

    def _succeeded(self, address: NetworkAddress) -> None:
        self._pause_ms = FIRST_PAUSE_MS
        if self._on_ready is not None:
            self._on_ready(address)

    def _failed(self, text: str, absent: bool) -> None:
        self._end()
        if absent != self._absent:
            # who has just come up may refuse at first
            self._absent = absent
            self._pause_ms = FIRST_PAUSE_MS
        self._timer = self._rt.timers.call_later(self._pause_ms, self._try)
        self._pause_ms = min(2 * self._pause_ms, ABSENT_PAUSE_MS if absent else REFUSED_PAUSE_MS)
        if self._on_failed is not None:
            self._on_failed(text)


class _TalkingService(Service):
    """A service that somebody at `address`, on this machine, offers while we are connected."""

    __slots__ = ("_address", "_connect", "_talks")

    def __init__(self, address: Address, port: int, key: bytes, *, rt: Runtime, connect: Connect) -> None:
        super().__init__(port, key, rt=rt)
        self._address = address
        self._connect = connect
        self._talks: list[Talk] = []

    def _talk(self, conversation: Conversation, on_done: Callable[[], None]) -> None:
        try:
            stream = self._connect(self._address)
        except OSError as error:
            self._failed(f"no connection to {conversation.service}: {error.strerror}", absent=True)
            return
        self._talks.append(Talk(conversation, stream, self._rt, on_done, self._on_talk_failed))

    def _on_talk_failed(self, text: str) -> None:
        self._failed(text, absent=not all(talk.answered for talk in self._talks))

    def _end(self) -> None:
        talks, self._talks = self._talks, []
        for talk in talks:
            talk.close()


class OnionService(_TalkingService):
    """An onion service that tor offers while we live. `control`: the address of its control port.

    `cookie_file`: the file with tor's cookie, if it is not to be the one that the port names.
    """

    __slots__ = ("_cookie_file", "_password")

    def __init__(
        self,
        control: Address,
        port: int,
        key: bytes = b"",
        *,
        rt: Runtime,
        connect: Connect,
        password: bytes | None = None,
        cookie_file: bytes | None = None,
    ) -> None:
        # a damaged one means a new service
        known = key if len(key) == ONION_KEY_SIZE else b""
        super().__init__(control, port, known, rt=rt, connect=connect)
        self._password = password
        self._cookie_file = cookie_file

    def _try(self) -> None:
        nonce = self._rt.rng.bytes(NONCE_SIZE)
        login = Login(nonce, read_file, password=self._password, cookie_file=self._cookie_file)
        control = TorControl(login, OnionPorts(self.port, self._local_port, self.key))
        self._talk(control, lambda: self._added(control))

    def _added(self, control: TorControl) -> None:
        assert control.address is not None
        self.key = control.key
        self._succeeded(control.address)


class SamService(_TalkingService):
    """A destination that an I2P router offers while we live. `sam`: the address of its SAM bridge.

    `hops`: routers in each tunnel, None for I2P's own choice.
    """

    __slots__ = ("_began_ms", "_has_waited", "_hops")

    def __init__(
        self,
        sam: Address,
        port: int,
        key: bytes = b"",
        *,
        rt: Runtime,
        connect: Connect,
        hops: int | None = None,
    ) -> None:
        super().__init__(sam, port, key, rt=rt, connect=connect)
        self._hops = hops
        self._began_ms = 0
        #: for the end of an old session: once is enough, if a router is as fast as that
        self._has_waited = False

    def _try(self) -> None:
        self._began_ms = self._rt.clock.now_ms
        name = "toxpy" + self._rt.rng.bytes(SESSION_NAME_SIZE).hex()
        session = SamSession(name, self.key, self._hops)
        self._talk(session, lambda: self._forward(name, session))

    def _forward(self, name: str, session: SamSession) -> None:
        is_old = self.key and self._rt.clock.now_ms - self._began_ms < OLD_SESSION_MS and not self._has_waited
        self._has_waited = bool(is_old)
        if is_old:
            self._end()
            self._timer = self._rt.timers.call_later(OLD_SESSION_ENDS_MS, self._try)
            return
        self.key = session.key
        self._talk(SamForward(name, self._local_port), lambda: self._succeeded(session.address(self.port)))


class FolderService(Service):
    """A `HiddenServiceDir` of tor's: its file `hostname` has the name. Its owner chose where it leads."""

    __slots__ = ("_folder",)

    def __init__(self, folder: bytes, port: int, *, rt: Runtime) -> None:
        super().__init__(port, rt=rt)
        self._folder = folder

    def _try(self) -> None:
        path = self._folder + b"/hostname"
        try:
            name = read_file(path).strip()
            address = NetworkAddress(AddressType.ONION, name, self.port)
        except OSError as error:
            self._failed(f"{path.decode('utf-8', 'replace')}: {error.strerror}", absent=True)
        except ValueError as error:
            self._failed(f"{path.decode('utf-8', 'replace')}: {error}", absent=False)
        else:
            self._succeeded(address)


class NamedService(Service):
    """Somebody else makes the port reachable, at an address that the user told."""

    __slots__ = ("_told",)

    def __init__(self, told: NetworkAddress, *, rt: Runtime) -> None:
        super().__init__(told.port, rt=rt)
        self._told = told

    def _try(self) -> None:
        self._succeeded(self._told)


def read_file(path: bytes, size: int = 0) -> bytes:
    """A small file, of exactly `size` bytes when that is not 0. ValueError for whatever else there is.

    The path may be a stranger's choice: it may name a device, or a pipe at which nobody ever writes.
    """
    fd = posix.open(path, posix.O_RDONLY | posix.O_NONBLOCK | posix.O_CLOEXEC | posix.O_NOCTTY)
    try:
        if not stat.S_ISREG(posix.fstat(fd).st_mode):
            raise ValueError("it is no file")
        limit = size or MAX_HOSTNAME_SIZE
        data = posix.read(fd, limit + 1)
    finally:
        posix.close(fd)
    if len(data) > limit or (size and len(data) != size):
        raise ValueError(f"it has not {limit} bytes")
    return data
