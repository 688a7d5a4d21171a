"""Hostile clients of a mailbox with its store on the disk: floods, nonsense, changed packets, half messages.

    python -m tests.fuzz.mailboxes COUNT [SEED]

Up to a thousand sessions from many networks put, ask, open, delete, stay away, read nothing. A member and a
friend of theirs use the mailbox meanwhile: what the friend leaves must be taken and found all the time.
In the end the file is opened anew, and its figures are those that the mailbox had. Memory must stay flat.
"""

from __future__ import annotations

import random
import select
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.datagrams import memory_mb
from tests.support.mailbox_stores import Room, on_disk, runtime
from tests.support.mailboxes import MemoryChannel, MemoryClient
from toxpy.ext.mailbox.server import MailboxServer
from toxpy.ext.mailbox.session import CLOSED
from toxpy.ext.offline import ops
from toxpy.ext.offline.keys import epoch_at, queue_of

#: Room of the mailbox: small, so that it is full nearly all the time.
ROOM = 4 * 1024 * 1024
#: Operations between two moments at which time passes, and the length of one, s. Each so manieth is longer.
BATCH, MOMENT_S = 1000, 30
LONG_EACH, LONG_S = 50, 2 * 3600
#: Sessions of attackers.
SESSIONS = 900
#: Access keys that attackers know.
ACCESSES = 4000
FRIENDS, MEMBERS = b"friend" + bytes(26), b"m" * 32
BLOB = bytes(range(256)) * 4


class Waiting(MemoryClient):
    """A client whose answers come when the store's thread has done its work."""

    def __init__(self, world, source):
        super().__init__(world, source)
        self.world = world

    def take(self):
        found = []
        self.world.until(lambda: found.extend(super(Waiting, self).take()) or found)
        while not isinstance(found[-1], ops.End) and isinstance(found[-1], ops.Blob):
            self.world.until(lambda: self.channel.sent)
            found += super().take()
        return found


