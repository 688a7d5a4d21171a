"""Both stores of a mailbox behind calls that wait for the answer, under a clock that tests set."""

import select

from tests.support.offline_world import WallClock
from tests.support.universe import SeededRng, SimClock
from toxpy.ext.mailbox.memory_store import MemoryStore
from toxpy.ext.mailbox.sqlite_store import SqliteStore
from toxpy.runtime import Runtime

TIMEOUT_MS = 60_000
#: Members' tokens.
TOKENS = [bytes((number,)) * 32 for number in range(1, 9)]


def queue(number):
    """The name of a queue."""
    return number.to_bytes(4, "big") * 8


class Room:
    """A room of a size that a test changes."""

    def __init__(self, size):
        self.size = size

    def bytes(self, _used):
        return self.size


class Asked:
    """A store whose operations return what they call back with."""

    def __init__(self, store, rt):
        self.store, self.rt = store, rt

    def __getattr__(self, name):
        operation = getattr(self.store, name)

        def ask(*arguments, **named):
            answers = []
            operation(*arguments, answers.append, **named)
            self.wait(lambda: answers)
            assert len(answers) == 1
            return answers[0]

        return ask

    def wait(self, condition):
        """Poll as a host does until it is true."""
        poller = select.poll()
        if self.store.fileno() >= 0:
            poller.register(self.store.fileno(), select.POLLIN)
        while not condition():
            assert poller.poll(TIMEOUT_MS), "the store never answers"
            self.store.poll()

    @property
    def stats(self):
        return self.store.stats

    def put(self, number, data=bytes(256), member=0):
        return self.__getattr__("put")(queue(number), data, member)

    def read(self, number):
        """All blobs of a queue, page by page: (place, data)."""
        found, after = [], 0
        while page := self.get(queue(number), after, 3):
            found += page
            after = page[-1][0]
        return found

    def tidy(self):
        """Look, and wait until it is done."""
        self.store.tidy()
        # in order: what was posted before is done
        self.has([])

    def pass_s(self, seconds):
        """Time goes on, with a pass of the host at its end."""
        self.rt.clock.go_on(int(seconds * 1000))
        self.rt.timers.run_due()
        self.has([])

    def close(self):
        self.store.close()


class SetClock(WallClock):
    """A clock that a test moves."""

    def __init__(self, now_ms):
        self._moment = SimClock()
        self._moment.now_ms = now_ms
        super().__init__(self._moment)

    def go_on(self, by_ms):
        self._moment.now_ms += by_ms


def runtime(first_place=1, now_ms=1_000_000, ahead_s=0):
    """A new store begins at the first place; its date is so far from the usual one."""
    rt = Runtime(SetClock(now_ms), FirstPlace(first_place))
    rt.clock.ahead_s = ahead_s
    return rt


class FirstPlace(SeededRng):
    def __init__(self, place):
        super().__init__("store")
        self._place = place

    def u32(self):
        return 2 * (self._place - 1)


def in_memory(_folder, rt, *, room=None, open_to_all=False):
    return Asked(MemoryStore(rt=rt, open_to_all=open_to_all, room=room and room.bytes), rt)


def on_disk(folder, rt, *, room=None, open_to_all=False):
    path = folder / "mailbox.sqlite"
    return Asked(SqliteStore(path, rt=rt, open_to_all=open_to_all, room=room and room.bytes), rt)


MAKERS = {"memory": in_memory, "sqlite": on_disk}
