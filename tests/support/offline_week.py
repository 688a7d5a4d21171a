"""A week of many nodes of which half are away at any time, with the real code of clients and mailboxes.

    python -m tests.support.offline_week --nodes 500 --mailboxes 20 --days 7 --out week.json

Everybody has some friends, is there for some hours and away for some hours, both by chance, and writes now
and then to one of the friends, there or not. Links and the friends' connections are those of `offline_world`
and `light_world`. What is counted of a message is for how long its recipient was there without it, from when
it was sent until it was shown. The first hour, in which all are there and meet, does not count, and nor do
messages to those who were not there for an hour afterwards. `tests.bench.plot_offline` draws the results.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time

from tests.support.light_world import LightCore, LightWorld
from tests.support.offline_world import PostNet, fake_links, runtime
from toxpy.crypto.keys import KeyPair
from toxpy.ext.mailbox.memory_store import MemoryStore
from toxpy.ext.mailbox.server import MailboxServer
from toxpy.ext.messages.engine import ExtendedMessages
from toxpy.ext.messages.events import ExtendedMessage, ExtendedReceipt
from toxpy.ext.offline.engine import OfflineMessages
from toxpy.ext.offline.events import MessageStateChanged
from toxpy.ext.offline.options import Offline
from toxpy.ext.offline.records import Mailbox
from toxpy.ext.offline.states import STORED

HOUR_S, DAY_S = 3600, 86400
#: Seconds in which all are there and meet.
MEET_S = HOUR_S
#: Seconds in which a message should be there.
GOAL_S = HOUR_S
#: Bytes that a mailbox of the week may keep.
ROOM = 64 << 20


class Post:
    """One of the mailboxes: the real server and store."""

    def __init__(self, world, net, number):
        self.rt = runtime(world.universe, f"mailbox {number}")
        self.store = MemoryStore(rt=self.rt, room=lambda _used: ROOM, open_to_all=True)
        self.server = MailboxServer(self.store, rt=self.rt)
        key = KeyPair(bytes((number + 1,)) * 32)
        self.mailbox = Mailbox(f"203.0.113.{number + 1}", 33445, key.public, key.public)
        self.net_number = number
        net.add(key.public, self)
        world.add(self)

    def accept(self, channel):
        """Somebody comes, each from a network of its own."""
        number = self.rt.rng.u32()
        return self.server.accept(channel, (number.to_bytes(4, "big"), 33445))

    def iterate(self):
        """A pass of the host."""
        self.rt.timers.run_due()
        self.store.poll()


class Message:
    """One that was written."""

    def __init__(self, week, sender, recipient):
        self.sender, self.recipient = sender, recipient
        self.sent_s = week.now_s()
        self.away = recipient.core is None
        #: seconds for which the recipient was there without it, before the present stay
        self.before_s = 0.0
        self.delay_s = self.receipt_s = None
        #: a mailbox had it; its sender left before anybody had it
        self.stored = self.kept_back = False
        self.times = 0

    def there_s(self, now_s):
        """Seconds for which the recipient was there without it."""
        recipient = self.recipient
        if recipient.core is None:
            return self.before_s
        return self.before_s + now_s - max(self.sent_s, recipient.came_s)


class Node:
    """Somebody who comes and goes."""

    def __init__(self, week, number):
        self.week, self.number = week, number
        self.secret = b"node" + number.to_bytes(4, "big") + bytes(24)
        self.public = KeyPair(self.secret).public
        self.friends = []
        self.mailboxes = week.random.sample(week.posts, min(week.own, len(week.posts)))
        self.core = None
        self.saved = b""
        self.bytes = self.packets = 0
        self.there_for_s = self.came_s = self.version = 0

    def come(self):
        """Start, as from a profile."""
        week = self.week
        with fake_links(week.net):
            self.core = LightCore(
                week.world,
                f"node {self.number}",
                self.secret,
                [friend.public for friend in self.friends],
                self.saved,
                self._add,
            )
        self.core.on_pass = self.look
        self.came_s = week.now_s()

    def _add(self, core):
        core.options.offline_messages = Offline([post.mailbox for post in self.mailboxes])
        core.options.extended_messages = True
        messages = ExtendedMessages(core)
        core.messenger.capabilities.append(messages)
        core.offline = OfflineMessages(core)
        core.offline.holds_events = True
        return [messages, core.offline]

    def leave(self):
        """End, with a save."""
        self.look()
        for message in self.week.waiting.get(self, ()):
            message.before_s = message.there_s(self.week.now_s())
        for friend in self.friends:
            for waiting in self.core.offline.outbox.of(friend.public).values():
                message = self.week.messages.get(waiting.id)
                if message is not None and not message.stored:
                    message.kept_back = True
        core, self.core = self.core, None
        self.saved = core.collect()
        self.bytes += core.friend_bytes
        self.packets += core.friend_packets
        self.there_for_s += self.week.now_s() - self.came_s
        core.leave()

    def look(self):
        """Take the events; whatever has changed is on the disk at once, and more events come of that."""
        core = self.core
        if core is None:
            return
        version = core.offline.version
        if version != self.version:
            self.version = version
            core.offline.saved(version)
            # shown in the next pass
            core.rt.timers.call_later(0, lambda: None)
        seen, core.seen = core.seen, []
        for event in seen:
            if isinstance(event, ExtendedMessage):
                self.week.shown(event.id)
            elif isinstance(event, ExtendedReceipt):
                self.week.confirmed(event.id)
            elif isinstance(event, MessageStateChanged) and event.state == STORED:
                self.week.stored(event.id)

    def write(self):
        """Send something to one of the friends."""
        core, week = self.core, self.week
        friend = week.random.choice(self.friends)
        size = min(int(week.random.expovariate(1 / 80)) + 1, 6000)
        if week.random.random() < 0.02:
            size = week.random.randrange(4000, 8000)
        state = core.messenger.friend_by_key(friend.public)
        sent = core.offline.sending.send(state, 0, b"x" * size, None, None)
        week.written(sent.id, Message(week, self, friend))


class Watcher:
    """A member whose timers run the week: comings, goings, messages."""

    def __init__(self, world):
        self.rt = runtime(world.universe, "week")
        world.add(self)

    def iterate(self):
        self.rt.timers.run_due()


class Week:
    """All of it."""

    def __init__(self, *, nodes, mailboxes, friends, own=3, there_h=6.0, per_day=8.0, seed=1):
        self.random = random.Random(f"week {seed}")
        self.world = LightWorld(seed)
        self.net = PostNet(seed)
        self.own, self.there_s, self.per_day = own, there_h * HOUR_S, per_day
        self.posts = [Post(self.world, self.net, number) for number in range(mailboxes)]
        self.nodes = [Node(self, number) for number in range(nodes)]
        for number, node in enumerate(self.nodes):
            # a ring, so that everybody has friends, and others by chance
            others = [self.nodes[(number + 1) % nodes]]
            others += self.random.sample(self.nodes, max(friends // 2 - 1, 0))
            for other in others:
                if other is not node and other not in node.friends:
                    node.friends.append(other)
                    other.friends.append(node)
        self.watcher = Watcher(self.world)
        self.messages = {}
        #: by recipient: what was not shown
        self.waiting = {}
        self.twice = 0

    def now_s(self):
        return self.world.clock.now_ms / 1000

    def later(self, seconds, callback):
        self.watcher.rt.timers.call_later(round(seconds * 1000), callback)

    def written(self, message_id, message):
        """A message is under way."""
        self.messages[message_id] = message
        self.waiting.setdefault(message.recipient, {})[message] = None

    def shown(self, message_id):
        """Its recipient sees it."""
        message = self.messages[message_id]
        message.times += 1
        if message.delay_s is None:
            message.delay_s = message.there_s(self.now_s())
            del self.waiting[message.recipient][message]

    def stored(self, message_id):
        """A mailbox has it; of those of the first hour we do not know."""
        if message_id in self.messages:
            self.messages[message_id].stored = True

    def confirmed(self, message_id):
        """Its sender knows that."""
        message = self.messages[message_id]
        if message.receipt_s is None:
            message.receipt_s = self.now_s()

    def _toggle(self, node):
        if node.core is None:
            node.come()
        else:
            node.leave()
        self.later(self.random.expovariate(1 / self.there_s), lambda: self._toggle(node))

    def _write(self, node):
        if node.core is not None:
            node.write()
        # those who are there write, so twice as often
        self.later(self.random.expovariate(2 * self.per_day / DAY_S), lambda: self._write(node))

    def run(self, days, tell=lambda _line: None):
        """Meet, then live."""
        for node in self.nodes:
            self.later(self.random.random() * MEET_S / 4, node.come)
        self.world.run_for(MEET_S)
        self.begin()
        for node in self.nodes:
            if self.random.random() < 0.5:
                node.leave()
            self.later(self.random.expovariate(1 / self.there_s), lambda node=node: self._toggle(node))
            self._write(node)
        for hour in range(round(days * 24)):
            self.world.run_for(HOUR_S)
            if hour % 6 == 5:
                tell(f"hour {hour + 1}: {len(self.messages)} messages, {self.not_shown()} not shown")

    def begin(self):
        """What was before does not count."""
        self.begin_s = self.now_s()
        self.messages.clear()
        self.waiting.clear()
        self.met = {node: self._traffic(node) for node in self.nodes}
        for node in self.nodes:
            node.came_s = self.begin_s

    def not_shown(self):
        return sum(map(len, self.waiting.values()))

    def _traffic(self, node):
        core = node.core
        links = self.net.traffic_of(node.public)
        friends = node.bytes + (core.friend_bytes if core is not None else 0)
        return links.bytes, links.sessions, friends

    def result(self):
        """What came of it: numbers and lists of them."""
        now_s, days = self.now_s(), (self.now_s() - self.begin_s) / DAY_S
        messages = self.messages.values()
        # those that came, and those that should have
        due = [
            message for message in messages if message.delay_s is not None or message.there_s(now_s) > GOAL_S
        ]
        delays = [message.delay_s for message in due if message.delay_s is not None]
        away = [message for message in due if message.away]
        away_delays = sorted(message.delay_s for message in away if message.delay_s is not None)
        stored = [message for message in due if message.stored and not message.kept_back]
        late = [message for message in due if message.delay_s is None or message.delay_s > GOAL_S]
        traffic = []
        for node in self.nodes:
            links, sessions, friends = (
                now - before for now, before in zip(self._traffic(node), self.met[node], strict=True)
            )
            traffic.append((links / days, sessions / days, friends / days))
        shown = [message for message in messages if message.delay_s is not None]
        return {
            "nodes": len(self.nodes),
            "mailboxes": len(self.posts),
            "days": days,
            "messages": len(self.messages),
            "to_who_was_away": sum(message.away for message in messages),
            "due": len(due),
            "shown": len(delays),
            "within_goal": share_within(due),
            "away_due": len(away),
            "away_within_goal": share_within(away),
            "stored_due": len(stored),
            "stored_within_goal": share_within(stored),
            "late": len(late),
            "late_kept_back": sum(message.kept_back for message in late),
            "twice": sum(message.times > 1 for message in messages),
            "receipts": sum(message.receipt_s is not None for message in shown) / max(len(shown), 1),
            "delays_s": away_delays,
            "mailbox_bytes_per_day": sorted(entry[0] for entry in traffic),
            "sessions_per_day": sorted(entry[1] for entry in traffic),
            "friend_bytes_per_day": sorted(entry[2] for entry in traffic),
            "served_bytes_per_day": [
                self.net.traffic_of(post.mailbox.real_pk).bytes / days for post in self.posts
            ],
            "most_at_once": self.net.most_at_once,
            "kept_bytes": [post.store.stats.bytes for post in self.posts],
        }


def share_within(messages):
    """The share that was shown within the goal."""
    within = sum(message.delay_s is not None and message.delay_s <= GOAL_S for message in messages)
    return within / max(len(messages), 1)


def summary(result):
    """The numbers of a result, in lines."""
    delays = result["delays_s"]

    def at(share):
        return delays[min(int(share * len(delays)), len(delays) - 1)] if delays else float("nan")

    return [
        f"{result['nodes']} nodes, {result['mailboxes']} mailboxes, {result['days']:.1f} days",
        f"{result['messages']} messages, {result['to_who_was_away']} to somebody who was away",
        f"within an hour: {100 * result['within_goal']:.3f} % of all that were due,"
        f" {100 * result['away_within_goal']:.3f} % of those to somebody who was away,"
        f" {100 * result['stored_within_goal']:.3f} % of those that a mailbox had",
        f"later or not at all: {result['late']};"
        f" of {result['late_kept_back']} of these the sender went before it was left anywhere",
        f"shown twice: {result['twice']}; receipts of those shown: {100 * result['receipts']:.2f} %",
        f"seconds from the return: half {at(0.5):.0f}, 90 % {at(0.9):.0f}, 99 % {at(0.99):.0f},"
        f" 99.9 % {at(0.999):.0f}, most {at(1):.0f}",
        f"traffic with mailboxes per node and day:"
        f" {statistics.mean(result['mailbox_bytes_per_day']) / 1e6:.2f} MB in"
        f" {statistics.mean(result['sessions_per_day']):.0f} sessions, most"
        f" {result['mailbox_bytes_per_day'][-1] / 1e6:.2f} MB",
        f"a mailbox serves {statistics.mean(result['served_bytes_per_day']) / 1e6:.1f} MB a day",
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, default=500)
    parser.add_argument("--mailboxes", type=int, default=20)
    parser.add_argument("--friends", type=int, default=6)
    parser.add_argument("--days", type=float, default=7)
    parser.add_argument("--there-h", type=float, default=6, help="mean hours there, and away")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", help="file for the result, JSON")
    chosen = parser.parse_args()
    begin_s = time.process_time()
    week = Week(
        nodes=chosen.nodes,
        mailboxes=chosen.mailboxes,
        friends=chosen.friends,
        there_h=chosen.there_h,
        seed=chosen.seed,
    )
    week.run(chosen.days, lambda line: print(line, file=sys.stderr, flush=True))
    result = week.result()
    result["there_h"] = chosen.there_h
    result["cpu_s"] = time.process_time() - begin_s
    print("\n".join(summary(result)))
    print(f"{result['cpu_s']:.0f} s of CPU")
    if chosen.out:
        with open(chosen.out, "w", encoding="utf-8") as file:
            json.dump(result, file)


if __name__ == "__main__":
    main()
