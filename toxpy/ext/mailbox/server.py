"""All sessions of a mailbox, on whatever encrypted channel they come.

A mailbox has so many sessions at most. When there are more, the one that was silent longest of the network
with the most sessions goes, so that nobody can keep all others out from one place.
"""

from __future__ import annotations

from toxpy.ext.mailbox.limits import StrangersLimits, network_of
from toxpy.ext.mailbox.session import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.ext.mailbox.session import Channel
    from toxpy.ext.mailbox.store import Store
    from toxpy.runtime import Runtime, Timer
    from toxpy.wire.address import Address

MAX_SESSIONS = 1024
#: Time without a packet in either direction after which a session ends, ms, and between two looks at that.
IDLE_TIMEOUT_MS, LOOK_MS = 60_000, 10_000
#: Requests of all sessions that may wait: at most some 4 KB each.
MAX_WAITING = 2048


class MailboxServer:
    """Speaks the protocol of mailboxes over a store, which it does not close."""

    __slots__ = ("_networks", "_sessions", "_timer", "_waiting", "limits", "rt", "store")

    def __init__(self, store: Store, *, rt: Runtime) -> None:
        self.rt = rt
        self.store = store
        self.limits = StrangersLimits(rt.clock)
        #: the youngest last
        self._sessions: dict[Session, None] = {}
        #: how many sessions each network has
        self._networks: dict[bytes, int] = {}
        self._waiting = 0
        self._timer: Timer | None = None

    def __len__(self) -> int:
        return len(self._sessions)

    def accept(self, channel: Channel, source: Address | None = None) -> Session:
        """A client's session over an encrypted channel; `source` is where it is, if that is known."""
        if len(self._sessions) >= MAX_SESSIONS:
            self._make_room()
        network = network_of(source)
        session = Session(self, channel, network)
        self._sessions[session] = None
        self._networks[network] = self._networks.get(network, 0) + 1
        self.rt.counters.count("mailbox_sessions")
        if self._timer is None:
            self._timer = self.rt.timers.call_later(LOOK_MS, self._look)
        return session

    def _make_room(self) -> None:
        crowded = max(self._networks, key=self._networks.__getitem__)
        theirs = [session for session in self._sessions if session.network == crowded]
        min(theirs, key=lambda session: session.used_ms).end("mailbox_full")

    def _look(self) -> None:
        """End sessions that nobody uses."""
        too_old_ms = self.rt.clock.now_ms - IDLE_TIMEOUT_MS
        for session in [session for session in self._sessions if session.used_ms <= too_old_ms]:
            session.end("mailbox_idle")
        self._timer = self.rt.timers.call_later(LOOK_MS, self._look) if self._sessions else None

    def close(self) -> None:
        """End all sessions."""
        for session in list(self._sessions):
            session.end("mailbox_closed")
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # for sessions

    def may_wait(self) -> bool:
        """True, and counted, if one more request may wait."""
        if self._waiting >= MAX_WAITING:
            return False
        self._waiting += 1
        return True

    def done_waiting(self, count: int) -> None:
        """So many requests wait no longer."""
        self._waiting -= count

    def left(self, session: Session) -> None:
        """A session ended."""
        del self._sessions[session]
        left = self._networks[session.network] - 1
        if left:
            self._networks[session.network] = left
        else:
            del self._networks[session.network]
