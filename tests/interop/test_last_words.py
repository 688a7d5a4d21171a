"""What is said last, over a relay of c-toxcore 0.2.22, which drops what it has not read by then."""

import threading
import time

import pytest

from tests.support import newer_tox
from tests.support.worlds import LoopbackWorld, events

#: Time between two passes of the relay, in seconds, as of a client that is idle.
PAUSE_S = 0.05
WORDS = [b"word %d" % i for i in range(5)]


class OwnPace:
    """The relay passes beside all others, in a thread."""

    def __init__(self, tox):
        self.tox, self.ended = tox, threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.ended.is_set():
            self.tox.iterate()
            time.sleep(PAUSE_S)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_error):
        self.ended.set()
        self.thread.join()


@pytest.mark.namespaces
@pytest.mark.parametrize("release", [newer_tox.of_release("sid", "sid")])
def test_what_is_said_last_arrives_over_a_relay(request, release):
    world = LoopbackWorld(real={"node0", "node2"}, relayed=True, public=True, release=release)
    request.addfinalizer(world.close)
    alice, bob = world.friends()
    for text in WORDS:
        alice.friend_send_message(0, 0, text)
    with OwnPace(world.relay.tox):
        world.stop(alice)
    bob.wait(events.FriendConnectionStatus, timeout_s=5, connection_status=0)
    heard = [event.message for event in bob.seen if isinstance(event, events.FriendMessage)]
    assert heard == WORDS