class World:
    """The mailbox, its honest users, and the attackers."""

    def __init__(self, folder, seed, room):
        self.room = Room(room)
        self.folder = Path(folder)
        self.random = random.Random(seed)
        self.rt = runtime()
        self.asked = on_disk(self.folder, self.rt, room=self.room, open_to_all=True)
        self.store = self.asked.store
        self.server = MailboxServer(self.store, rt=self.rt)
        self.accesses = [self.random.randbytes(32) for _ in range(ACCESSES)]
        self.sessions = [None] * SESSIONS
        self.tokens = [self.random.randbytes(32) for _ in range(8)]
        for token in [*self.tokens, MEMBERS]:
            self.asked.add_member(token)
        self.member = Waiting(self, (bytes((8, 8, 8, 8)), 33445)).greet(MEMBERS)
        self.friend = Waiting(self, (bytes((9, 9, 9, 9)), 33445)).greet()
        self.left = self.moments = 0

    def until(self, condition):
        end = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < end, "no answer"
            select.select([self.store.fileno()], [], [], 0.1)
            self.store.poll()

    # attackers

    def source(self):
        rng = self.random
        kind = rng.random()
        if kind < 0.1:
            return None
        ip = bytes((20, 0, 0, rng.randrange(256))) if kind < 0.3 else bytes((20, *rng.randbytes(3)))
        return (ip if kind < 0.8 else b"\x20\x01" + rng.randbytes(14)), rng.randrange(1, 65536)

    def session(self):
        """One of the attackers'; a new one in the place of one that ended, and sometimes of another."""
        rng = self.random
        place = rng.randrange(SESSIONS)
        channel = self.sessions[place]
        if channel is not None and channel.session.state != CLOSED and rng.random() > 0.01:
            return channel
        if channel is not None and rng.random() < 0.7:
            channel.session.on_down()
        channel = self.sessions[place] = MemoryChannel()
        channel.session = self.server.accept(channel, self.source())
        channel.space = rng.choice((0, 1, 5, 1 << 30, 1 << 30))
        if rng.random() < 0.97:
            known = rng.choice((bytes(32), bytes(32), rng.choice(self.tokens), rng.randbytes(32)))
            channel.session.on_packet(ops.hello(known))
        return channel

    def packets(self):
        """One operation, well formed."""
        rng = self.random
        access = rng.choice(self.accesses) if rng.random() < 0.8 else rng.randbytes(32)
        kind = rng.random()
        if kind < 0.45:
            packets = ops.put(access, rng.randbytes(rng.choice((256, 256, 1024, 4096))))
            return packets if rng.random() < 0.9 else packets[: rng.randrange(len(packets) + 1)]
        if kind < 0.6:
            count = rng.choice((1, 64, ops.MAX_PREFIXES))
            names = [queue_of(rng.choice(self.accesses))[: ops.PREFIX_SIZE] for _ in range(count)]
            return [ops.has(names)]
        if kind < 0.75:
            return [ops.get(access)]
        if kind < 0.9:
            return [ops.ack(access, [rng.randrange(1 << 32) for _ in range(rng.randrange(20))])]
        epoch = epoch_at(self.rt.clock.unix_s()) + rng.randrange(-6, 36)
        names = [queue_of(rng.choice(self.accesses)) for _ in range(5)]
        return [ops.open_queues(max(epoch, 0), [*names, *(rng.randbytes(32) for _ in range(36))])]

    def changed(self, packet):
        """What no client says."""
        rng = self.random
        kind, packet = rng.random(), bytearray(packet)
        if kind < 0.3:
            return bytes(packet[: rng.randrange(1, len(packet) + 1)])
        if kind < 0.5:
            return bytes(packet) + rng.randbytes(rng.randrange(1, 40))
        if kind < 0.8:
            for _ in range(rng.randrange(1, 4)):
                packet[rng.randrange(1, len(packet))] = rng.randrange(256)
            return bytes(packet)
        return b"\xa8" + rng.randbytes(rng.randrange(1373))

    def attack(self):
        """One hostile operation."""
        channel = self.session()
        for packet in self.packets():
            if channel.session.state == CLOSED:
                return
            odd = self.random.random() < 0.03
            channel.session.on_packet(self.changed(packet) if odd else packet)
        channel.sent.clear()

    def run(self, count):
        for _ in range(count):
            self.attack()
        self.until(lambda: self.asked.has([]) == [])
        self.moments += 1
        self.asked.pass_s(MOMENT_S if self.moments % LONG_EACH else LONG_S)

    # honest users

    def use(self):
        """The friend leaves something, and the member finds it and nothing else."""
        epoch = epoch_at(self.rt.clock.unix_s())
        access = FRIENDS[:-4] + self.left.to_bytes(4, "big")
        self.left += 1
        for client, token in ((self.member, MEMBERS), (self.friend, bytes(32))):
            if client.session.state == CLOSED:
                client.__init__(self, (bytes((8, 8, 8 + bool(any(token)), 8)), 33445))
                client.greet(token)
        assert self.member.open_queues(epoch, [queue_of(access)] * ops.OPEN_QUEUES) == ops.OK
        assert self.friend.put(access, BLOB) == ops.OK
        ((number, blob),) = self.member.get(access)
        assert blob == BLOB and self.member.ack(access, [number]) == ops.OK
        assert self.member.get(access) == []

    def close(self):
        """End, and compare what the file has with what the mailbox thought."""
        self.server.close()
        self.asked.close()
        again = on_disk(self.folder, self.rt, room=self.room, open_to_all=True)
        for name in ("blobs", "bytes", "queues", "members", "open_queues"):
            assert getattr(again.stats, name) == getattr(self.asked.stats, name), name
        again.close()


def attack(count, seed=1, report=print, *, room=ROOM):
    """Run the whole thing; returns the figures."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder, seed, room)
        before_mb, spent, done = None, 0.0, 0
        while done < count:
            start = time.process_time()
            world.run(BATCH)
            done += BATCH
            world.use()
            spent += time.process_time() - start
            if before_mb is None and done >= count // 10:
                before_mb = memory_mb()
            if done % max(count // 20 // BATCH * BATCH, BATCH) == 0:
                size = sum(path.stat().st_size for path in world.folder.iterdir()) / 1e6
                report(
                    f"{done:>8}, {memory_mb():.1f} MB, files {size:.1f} MB, {spent / done * 1e6:.0f} us each"
                )
        stats, values = world.store.stats, world.rt.counters.values
        figures = {
            "before_mb": before_mb,
            "after_mb": memory_mb(),
            "cpu_s": spent,
            "used": world.left,
            "answers": dict(stats.answers),
            "evicted": stats.evicted,
            "expired": stats.expired,
            "drops": {name: count for name, count in sorted(values.items()) if name.startswith("drop.")},
        }
        world.close()
    return figures


def main():
    figures = attack(
        int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, int(sys.argv[2]) if len(sys.argv) > 2 else 1
    )
    for name, dropped in figures.pop("drops").items():
        print(f"{dropped:>9} {name}")
    print(figures)


if __name__ == "__main__":
    main()
