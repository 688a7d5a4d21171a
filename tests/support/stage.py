"""Two friends in the simulated universe, with `Tox` on top of their cores."""

import toxpy
from tests.support.worlds import SimulatedWorld
from toxpy.generated import typed_events as te
from toxpy.tox import Tox


class Stage(SimulatedWorld):
    """`alice` has `bob` as friend 0 and the other way round; what either was told is in `seen`."""

    def __init__(self, **network):
        super().__init__(**network)
        alice, bob = self.friends()
        self.cores = alice.tox, bob.tox
        for actor in (alice, bob):
            actor.collect = lambda: None
        self.alice, self.bob = Tox(core=alice.tox), Tox(core=bob.tox)
        self.seen = {self.alice: [], self.bob: []}

    def run(self, condition, timeout_s=60):
        def passed():
            for tox, seen in self.seen.items():
                if not tox.closed:
                    seen += tox.iterate()
            return condition()

        assert self.run_until(passed, timeout_s), self.seen

    def run_for_ms(self, duration_ms):
        end_ms = self.universe.clock.now_ms + duration_ms
        self.run(lambda: self.universe.clock.now_ms >= end_ms)

    def offer(self, tox=None):
        """Wait for an offer to bob."""
        tox = tox or self.bob
        found = []

        def came():
            found.extend(event for event in self.seen[tox] if isinstance(event, te.FileRecv))
            return bool(found)

        self.run(came)
        self.seen[tox].remove(found[0])
        return found[0]

    def finish(self, *transfers):
        self.run(lambda: all(transfer.over for transfer in transfers))

    def break_connection(self):
        """Both sides lose the connection and find each other again."""
        connection = self.cores[0].messenger.friend(0).connection
        connection.crypto.kill()
        connection.on_closed()
        online = toxpy.Connection.NONE
        self.run(lambda: self.bob.friend_get_connection_status(0) == online)
        self.run(lambda: all(tox.friend_get_connection_status(0) != online for tox in (self.alice, self.bob)))
