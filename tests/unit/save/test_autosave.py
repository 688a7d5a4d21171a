"""When an instance saves into its profile: soon, but not as often as a busy friend changes something."""

from types import SimpleNamespace

import pytest

from toxpy.runtime import Timers
from toxpy.save.autosave import SAVE_CALMLY_MS, SAVE_DELAY_MS, SAVE_RETRY_MS, Autosave


class Disk:
    """A profile, and the instance that saves into it, whose state is another each ms."""

    def __init__(self):
        self.clock = SimpleNamespace(now_ms=1_000_000)
        self.rt = SimpleNamespace(timers=Timers(self.clock))
        self.identity = SimpleNamespace(public=b"k")
        self.public_key, self.savedata, self.timeout_s = b"k", b"", 8.0
        self.closed = self.read_only = self.in_use = False
        self.on_save_error = self.save_error = None
        self.broken = False
        #: when a save began, in ms from the start
        self.saves = []
        self.autosave = Autosave(self, self)

    def now_ms(self):
        return self.clock.now_ms

    def get_savedata(self):
        return str(self.clock.now_ms).encode()

    def save_soon(self, data):
        self.saves.append(self.clock.now_ms - 1_000_000)
        return self

    @property
    def done(self):
        return SimpleNamespace(is_set=lambda: True)

    def check(self):
        if self.broken:
            raise OSError("full")

    def saved(self, data):
        self.savedata = data

    def save(self, data):
        self.save_soon(data)
        self.check()
        self.savedata = data

    def run(self, ms, each=lambda: None):
        """Time passes, in passes of 10 ms; `each` is done in every one."""
        for _ in range(ms // 10):
            self.clock.now_ms += 10
            each()
            self.rt.timers.run_due()


@pytest.fixture
def disk():
    return Disk()


def test_the_first_change_is_saved_at_once_whoever_made_it(disk):
    disk.run(10, lambda: disk.autosave.changed(by_friend=True))
    assert disk.saves == [10]


def test_changes_of_ours_are_saved_soon(disk):
    disk.run(3000, disk.autosave.changed)
    assert 8 <= len(disk.saves) <= 3000 // SAVE_DELAY_MS + 1


def test_a_friend_who_never_stops_wears_no_disk_out(disk):
    disk.run(4 * SAVE_CALMLY_MS, lambda: disk.autosave.changed(by_friend=True))
    assert 4 <= len(disk.saves) <= 5
    count = len(disk.saves)
    # the last change is saved as well
    disk.run(2 * SAVE_CALMLY_MS)
    assert len(disk.saves) == count + 1


def test_a_change_of_ours_does_not_wait_for_that(disk):
    disk.run(1000, lambda: disk.autosave.changed(by_friend=True))
    assert disk.saves == [10]
    disk.autosave.changed()
    disk.run(10)
    assert disk.saves == [10, 1010]
    # nor when it comes while the disk is busy
    disk.autosave.changed(by_friend=True)
    disk.autosave.changed()
    disk.run(2 * SAVE_DELAY_MS)
    assert len(disk.saves) == 3


def test_after_a_failure_no_change_makes_it_try_sooner(disk):
    disk.broken = True
    disk.run(SAVE_RETRY_MS, disk.autosave.changed)
    assert len(disk.saves) == 1
    disk.broken = False
    disk.run(100)
    assert len(disk.saves) == 2


class Changes:
    """A capability whose changes have to be on the disk."""

    def __init__(self):
        self.version, self.on_disk = 3, 0

    def saved(self, version):
        self.on_disk = version


def test_a_capability_is_told_what_the_disk_has(disk):
    changes = Changes()
    disk.autosave.tell(changes)
    disk.autosave.changed()
    disk.run(10)
    # the save is under way, and has nothing of what comes now
    changes.version = 4
    assert disk.saves and changes.on_disk == 0
    disk.run(30)
    assert changes.on_disk == 3
    disk.autosave.changed(at_once=True)
    disk.run(30)
    assert changes.on_disk == 4 and disk.saves[1] - disk.saves[0] < SAVE_DELAY_MS


def test_it_is_not_told_of_a_save_that_failed(disk):
    changes = Changes()
    disk.autosave.tell(changes)
    disk.broken = True
    disk.run(100, lambda: disk.autosave.changed(at_once=True))
    assert len(disk.saves) == 1 and changes.on_disk == 0
    disk.broken = False
    disk.run(SAVE_RETRY_MS)
    assert changes.on_disk == 3


def test_it_is_told_when_the_disk_has_it_already(disk):
    """A change and its opposite."""
    changes = Changes()
    disk.autosave.tell(changes)
    disk.get_savedata = lambda: b"as before"
    disk.savedata = b"as before"
    disk.autosave.changed()
    disk.run(10)
    assert not disk.saves and changes.on_disk == 3


def test_another_instance_is_not_told_of_the_saves_of_the_one_before(disk):
    disk.autosave.tell(Changes())
    disk.autosave.changed()
    disk.run(10)
    other = Changes()
    disk.autosave.tell(other)
    disk.run(30)
    assert len(disk.saves) == 1 and other.on_disk == 0


def test_who_waits_for_the_disk_has_it_at_once(disk):
    changes = Changes()
    disk.autosave.tell(changes)
    disk.autosave.changed()
    disk.run(10)
    changes.version = 4
    disk.autosave.save_now()
    assert len(disk.saves) == 2 and changes.on_disk == 4
    # the one that was under way is older than what the disk has
    newest = disk.savedata
    disk.run(100)
    assert disk.savedata == newest and changes.on_disk == 4


def test_who_waits_for_a_broken_disk_is_told_and_it_is_tried_again(disk):
    changes, told = Changes(), []
    disk.autosave.tell(changes)
    disk.on_save_error = told.append
    disk.broken = True
    with pytest.raises(OSError, match="full"):
        disk.autosave.save_now()
    assert changes.on_disk == 0 and disk.save_error is told[0]
    disk.broken = False
    disk.run(SAVE_RETRY_MS + 100)
    assert changes.on_disk == 3 and disk.save_error is None
