"""Saving a running instance into its profile: at once after a change, now and then, and at the end.

A program may be killed right after it got a friend, so the first change is saved in the next pass, and those
that follow it a moment later together. What friends can change as often as they like is saved less often.

What may happen only once a change is on the disk waits in a `Durable`, which is told of each save.

The instance's own timers drive it, in the thread that iterates; the disk is waited for in the file's
thread (`toxpy.save.diskfile`), so a disk that hangs stops nothing here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Protocol

    from toxpy.crypto.keys import KeyPair
    from toxpy.runtime import Runtime, Timer
    from toxpy.save.diskfile import Job
    from toxpy.save.profile import Profile

    class Instance(Protocol):
        """Who is saved: a Core."""

        rt: Runtime

        @property
        def identity(self) -> KeyPair: ...
        def now_ms(self) -> int: ...
        def get_savedata(self) -> bytes: ...

    class Durable(Protocol):
        """A capability that counts its changes, and is told up to which of them the disk has."""

        @property
        def version(self) -> int: ...
        def saved(self, version: int) -> None: ...


#: Milliseconds between two saves, between two without a change, and from a failure to the next try.
SAVE_DELAY_MS, SAVE_INTERVAL_MS, SAVE_RETRY_MS = 300, 600_000, 30_000
#: The same between two saves for changes that only friends made, who may be busy: disks wear out.
SAVE_CALMLY_MS = 10_000
#: Milliseconds between looks whether a save is done.
_LOOK_MS = 20


class Autosave:
    """Of one instance and one profile, until `release`."""

    def __init__(self, profile: Profile, core: Instance) -> None:
        if profile.closed or profile.read_only:
            raise ValueError("the profile is closed or was opened read-only")
        if profile.in_use:
            raise ValueError("another instance saves into this profile")
        if core.identity.public != profile.public_key:
            raise ValueError("the instance is of another identity than the profile")
        profile.in_use = True
        self.profile = profile
        self._core = core
        self._timer: Timer | None = None
        self._job: Job | None = None
        self._written = profile.savedata
        self._end_ms = 0
        self._durable: Durable | None = None
        #: what `_written` has of it
        self._version = 0
        #: when the state was last looked at to be saved
        self._begun_ms = core.now_ms() - SAVE_CALMLY_MS
        self._again = False
        #: milliseconds between the last save and the one that is wanted
        self._delay_ms = SAVE_DELAY_MS
        self._arm(SAVE_INTERVAL_MS)

    def _arm(self, delay_ms: int, callback: Callable[[], None] | None = None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._core.rt.timers.call_at(self._core.now_ms() + delay_ms, callback or self._begin)

    def tell(self, durable: Durable | None) -> None:
        """Tell it of each save from now on; another instance may have another one, or none."""
        self._durable, self._version = durable, 0

    def changed(self, by_friend: bool = False, at_once: bool = False) -> None:
        """Something worth keeping changed: save it, once for all that changes before the next pass.

        `by_friend`: only a friend did it, who may do so all the time. `at_once`: somebody waits for the save.
        """
        delay_ms = SAVE_CALMLY_MS if by_friend else SAVE_DELAY_MS
        if at_once:
            delay_ms = 0
        if self._again and delay_ms >= self._delay_ms:
            return
        self._again, self._delay_ms = True, delay_ms
        if self._job is None:
            self._arm(max(0, self._begun_ms + delay_ms - self._core.now_ms()))

    def _begin(self) -> None:
        """Hand the present state to the disk, unless it is there already."""
        self._again = False
        self._begun_ms = self._core.now_ms()
        data = self._collect()
        if data == self.profile.savedata:
            self._on_disk()
            self._arm(SAVE_INTERVAL_MS)
            return
        self._written = data
        self._job = self.profile.save_soon(data)
        self._end_ms = self._core.now_ms() + int(self.profile.timeout_s * 1000)
        self._arm(_LOOK_MS, self._look)

    def _collect(self) -> bytes:
        """The present state."""
        if self._durable is not None:
            self._version = self._durable.version
        return self._core.get_savedata()

    def _on_disk(self) -> None:
        """The disk has what was collected last."""
        self.profile.save_error = None
        if self._durable is not None:
            self._durable.saved(self._version)

    def save_now(self) -> None:
        """Save the present state, and wait for the disk; OSError when that fails."""
        data = self._collect()
        if data != self.profile.savedata or self._job is not None:
            # what is under way is older, and the disk does one after the other
            self._job = None
            self._begun_ms = self._core.now_ms()
            try:
                self.profile.save(data)
            except OSError as error:
                self._failed(error)
                raise
        self._again = False
        self._on_disk()
        self._arm(SAVE_INTERVAL_MS)

    def _look(self) -> None:
        """See how far the disk is."""
        job = self._job
        if job is None:
            return
        if job.done.is_set():
            self._job = None
            try:
                job.check()
            except OSError as error:
                self._failed(error)
                return
            self.profile.saved(self._written)
            self._on_disk()
            self._arm(self._delay_ms if self._again else SAVE_INTERVAL_MS)
        elif self._core.now_ms() >= self._end_ms:
            self._job = None
            self._failed(job.give_up(self.profile.timeout_s))
        else:
            self._arm(_LOOK_MS, self._look)

    def _failed(self, error: OSError) -> None:
        # no change is worth a sooner try
        self._again, self._delay_ms = True, 0
        self._arm(SAVE_RETRY_MS)
        self.profile.save_error = error
        if self.profile.on_save_error is not None:
            self.profile.on_save_error(error)

    def follow(self, core: Instance) -> None:
        """The same identity goes on in another core."""
        self._core, self._timer = core, None
        self._again = False
        if self._job is not None:
            self._arm(0, self._look)
        self.changed()

    def release(self) -> Callable[[], None]:
        """End; what is returned makes the last save and waits for the disk. It needs the instance no more."""
        if self._timer is not None:
            self._timer.cancel()
        profile = self.profile
        profile.in_use = False
        data = self._core.get_savedata()

        def finish() -> None:
            # a save that is still under way is older; one that failed did not change `savedata`
            if data != profile.savedata or self._job is not None:
                profile.save(data)

        return finish
