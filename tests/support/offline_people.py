"""Two friends who are never there together, their mailboxes, and a hand that kills any of them at any step.

A `Person` is an instance with a disk. What a program does around it is done here in steps: the save is
written, the instance hears of it, an event comes, the program's log has it. At each step, and at each packet,
`stage.step` is asked; where it says so the instance is dropped as by `kill -9`, and begins anew from what its
disk had. The program keeps its log by the ids of the messages.
"""

from __future__ import annotations

import functools

from tests.support.offline_world import (
    FakeLinks,
    PlainMailbox,
    PostNet,
    Runner,
    WallClock,
    runtime,
)
from tests.support.sim_streams import SimStreams, TcpFabric
from tests.support.universe import Universe
from tests.support.worlds import SimulatedWorld, loopback_options
from toxpy.core import Core
from toxpy.crypto.keys import KeyPair
from toxpy.ext.messages.events import ExtendedMessage, ExtendedReceipt
from toxpy.ext.offline import engine
from toxpy.ext.offline.options import Offline
from toxpy.ext.offline.records import Mailbox
from toxpy.ext.offline.states import STORED
from toxpy.runtime import Runtime, no_log

#: Keys of the mailboxes.
KEYS = [KeyPair(bytes((number,)) * 32) for number in (51, 52, 53)]
MAILBOXES = [
    Mailbox(f"203.0.113.{number}", 33445, bytes((number,)) * 32, key.public)
    for number, key in enumerate(KEYS, 1)
]
#: Milliseconds for which the disk is busy after a save.
DISK_MS = 4_000
#: Seconds until somebody starts the program again.
RESTART_S = 5


class Killed(Exception):
    """Here the process was killed."""


class Person:
    """Somebody with a program, a disk and a log of messages by id."""

    inbox = siblings = ()

    def __init__(self, stage, name, disk):
        self.stage, self.name, self.disk = stage, name, disk
        self.core = None
        #: it is meant to run
        self.wanted = False
        self.wall = WallClock(stage.universe.clock)
        #: on the disk as well
        self.log, self.receipts = {}, set()
        self.lost = []
        #: (text, id) of what `send` returned for
        self.told = []
        self.starts = self.disk_ms = 0

    def step(self, what):
        """Is this the last thing that it does?"""
        self.stage.step(self.name, what)

    def start(self):
        """The program is started."""
        self.wanted = True
        self.starts += 1
        stage = self.stage
        rt = runtime(stage.universe, f"{self.name} {self.starts}", self.wall)
        options = loopback_options(self.disk, udp=False)
        options.offline_messages = Offline(MAILBOXES[: stage.count], cover=False)
        socket = stage.universe.socket()
        streams = SimStreams(stage.fabric, socket, rt)
        with stage.links_of(self):
            self.core = Core(options, rt=rt, streams=streams)
        self.rt = rt
        self.engine = self.core.offline.capability
        self.engine.holds_events = True
        self.saved_version = self.engine.version
        stage.universe.add(self, self)

    def stop(self):
        """The program ends, as its user wants."""
        self.wanted = False
        self.last_states = self.states()
        if self.core is not None:
            try:
                self.save(at_once=True)
                self.core.kill()
            except Killed:
                self.stage.killed += 1
            self._leave()

    def _leave(self):
        self.stage.universe.remove(self)
        self.stage.net.leave(self.links)
        self.core = None

    def iterate(self):
        """A pass of the program; the kill ends it."""
        try:
            self._pass()
        except Killed:
            self.crash()

    def crash(self):
        """The process is gone, and comes back."""
        if self.core is not None:
            self._leave()
            self.stage.killed += 1
            self.stage.after(RESTART_S, self._restart)

    def _restart(self):
        if self.wanted:
            self.start()

    def _pass(self):
        core = self.core
        core.iterate()
        while True:
            for event in core.drain_events():
                self._on_event(event)
            if not self.save() and not core.has_events():
                return

    def _on_event(self, event):
        self.step("event")
        if isinstance(event, ExtendedMessage):
            self.log.setdefault(event.id, []).append(event.message)
        elif isinstance(event, ExtendedReceipt):
            self.receipts.add(event.id)
        elif type(event).__name__ == "OfflineMessageLost":
            self.lost.append(event.reason)
        self.step("event is in the log")

    def save(self, at_once=False):
        """Write what is new, unless the disk is busy; False if nothing is written."""
        version, now_ms = self.engine.version, self.rt.clock.now_ms
        if version == self.saved_version or (now_ms < self.disk_ms and not at_once):
            return False
        self.disk_ms = now_ms + DISK_MS
        # a pass when it has time again
        self.rt.timers.call_at(self.disk_ms, lambda: None)
        self.step("before the save")
        self.disk = self.core.get_savedata()
        self.step("saved")
        self.engine.saved(version)
        self.saved_version = version
        self.step("the instance knows")
        return True

    def send(self, text):
        """Send a text to the friend: the id once the program knows that it is kept; None after a kill."""
        try:
            sent = self.core.offline.send(0, 0, text)
            self.save(at_once=True)
        except Killed:
            self.crash()
            return None
        self.told.append((text, sent.id))
        return sent.id

    def states(self):
        """Of the messages that wait; None while the program does not run."""
        return None if self.core is None else [message.state for message in self.core.offline.outbox(0)]


