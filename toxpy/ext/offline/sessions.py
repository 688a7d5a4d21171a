"""Which session with a mailbox begins when: two at once at most, one per mailbox, seconds apart, unordered.

A mailbox, and whoever looks at the line, shall not see from order and moments what belongs together.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from toxpy.ext.offline.records import Mailbox
    from toxpy.runtime import Runtime, Timer

    class Link(Protocol):
        """A session, as `toxpy.ext.offline.link.Link`."""

        def send(self, data: bytes, /) -> bool: ...
        def room(self) -> int: ...
        def close(self) -> None: ...

    class Opener(Protocol):
        """Who opens them, as `toxpy.ext.offline.link.Links`."""

        def open(self, mailbox: Mailbox, owner: Session, /) -> Link: ...

    class Job(Protocol):
        """What wants a session."""

        mailbox: Mailbox

        def on_up(self, session: Session, /) -> None:
            """It is there."""

        def on_packet(self, packet: bytes, /) -> None:
            """The mailbox says something."""

        def on_down(self, reason: str, /) -> None:
            """It ended, or could not begin; not after `Session.close`."""


#: Sessions at once.
MAX_SESSIONS = 2
#: Time between the beginnings of two, ms: at least, and random on top.
APART_MS, APART_SPREAD_MS = 1000, 3000


class Session:
    """One of them, as its job sees it; the owner of the link."""

    __slots__ = ("_job", "_link", "_sessions")

    def __init__(self, sessions: Sessions, job: Job) -> None:
        self._sessions = sessions
        self._job = job
        self._link: Link | None = None

    def begin(self, links: Opener) -> None:
        """Open the link."""
        self._link = links.open(self._job.mailbox, self)

    def is_of(self, job: Job) -> bool:
        """True if it is that job's."""
        return self._job is job

    # for the job

    def send(self, data: bytes) -> bool:
        """Send a packet; False if there is no room, or no session any more."""
        return self._link is not None and self._link.send(data)

    def room(self) -> int:
        """How many packets to send now at most."""
        return 0 if self._link is None else self._link.room()

    def close(self) -> None:
        """End it; the job hears nothing more."""
        link, self._link = self._link, None
        if link is not None:
            link.close()
        self._sessions.on_over(self)

    # the link's owner

    def on_up(self) -> None:
        """The mailbox is there."""
        self._job.on_up(self)

    def on_packet(self, data: bytes) -> None:
        """It says something."""
        self._job.on_packet(data)

    def on_down(self, reason: str) -> None:
        """It is over."""
        self._link = None
        self._sessions.on_over(self)
        self._job.on_down(reason)

    @property
    def mailbox_pk(self) -> bytes:
        """Who is at the other end."""
        return self._job.mailbox.real_pk


class Sessions:
    """Those of an instance, and the jobs that wait for one."""

    __slots__ = ("_begin_ms", "_links", "_open", "_rt", "_timer", "_waiting")

    def __init__(self, links: Opener, *, rt: Runtime) -> None:
        self._links = links
        self._rt = rt
        self._open: list[Session] = []
        self._waiting: list[Job] = []
        #: when the next one may begin
        self._begin_ms = 0
        self._timer: Timer | None = None

    def ask(self, job: Job) -> None:
        """Begin a session for it when there is room."""
        self._waiting.append(job)
        self._plan()

    def withdraw(self, job: Job) -> None:
        """It needs none any more; the job hears nothing."""
        if job in self._waiting:
            self._waiting.remove(job)
        for session in [session for session in self._open if session.is_of(job)]:
            session.close()

    def on_over(self, session: Session) -> None:
        """One ended."""
        if session in self._open:
            self._open.remove(session)
            self._plan()

    def _ready(self) -> list[Job]:
        """The jobs of which one may begin."""
        if len(self._open) >= MAX_SESSIONS:
            return []
        busy = {session.mailbox_pk for session in self._open}
        return [job for job in self._waiting if job.mailbox.real_pk not in busy]

    def _plan(self) -> None:
        if self._timer is None and self._ready():
            self._timer = self._rt.timers.call_at(max(self._begin_ms, self._rt.clock.now_ms), self._due)

    def _due(self) -> None:
        self._timer = None
        ready, rt = self._ready(), self._rt
        if not ready:
            return
        job = rt.rng.choice(ready)
        self._waiting.remove(job)
        self._begin_ms = rt.clock.now_ms + APART_MS + rt.rng.below(APART_SPREAD_MS)
        session = Session(self, job)
        self._open.append(session)
        session.begin(self._links)
        self._plan()

    def end(self) -> None:
        """The instance ends: nothing begins any more, and nobody hears anything."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._waiting.clear()
        for session in self._open[:]:
            session.close()
