"""Lossy packets from any thread: sound and pictures leave at once, or when the instance is free.

A program may send frames in one thread while another one is inside `tox_iterate`. What seals and sends
packets must not run twice at the same time, and a frame must not wait for the end of a pass. So a packet is
put here, and whoever gets the instance's lock sends what waits: the thread that put it, or else the one
that has the lock, which calls `flush` after each time it lets go of it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from toxpy.runtime import Runtime

    class Lock(Protocol):
        """A lock that one thread may take several times."""

        def acquire(self, blocking: bool = True) -> bool: ...
        def release(self) -> None: ...

    class Connection(Protocol):
        """A FriendConnection, or what stands before one."""

        def send_lossy(self, data: bytes) -> bool: ...


#: Packets that wait at most, of sound and of the rest each: ten seconds of sound, a large picture.
MAX_WAITING = 512


class Outbox:
    """What waits. Sound leaves before everything else."""

    __slots__ = ("_audio", "_other", "_rt", "lock")

    def __init__(self, *, rt: Runtime) -> None:
        self._rt = rt
        self._audio: list[tuple[Connection, bytes]] = []
        self._other: list[tuple[Connection, bytes]] = []
        #: whoever touches the instance has it; None while one thread does everything
        self.lock: Lock | None = None

    def put(self, connection: Connection, packet: bytes, audio: bool) -> bool:
        """Have `flush` send a packet of 192 to 254; False: too much waits, and it is dropped."""
        waiting = self._audio if audio else self._other
        if len(waiting) >= MAX_WAITING:
            self._rt.counters.drop("outbox_full")
            return False
        waiting.append((connection, packet))
        return True

    def flush(self) -> None:
        """Send what waits, unless another thread is about to do so."""
        audio, other, lock = self._audio, self._other, self.lock
        if lock is None:
            self._send()
            return
        # what is put while somebody else has the lock is seen after the lock is free again: here or there
        while (audio or other) and lock.acquire(False):
            try:
                self._send()
            finally:
                lock.release()

    def _send(self) -> None:
        self._rt.clock.update()
        audio, other = self._audio, self._other
        while audio or other:
            connection, packet = (audio or other).pop(0)
            connection.send_lossy(packet)
