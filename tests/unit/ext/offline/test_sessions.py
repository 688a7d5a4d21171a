"""Sessions with mailboxes begin one after the other, and at most two at once."""

from types import SimpleNamespace

import pytest

from tests.support.universe import SeededRng, SimClock
from toxpy.ext.offline import sessions as ses
from toxpy.ext.offline.sessions import Sessions
from toxpy.runtime import Runtime


class Link:
    def __init__(self, mailbox, owner):
        self.mailbox, self.owner, self.sent, self.closed = mailbox, owner, [], False

    def send(self, data):
        self.sent.append(data)
        return not self.closed

    def room(self):
        return 7

    def close(self):
        self.closed = True


class Links:
    def __init__(self, rt):
        self.rt, self.opened, self.begun_ms = rt, [], []

    def open(self, mailbox, owner):
        self.opened.append(Link(mailbox, owner))
        self.begun_ms.append(self.rt.clock.now_ms)
        return self.opened[-1]


class Job:
    def __init__(self, name):
        self.mailbox = SimpleNamespace(real_pk=name)
        self.heard, self.session = [], None

    def on_up(self, session):
        self.session = session

    def on_packet(self, packet):
        self.heard.append(packet)

    def on_down(self, reason):
        self.heard.append(reason)


class Stage:
    def __init__(self):
        self.clock = SimClock()
        self.clock.now_ms = 1_000_000
        self.rt = Runtime(self.clock, SeededRng("sessions"))
        self.links = Links(self.rt)
        self.sessions = Sessions(self.links, rt=self.rt)

    def ask(self, *names):
        jobs = [Job(name) for name in names]
        for job in jobs:
            self.sessions.ask(job)
        return jobs

    def run(self, seconds):
        for _ in range(seconds * 10):
            self.clock.now_ms += 100
            self.rt.timers.run_due()

    def open(self):
        return [link.mailbox.real_pk for link in self.links.opened if not link.closed]


@pytest.fixture
def stage():
    return Stage()


def test_two_at_once_and_seconds_apart(stage):
    jobs = stage.ask(b"a", b"b", b"c", b"d")
    stage.run(60)
    assert len(stage.open()) == 2
    for link in stage.links.opened:
        link.owner.on_up()
        link.owner.on_packet(b"x")
    for job in jobs:
        if job.session is not None:
            assert job.session.send(b"y") and job.session.room() == 7
            job.session.close()
    stage.run(60)
    assert {*stage.open()} == {b"a", b"b", b"c", b"d"} - {j.mailbox.real_pk for j in jobs if j.heard}
    begun = stage.links.begun_ms
    assert all(second - first >= ses.APART_MS for first, second in zip(begun, begun[1:], strict=False))
    # whose session is closed by itself hears nothing more
    assert sorted(job.heard for job in jobs) == [[], [], [b"x"], [b"x"]]


def test_one_for_each_mailbox(stage):
    stage.ask(b"a", b"a", b"a")
    for _ in range(3):
        stage.run(30)
        assert stage.open() == [b"a"]
        link = stage.links.opened[-1]
        link.closed = True
        link.owner.on_down("gone")
    assert len(stage.links.opened) == 3


def test_the_order_is_no_order():
    seen = set()
    for seed in range(20):
        stage = Stage()
        stage.rt.rng = SeededRng(seed)
        stage.ask(b"a", b"b", b"c")
        stage.run(1)
        seen |= {*stage.open()}
    assert seen == {b"a", b"b", b"c"}


def test_what_cannot_begin_says_so(stage):
    (job,) = stage.ask(b"a")
    stage.run(1)
    stage.links.opened[0].owner.on_down("it does not answer")
    assert job.heard == ["it does not answer"] and job.session is None


def test_a_job_that_is_withdrawn_hears_nothing(stage):
    first, second, third = stage.ask(b"a", b"b", b"c")
    stage.run(30)
    for job in (first, second, third):
        stage.sessions.withdraw(job)
        stage.sessions.withdraw(job)
    assert stage.open() == [] and [job.heard for job in (first, second, third)] == [[], [], []]
    stage.run(30)
    assert len(stage.links.opened) == 2


def test_at_the_end_all_is_over(stage):
    jobs = stage.ask(b"a", b"b", b"c")
    stage.run(30)
    stage.sessions.end()
    stage.run(30)
    assert stage.open() == [] and len(stage.links.opened) == 2
    assert [job.heard for job in jobs] == [[], [], []] and stage.rt.timers.next_deadline_ms() is None


def test_a_session_that_is_over_sends_nothing(stage):
    (job,) = stage.ask(b"a")
    stage.run(1)
    stage.links.opened[0].owner.on_up()
    job.session.close()
    job.session.close()
    assert not job.session.send(b"x") and job.session.room() == 0
