"""A mailbox killed at any step: what it said that it keeps is there when it is back.

`TOXPY_KILLS=1000 python -m pytest tests/unit/ext/mailbox/test_kills.py` kills it so often.
"""

import os

from tests.support.offline_posts import DiskPost
from tests.support.offline_world import FakeLinks, PostNet, Runner, runtime
from tests.support.universe import Universe
from toxpy.ext.offline import ops
from toxpy.ext.offline.keys import queue_of
from toxpy.ext.offline.records import NO_TOKEN, Mailbox

KILLS = int(os.environ.get("TOXPY_KILLS", "40"))
KEY = b"M" * 32
MAILBOX = Mailbox("203.0.113.1", 33445, KEY, KEY)
ACCESS = [b"A" * 32, b"B" * 32]
BLOBS = [(ACCESS[0], bytes((1,)) * 4096), (ACCESS[0], bytes((2,)) * 256), (ACCESS[1], bytes((3,)) * 1024)]
#: Milliseconds until the mailbox is started again.
RESTART_MS = 3_000


class Killed(Exception):
    """Here the process was killed."""


class Place:
    """A mailbox that is killed at its step number `kill_at`, and comes back from its files."""

    def __init__(self, folder, seed, kill_at):
        self.universe = Universe(seed)
        self.net = PostNet(seed)
        self.folder, self.kill_at = folder, kill_at
        self.steps = self.starts = self.killed = 0
        self.net.on_carry = self.net.on_arrive = self._at_packet
        self.posts = []
        self.watcher = Runner(runtime(self.universe, "watcher"))
        self.universe.add(self.watcher, self.watcher)
        self.start(folder / "mailbox-0.sqlite")

    def start(self, path):
        self.starts += 1
        rt = runtime(self.universe, f"mailbox {self.starts}")
        self.post = DiskPost(rt, path, self.step)
        self.runner = Runner(rt, self.post.begin_pass)
        self.runner.iterate = self._pass
        self.universe.add(self.runner, self.runner)
        self.net.add(KEY, self.post)
        self.posts.append(self.post)

    def _pass(self):
        try:
            Runner.iterate(self.runner)
        except Killed:
            self.killed += 1
            self.universe.remove(self.runner)
            path = self.post.killed(self.folder / f"mailbox-{self.starts}.sqlite")
            self.net.remove(KEY)
            self.watcher.rt.timers.call_later(RESTART_MS, lambda: self.start(path))

    def step(self, _what):
        self.steps += 1
        if self.steps == self.kill_at:
            raise Killed

    def _at_packet(self, end, _data):
        if end.rt is self.post.rt:
            self.step("a packet")

    def close(self):
        for post in self.posts:
            post.close()


class Client:
    """Does one thing in a session, and again in another one until it is done."""

    def __init__(self, place, op, packets, prefixes=0):
        self.place, self.op, self.packets, self.prefixes = place, op, packets, prefixes
        self.rt = runtime(place.universe, f"client {op}")
        runner = Runner(self.rt)
        place.universe.add(runner, runner)
        self.links = FakeLinks(place.net, self.rt)
        self.answer, self.blobs = None, []
        self._begin()
        assert place.universe.run_until(lambda: self.answer is not None, 600_000), "no answer"
        place.universe.remove(runner)

    def _begin(self):
        self.answers, self.blobs = ops.Answers(), []
        self.link = self.links.open(MAILBOX, self)

    def on_up(self):
        self.answers.expect(ops.HELLO)
        self.answers.expect(self.op, self.prefixes)
        for packet in (ops.hello(NO_TOKEN), *self.packets):
            assert self.link.send(packet)

    def on_down(self, _reason):
        if self.answer is None:
            self._begin()

    def on_packet(self, data):
        answer = self.answers.read(data)
        if isinstance(answer, ops.Blob):
            self.blobs.append(answer)
        elif isinstance(answer, (ops.Code, ops.End, ops.Found)):
            self.answer = answer
            self.link.close()


def play(folder, seed, kill_at):
    """Put three, find and get them, delete them; the number of steps of the mailbox."""
    folder.mkdir()
    place = Place(folder, seed, kill_at)
    for access, blob in BLOBS:
        assert Client(place, ops.PUT, ops.put(access, blob)).answer.code == ops.OK
    prefixes = [queue_of(access)[:8] for access in ACCESS]
    assert Client(place, ops.HAS, [ops.has(prefixes)], 2).answer.found == [True, True]
    for access in ACCESS:
        wanted = [blob for its, blob in BLOBS if its == access]
        came = Client(place, ops.GET, [ops.get(access)]).blobs
        # a PUT whose answer was lost is put again
        assert sorted({blob.data for blob in came}) == sorted(wanted)
        assert len(came) <= len(wanted) + 1
        numbers = [blob.number for blob in came]
        assert Client(place, ops.ACK, [ops.ack(access, numbers)]).answer.code == ops.OK
        assert Client(place, ops.GET, [ops.get(access)]).blobs == []
    assert Client(place, ops.HAS, [ops.has(prefixes)], 2).answer.found == [False, False]
    place.close()
    assert place.killed == (0 < kill_at <= place.steps)
    return place.steps


def test_killed_at_each_step(tmp_path):
    steps = play(tmp_path / "whole", 0, 0)
    assert steps > 60
    kills = 0
    for number in range(KILLS):
        seed, kill_at = divmod(number * (1 if steps < KILLS else 2), steps)
        kills += play(tmp_path / str(number), seed, 1 + kill_at) >= 1 + kill_at
    assert kills == KILLS