class Stage:
    """The place: `step(who, what)` counts, and kills at the steps of `kills`, which are (who, number)."""

    def __init__(self, seed=0, kills=(), make=PlainMailbox, count=3, **network):
        self.universe = Universe(seed)
        self.fabric = TcpFabric(self.universe)
        self.net = PostNet(seed, **network)
        self.net.on_carry = self._on_carry
        self.net.on_arrive = self._on_arrive
        self.kills = set(kills)
        self.steps = {}
        self.killed = 0
        self.count = count
        self.timers = Runner(runtime(self.universe, "stage"))
        self.universe.add(self.timers, self.timers)
        self.mailboxes = []
        for number in range(count):
            self.add_mailbox(number, make)
        alice, bob = met(count)
        self.alice, self.bob = Person(self, "alice", alice), Person(self, "bob", bob)

    def add_mailbox(self, number, make):
        """Put one in the place of that number."""
        rt = runtime(self.universe, f"mailbox {number}")
        mailbox = make(rt)
        self.net.add(KEYS[number].public, mailbox)
        runner = Runner(rt, getattr(mailbox, "begin_pass", lambda: None))
        self.universe.add(runner, runner)
        self.mailboxes.append(mailbox)
        return mailbox

    def links_of(self, person):
        """Whoever is made meanwhile has links of this net."""
        return _Links(self.net, person)

    def after(self, seconds, callback):
        self.timers.rt.timers.call_later(round(seconds * 1000), callback)

    def step(self, who, _what):
        """One step of somebody; `Killed` if it was the last."""
        number = self.steps[who] = self.steps.get(who, 0) + 1
        if (who, number) in self.kills:
            raise Killed

    def _who(self, end):
        return next(
            (who.name for who in (self.alice, self.bob) if who.core is not None and end.rt is who.rt), None
        )

    def _on_carry(self, end, _data):
        who = self._who(end)
        if who is not None:
            self.step(who, "a packet leaves")

    def _on_arrive(self, end, _data):
        who = self._who(end)
        if who is not None:
            self.step(who, "a packet came")

    def run_until(self, condition, timeout_s=7200):
        return self.universe.run_until(condition, timeout_s * 1000)

    def run_for(self, seconds):
        self.universe.run_for(seconds * 1000)


def journey(stage, texts, between=lambda: None):
    """Alice writes and leaves; bob comes, reads and leaves; alice comes back and sees the receipts.

    `between` is called when nobody is there.
    """
    alice, bob = stage.alice, stage.bob
    alice.start()
    for text in texts:
        alice.send(text)
        stage.run_until(lambda: alice.core is not None, 60)
    stage.run_until(lambda: alice.states() is not None and set(alice.states()) <= {STORED}, 1800)
    stage.run_for(30)
    alice.stop()
    between()
    bob.start()
    told = {message_id for _, message_id in alice.told}
    stage.run_until(lambda: told <= bob.log.keys(), 3600)
    # receipts are left as well, where that failed a while later
    stage.run_for(600)
    bob.stop()
    alice.start()
    stage.run_until(lambda: alice.states() == [], 7200)
    alice.stop()


def check(stage, lost=False):
    """Nothing of what the program was told to be kept is lost, and no text came under two ids.

    `lost`: mailboxes may give what cannot be opened.
    """
    alice, bob = stage.alice, stage.bob
    ids_of = {}
    for message_id, shown in bob.log.items():
        assert len(set(shown)) == 1, "one id, one text"
        ids_of.setdefault(shown[0], []).append(message_id)
    assert {text: [message_id] for text, message_id in alice.told}.items() <= ids_of.items(), "lost or double"
    assert all(len(ids) == 1 for ids in ids_of.values()), "double"
    assert alice.last_states == [], "no receipt"
    assert lost or bob.lost == alice.lost == []


class _Links:
    """Instances made inside have fake links."""

    def __init__(self, net, person):
        self.net, self.person = net, person

    def __enter__(self):
        self.real = engine.Links

        def make(layers):
            self.person.links = FakeLinks(self.net, layers.rt, self.person.name)
            return self.person.links

        engine.Links = make

    def __exit__(self, *_error):
        engine.Links = self.real


class DatedUniverse(Universe):
    """One after 2025."""

    def runtime(self, name, log=no_log):
        return Runtime(WallClock(self.clock), super().runtime(name).rng, log)


class MeetingWorld(SimulatedWorld):
    """Where friends meet who have mailboxes."""

    universe_kind = DatedUniverse


@functools.cache
def met(count):
    """What alice and bob have on their disks after they were online together once, each with mailboxes."""
    options = {"offline_messages": Offline(MAILBOXES[:count], cover=False)}
    world = MeetingWorld(7, options={"alice": options, "bob": options})
    net = PostNet(7)
    holder = Person.__new__(Person)
    holder.name = "meeting"
    with _Links(net, holder):
        alice, bob = world.friends()
    for actor in (alice, bob):
        actor.tox.offline.capability.holds_events = True
    for _ in range(40):
        for actor in (alice, bob):
            # the disk is quick
            keeps = actor.tox.offline.capability
            keeps.saved(keeps.version)
        world.run_for(1)
    saves = alice.tox.get_savedata(), bob.tox.get_savedata()
    world.close()
    return saves
