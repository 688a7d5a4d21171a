"""Two friends and some mailboxes, without a network: who of them is there is up to the test."""

from tests.support.light_world import LightCore, LightWorld
from tests.support.offline_world import PlainMailbox, PostNet, Runner, fake_links, runtime
from toxpy.crypto.keys import KeyPair
from toxpy.ext.messages.engine import ExtendedMessages
from toxpy.ext.offline.engine import OfflineMessages
from toxpy.ext.offline.events import MessageStateChanged
from toxpy.ext.offline.options import Offline
from toxpy.ext.offline.records import Mailbox
from toxpy.generated import events as ev

NAMES = ("alice", "bob")
SECRETS = {name: bytes((number,)) * 32 for number, name in enumerate(NAMES, 1)}
KEYS = {name: KeyPair(secret).public for name, secret in SECRETS.items()}


class Away:
    """The world. `kinds` are the classes of bob's mailboxes, which are called M0, M1 ... ."""

    def __init__(self, kinds=(PlainMailbox,) * 3, seed=1, both=True, **options):
        self.world, self.net = LightWorld(seed), PostNet(seed)
        self.boxes, self.places = [], []
        for number, kind in enumerate(kinds):
            rt = runtime(self.world.universe, f"mailbox {number}")
            box = kind(rt)
            runner = Runner(rt, getattr(box, "begin_pass", lambda: None))
            runner.mailbox = box
            self.world.add(runner)
            pk = bytes((77, number)) * 16
            self.net.add(pk, box)
            self.boxes.append(box)
            self.places.append(Mailbox(f"20.0.0.{number + 1}", 33445, bytes((78, number)) * 16, pk))
        self.options = {
            name: Offline(self.places if both or name == "bob" else (), cover=False, **options)
            for name in NAMES
        }
        self.saves = dict.fromkeys(NAMES, b"")
        self.cores, self.logs = {}, {name: [] for name in NAMES}
        self.links = {}

    def start(self, name):
        """That one is there, with what it saved last."""

        def add(core):
            core.options.offline_messages = self.options[name]
            messages = ExtendedMessages(core)
            core.messenger.capabilities.append(messages)
            with fake_links(self.net) as made:
                core.offline = OfflineMessages(core)
            self.links[name] = made[0]
            return [messages, core.offline]

        friends = [key for other, key in KEYS.items() if other != name]
        core = LightCore(self.world, name, SECRETS[name], friends, self.saves[name], add)
        self.cores[name] = core
        core.seen = self.logs[name]
        return core

    def leave(self, name, silent=False):
        """It is gone; without `silent` it saves first."""
        core = self.cores.pop(name)
        if silent:
            self.net.leave(self.links[name])
        else:
            self.saves[name] = core.collect()
        core.leave(silent)

    def offline(self, name):
        return self.cores[name].offline

    def send(self, name, text, kind=0, reply_to=None):
        core = self.cores[name]
        return core.offline.sending.send(core.messenger.friend(0), kind, text, reply_to, None)

    def run_for(self, seconds):
        self.world.run_for(seconds)

    def until(self, condition, seconds, what):
        assert self.world.run_until(condition, seconds), what

    def meet(self, seconds=300):
        """Both are there until they know everything of each other."""
        for name in NAMES:
            if name not in self.cores:
                self.start(name)
        self.run_for(seconds)

    def texts(self, name):
        return [event.message for event in self.logs[name] if isinstance(event, ev.FriendMessage)]

    def receipts(self, name):
        return [event.message_id for event in self.logs[name] if isinstance(event, ev.FriendReadReceipt)]

    def states(self, name, sent):
        return [e.state for e in self.logs[name] if isinstance(e, MessageStateChanged) and e.id == sent.id]

    def blobs(self):
        return [len(box.blobs()) for box in self.boxes]
