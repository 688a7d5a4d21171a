"""Packets of media from any thread: they leave at once, or by whoever has the instance's lock."""

import threading

from tests.support.universe import SimClock
from toxpy.friend import outbox as module
from toxpy.friend.outbox import Outbox
from toxpy.runtime import Runtime


class Connection:
    def __init__(self):
        self.sent = []

    def send_lossy(self, packet):
        self.sent.append(packet)
        return True


def make():
    return Outbox(rt=Runtime(SimClock())), Connection()


def test_without_a_lock_all_leaves_at_once_sound_first():
    outbox, connection = make()
    outbox.put(connection, b"picture", audio=False)
    outbox.put(connection, b"sound", audio=True)
    outbox.flush()
    outbox.flush()
    assert connection.sent == [b"sound", b"picture"]


def test_while_another_thread_has_the_lock_nobody_waits_and_that_thread_sends():
    outbox, connection = make()
    outbox.lock = threading.RLock()
    held, put = threading.Event(), threading.Event()

    def work():
        with outbox.lock:
            held.set()
            assert put.wait(10)
        outbox.flush()

    thread = threading.Thread(target=work)
    thread.start()
    assert held.wait(10)
    outbox.put(connection, b"sound", audio=True)
    outbox.flush()
    assert connection.sent == []
    put.set()
    thread.join(10)
    assert connection.sent == [b"sound"]


def test_who_has_the_lock_may_flush():
    outbox, connection = make()
    outbox.lock = threading.RLock()
    with outbox.lock:
        outbox.put(connection, b"sound", audio=True)
        outbox.flush()
    assert connection.sent == [b"sound"]


def test_many_threads_lose_nothing():
    outbox, connection = make()
    outbox.lock = threading.RLock()

    def work(name):
        for number in range(300):
            outbox.put(connection, bytes((name, number % 256)), audio=name % 2 == 0)
            outbox.flush()

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(connection.sent) == 1200
    for name in range(4):
        own = [packet[1] for packet in connection.sent if packet[0] == name]
        assert own == [number % 256 for number in range(300)]


def test_what_waits_is_bounded():
    outbox, connection = make()
    for number in range(module.MAX_WAITING + 7):
        outbox.put(connection, b"%d" % number, audio=False)
    outbox.put(connection, b"sound", audio=True)
    outbox.flush()
    assert len(connection.sent) == module.MAX_WAITING + 1 and connection.sent[0] == b"sound"
    assert outbox._rt.counters.values["drop.outbox_full"] == 7
